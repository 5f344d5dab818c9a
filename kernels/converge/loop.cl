/* loop.cl - state convergence (spec 1.8): one transfer step, repeated in one dispatch until the vector no
 * longer changes.
 *
 * One work-group runs it, whatever the length of the vector: work-item i works on words i, i + n, i + 2n ...
 * of a group of n.
 * An OpenCL device may run one group at a time, so groups could not wait for each other between the phases;
 * the items of one group can, at a barrier. The price is one compute unit; the gain is that it works on every
 * device and vector.
 *
 * Phases of an iteration, each ended by a barrier of the group:
 *   1  item 0 clears `changed` and looks whether the host wants to stop
 *   2  next[i] = step(current, i) for every word; nobody writes current
 *   3  where next[i] differs from current[i], `changed` is set; current[i] = next[i]; nobody reads another
 *      item's words
 *   4  everybody reads `changed`; none left set, the loop ends
 * It ends after max_iterations at the latest, and never waits for anything but its own group. `current` holds
 * the result.
 *
 * Memory order: current and next are ordered by the barriers (local and global fence), which reach the whole
 * group. changed and stop lie in local memory, where no step can reach them. state[STOP] is written by the
 * host while the kernel runs and read relaxed: it orders nothing. state[FAULT] is raised relaxed and read
 * behind the barrier.
 * The host guarantees: current and next hold `words` words, operand rows lie inside the arena, state has
 * VYRE_LOOP_WORDS words of 0, global size == local size.
 * A read outside its array ends the loop at the end of phase 2, with `current` as the iteration before left
 * it; the lowest word whose step failed is reported, with what it read.
 */
#include "vyre_step.h"
#include "vyre_kernels.h"

/* Phase 2 for one work-item. */
static void vyre_transfer(vyre_step *step, __global uint *next, uint first, uint stride,
                          vyre_word_ptr state) {
    for (ulong word = first; word < step->words; word += stride) {
        next[word] = VYRE_STEP_CALL(step, (uint)word);
        if (step->fault != VYRE_STEP_SOUND) {
            vyre_max_relaxed(state + VYRE_LOOP_FAULT, ~(uint)word);
            return;
        }
    }
}

/* Phase 3 for one work-item: whether one of its words differed. */
static bool vyre_take_over(__global uint *current, __global const uint *next, uint words, uint first,
                           uint stride) {
    uint differing_bits = 0u;
    for (ulong word = first; word < words; word += stride) {
        const uint value = next[word];
        differing_bits |= value ^ current[word];
        current[word] = value;
    }
    return differing_bits != 0u;
}

/* Calls the step that failed once more and writes down what it read. */
static void vyre_explain_fault(vyre_step *step, uint word, vyre_word_ptr state) {
    step->fault = VYRE_STEP_SOUND;
    (void)VYRE_STEP_CALL(step, word);
    state[VYRE_LOOP_FAULT_KIND] = step->fault;
    state[VYRE_LOOP_FAULT_OPERAND] = step->fault_operand;
    state[VYRE_LOOP_FAULT_WORD] = (uint)step->fault_word;
    state[VYRE_LOOP_FAULT_WORD + 1u] = (uint)(step->fault_word >> 32);
}

__kernel void vyre_converge(VYRE_CONVERGE_PARAMETERS) {
    __local uint changed;
    __local uint stop;
    const uint item = (uint)get_local_id(0);
    const uint items = (uint)get_local_size(0);
    vyre_step step = {current, words, operand_count, arena, operands, VYRE_STEP_SOUND, 0u, 0u};
    uint iterations = 0u;
    uint ended = VYRE_ENDED_BOUND;
    bool going = max_iterations > 0u;
    while (going) {
        if (item == 0u) {
            changed = 0u;
            stop = vyre_load_relaxed(state + VYRE_LOOP_STOP);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        const bool stopped = stop != 0u;
        if (!stopped) vyre_transfer(&step, next, item, items, state);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        const bool faulted = vyre_load_relaxed(state + VYRE_LOOP_FAULT) != 0u;
        const bool whole = !stopped && !faulted;
        if (whole && vyre_take_over(current, next, words, item, items)) vyre_local_add(&changed, 1u);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        const bool same = changed == 0u;
        barrier(CLK_LOCAL_MEM_FENCE);
        iterations += whole ? 1u : 0u;
        ended = stopped   ? VYRE_ENDED_STOPPED
                : faulted ? VYRE_ENDED_FAULTED
                : same    ? VYRE_ENDED_CONVERGED
                          : VYRE_ENDED_BOUND;
        going = ended == VYRE_ENDED_BOUND && iterations < max_iterations;
    }
    if (item != 0u) return;
    state[VYRE_LOOP_ITERATIONS] = iterations;
    state[VYRE_LOOP_ENDED] = ended;
    if (ended == VYRE_ENDED_FAULTED)
        vyre_explain_fault(&step, ~vyre_load_relaxed(state + VYRE_LOOP_FAULT), state);
}
