/* choose.h - what a worker does next: a ticket of the order, or a block that was spilled.
 *
 * The highest class first, spilled work behind the order's own of the same class; after a share of claims at Critical and High something
 * from below, while there is any.
 *
 * Leaving: a worker counts itself busy before it looks for work and until it holds none; one that finds nothing while nobody is busy
 * leaves at once, for nobody can make more; else it looks again, a bounded number of times. Work that appears after it has left is found
 * by whoever made it.
 */
#ifndef VYRE_CHOOSE_H
#define VYRE_CHOOSE_H

#include "order.h"
#include "spill.h"

typedef struct {
    uint kind; /* VYRE_PICK_* */
    uint class;
    uint begin; /* first position, or block */
    uint count;
} vyre_pick;

#define VYRE_PICK_NOTHING 0u
#define VYRE_PICK_TICKET 1u
#define VYRE_PICK_BLOCK 2u

/* Takes the next ticket of one side of the order; false when that side is used up. */
static bool vyre_take_ticket(const vyre_order *order, volatile __global uint *flow, bool low, uint ticket,
                             vyre_pick *pick) {
    const uint first = vyre_side_begin(order, low), end = vyre_side_end(order, low);
    volatile __global uint *head = flow + vyre_side_head(low);
    const uint tickets = (end - first + ticket - 1u) / ticket;
    if (vyre_load_relaxed(head) >= tickets) return false;
    const uint number = vyre_add_relaxed(head, 1u);
    if (number >= tickets) return false;
    pick->kind = VYRE_PICK_TICKET;
    pick->begin = first + number * ticket;
    pick->count = min(ticket, end - pick->begin);
    pick->class = vyre_class_at(order, pick->begin);
    return true;
}

/* Takes a block of a class; false when somebody else was quicker. */
static bool vyre_take_spilled(const vyre_spill *spill, volatile __global uint *flow, uint class, vyre_pick *pick) {
    const uint block = vyre_take_block(spill, flow, class);
    if (block == VYRE_NO_BLOCK) return false;
    pick->kind = VYRE_PICK_BLOCK;
    pick->class = class;
    pick->begin = block;
    pick->count = spill->sizes[block];
    return true;
}

/* The next piece of work; `above` is the number of claims at Critical and High in a row. */
static vyre_pick vyre_choose(const vyre_order *order, const vyre_spill *spill, volatile __global uint *flow, uint ticket,
                             uint above) {
    vyre_pick pick = {VYRE_PICK_NOTHING, VYRE_PRIORITY_COUNT, 0u, 0u};
    const uint next_low = vyre_next_class(order, flow, true, ticket);
    if (above >= VYRE_STARVATION_LIMIT * ticket) {
        const uint spilled = vyre_spilled_class(spill, flow, VYRE_PRIORITY_NORMAL, next_low);
        if (spilled < next_low && vyre_take_spilled(spill, flow, spilled, &pick)) return pick;
        if (vyre_take_ticket(order, flow, true, ticket, &pick)) return pick;
    }
    const uint next = min(vyre_next_class(order, flow, false, ticket), next_low);
    for (uint class = vyre_spilled_class(spill, flow, 0u, next); class < next; ++class)
        if (vyre_take_spilled(spill, flow, class, &pick)) return pick;
    if (!vyre_take_ticket(order, flow, false, ticket, &pick)) vyre_take_ticket(order, flow, true, ticket, &pick);
    return pick;
}

static void vyre_become_busy(volatile __global uint *flow) { vyre_add_relaxed(flow + VYRE_FLOW_BUSY, 1u); }

/* Says whether others are busy still. */
static bool vyre_become_idle(volatile __global uint *flow) {
    return vyre_add_relaxed(flow + VYRE_FLOW_BUSY, VYRE_U32_MAX) > 1u;
}

#endif
