/* reachability.cl - which nodes of a graph can be reached from a set of nodes.
 *
 * The vector is a bit set: node 32 w + b is bit b of word w. The graph is given by who leads to a node:
 * operand 0 holds n + 1 offsets for n nodes, operand 1 the sources; the nodes with an edge to node v are
 * operand 1 from offset[v] to offset[v + 1].
 * A node is in the next set when it is in the current one or one of its sources is; after the first iteration
 * that adds no node every node in the set has been reached. Bits past the last node are kept.
 */
#include "vyre_step.h"

static bool vyre_has(vyre_step *step, uint node) {
    return (vyre_current(step, node >> 5) >> (node & 31u)) & 1u;
}

/* Whether an edge leads from the current set to a node. */
static bool vyre_is_reached(vyre_step *step, ulong node) {
    const uint end = vyre_operand(step, 0u, node + 1u);
    for (uint at = vyre_operand(step, 0u, node); at < end && !step->fault; ++at)
        if (vyre_has(step, vyre_operand(step, 1u, at))) return true;
    return false;
}

VYRE_STEP(reachability,
          "a node joins the set when an edge leads to it from the set; edges by target in operands 0 and 1") {
    const ulong offsets = vyre_operand_words(step, 0u);
    const ulong nodes = offsets > 0u ? offsets - 1u : 0u;
    uint set = vyre_current(step, index);
    for (uint bit = 0u; bit < 32u && 32ul * index + bit < nodes; ++bit)
        if (!((set >> bit) & 1u) && vyre_is_reached(step, 32ul * index + bit)) set |= 1u << bit;
    return set;
}
