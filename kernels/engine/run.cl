/* run.cl - works off positions [first, limit) of a round's claim order.
 *
 * The order of a round is fixed by the index and by spec 3.5: Critical and High tasks, after every 16 of them one from below.
 * Since nothing joins a queue within a round, position p of that order has a closed form (vyre_position_slot), one shared
 * counter hands out tickets, and no work-item ever waits for another.
 *
 *   p:      0 ... s-1   s   s+1 ... s+16   s+17   ...      s = 16 - claims already made in a row above Normal
 *   from:   high        low high           low             until either side is used up; then the other alone
 *
 * Phases: (1) clear the group's tally; (2) take tickets and run them; (3) add the tally to the launch's
 * and to the counters of the control buffer.
 *
 * Memory order: progress[0] (the shared counter) relaxed fetch-and-add; slots as in core.h; tally by relaxed adds, read after the
 * kernel. SHUTDOWN is polled before each claim: the task in hand is finished, the rest of the ticket stays as it was.
 * The host guarantees: queue holds high_count + low_count distinct slot indices, classes 0-1 first; limit <= their number; one
 * ticket past limit for each work-item does not wrap the shared counter;
 * tally_local has VYRE_TALLY_WORDS words; witness has a record a slot when VYRE_VERIFY is set and is not touched otherwise.
 */
#include "core.h"

#define VYRE_TALLY_CLAIMS 0u
#define VYRE_TALLY_LOST 1u
#define VYRE_TALLY_PRIORITIES 2u
#define VYRE_TALLY_TENANTS (VYRE_TALLY_PRIORITIES + VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS)
#define VYRE_TALLY_METRICS (VYRE_TALLY_TENANTS + VYRE_CONTROL_TENANT_FAIRNESS_WORDS)
#define VYRE_TALLY_OPS (VYRE_TALLY_METRICS + VYRE_CONTROL_METRICS_WORDS)
#define VYRE_OUTCOMES 5u
#define VYRE_TALLY_WORDS (VYRE_TALLY_OPS + (VYRE_OP_COUNT + 1u) * VYRE_OUTCOMES)

/* How many low claims come before position p while both sides last; s is the length of the first run of high ones. */
static uint vyre_lows_before(uint p, uint s) { return p <= s ? 0u : (p - s - 1u) / (VYRE_STARVATION_LIMIT + 1u) + 1u; }

/* Index into queue of position p. */
static uint vyre_position_index(uint p, uint s, uint high_count, uint low_count) {
    const uint lows = vyre_lows_before(p, s);
    if (lows >= low_count) return p - low_count;
    if (p - lows >= high_count) return p;
    const bool is_low = p >= s && (p - s) % (VYRE_STARVATION_LIMIT + 1u) == 0u;
    return is_low ? high_count + lows : p - lows;
}

/* Counts a turn that ends as `kind`; before it is published, while the slot's words are still this work-item's. */
static void vyre_count_turn(volatile __local uint *tally, __global const uint *ring, uint slot, uint kind) {
    __global const uint *words = VYRE_WORD(ring, slot, 0u);
    const uint op_handle = words[VYRE_WORD_OP_HANDLE];
    const uint priority = words[VYRE_WORD_PRIORITY];
    vyre_local_add(tally + VYRE_TALLY_CLAIMS, 1u);
    vyre_local_add(tally + VYRE_TALLY_TENANTS + words[VYRE_WORD_TENANT_ID] % VYRE_CONTROL_TENANT_FAIRNESS_WORDS, 1u);
    if (priority < VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS)
        vyre_local_add(tally + VYRE_TALLY_PRIORITIES + priority, 1u);
    if (op_handle < VYRE_METRIC_OPCODES && kind != VYRE_FAULT)
        vyre_local_add(tally + VYRE_TALLY_METRICS + op_handle, 1u);
    vyre_local_add(tally + VYRE_TALLY_OPS + vyre_tally_row(op_handle) * VYRE_OUTCOMES + kind, 1u);
}

/* The control word (spec 3.1) that mirrors tally word i, or VYRE_OBSERVABLE_FIRST when none does. */
static uint vyre_tally_control_word(uint i) {
    if (i >= VYRE_TALLY_OPS)
        return (i - VYRE_TALLY_OPS) % VYRE_OUTCOMES == VYRE_DONE ? VYRE_CONTROL_DONE_COUNT : VYRE_OBSERVABLE_FIRST;
    if (i >= VYRE_TALLY_METRICS) return VYRE_CONTROL_METRICS + (i - VYRE_TALLY_METRICS);
    if (i >= VYRE_TALLY_TENANTS) return VYRE_CONTROL_TENANT_FAIRNESS + (i - VYRE_TALLY_TENANTS);
    if (i >= VYRE_TALLY_PRIORITIES) return VYRE_CONTROL_PRIORITY_FAIRNESS + (i - VYRE_TALLY_PRIORITIES);
    return VYRE_OBSERVABLE_FIRST;
}

__kernel void vyre_run(__global uint *ring, __global const uint *queue, const uint high_count, const uint low_count,
                       const uint first_run, const uint limit, const uint ticket, __global uint *progress,
                       __global uint *tally, __global uchar *arena, __global const vyre_buffer *buffers,
                       const uint buffer_count, const uint argument_handle, __global uint *control,
                       const uint control_words, __global vyre_witness *witness,
                       volatile __local uint *tally_local) {
    for (uint i = get_local_id(0); i < VYRE_TALLY_WORDS; i += get_local_size(0)) tally_local[i] = 0u;
    barrier(CLK_LOCAL_MEM_FENCE);

    vyre_env env;
    env.arena = arena;
    env.buffers = buffers;
    env.buffer_count = buffer_count;
    env.argument_handle = argument_handle;
    env.control = control;
    env.control_words = control_words;

    bool leaves = false;
    while (!leaves) {
        const uint begin = vyre_add_relaxed(progress, ticket);
        if (begin >= limit) break;
        const uint end = begin + min(ticket, limit - begin);
        for (uint p = begin; p < end; ++p) {
            leaves = vyre_load_relaxed(control + VYRE_CONTROL_SHUTDOWN) != 0u;
            if (leaves) break;
            const uint slot = queue[vyre_position_index(p, first_run, high_count, low_count)];
            if (!vyre_claim(ring, slot)) {
                vyre_local_add(tally_local + VYRE_TALLY_LOST, 1u);
                continue;
            }
            vyre_witness_claim(witness, slot, get_global_id(0));
            vyre_task task = vyre_load_task(ring, slot, &env);
            const vyre_outcome outcome = vyre_execute(ring, slot, &task);
            vyre_witness_end(witness, slot, get_global_id(0), outcome.kind);
            vyre_count_turn(tally_local, ring, slot, outcome.kind);
            vyre_publish(ring, slot, outcome);
        }
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = get_local_id(0); i < VYRE_TALLY_WORDS; i += get_local_size(0)) {
        const uint count = tally_local[i];
        if (!count) continue;
        vyre_add_relaxed(tally + i, count);
        const uint word = vyre_tally_control_word(i);
        if (word < VYRE_OBSERVABLE_FIRST) vyre_add_relaxed(control + word, count);
    }
}
