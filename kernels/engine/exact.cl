/* exact.cl - the driver for one worker that takes one task at a time: spec 3.5 to the letter, in the order of
 * the reference backend.
 *
 * Phases: one work-item takes the first task of the highest class that has any (after 16 claims in a row at
 * Critical or High one from below), runs one turn, and puts a task that gave its worker back at the end of
 * its class's line.
 *
 * A class's line is its part of the order, then a linked list through `next` (pool: one word a slot, slot
 * index + 1, 0 ends it). lines: per class the tasks of the order already taken, the list's first slot + 1 and
 * its last slot + 1; it outlives the kernel, so that a round may be cut anywhere.
 *
 * Memory order: nothing but the slots and SHUTDOWN is shared. The host guarantees: one work-item; lines is
 * zero at the start of a round; pool has a word a slot.
 */
#include "order.h"
#include "vyre_kernels.h"

static bool vyre_line_waits(const vyre_order *order, __global const uint *lines, uint class) {
    const uint size = order->begins[(class + 1u) * order->chunks] - order->begins[class * order->chunks];
    return lines[VYRE_LINE_TAKEN(class)] < size || lines[VYRE_LINE_FIRST(class)];
}

static uint vyre_line_take(const vyre_order *order, __global uint *lines, __global const uint *next,
                           uint class) {
    const uint begin = order->begins[class * order->chunks];
    const uint position = begin + lines[VYRE_LINE_TAKEN(class)];
    if (position < order->begins[(class + 1u) * order->chunks]) {
        ++lines[VYRE_LINE_TAKEN(class)];
        const uint list = vyre_find_list(order, position);
        return order->queue[order->places[list] + (position - order->begins[list])] & VYRE_ENTRY_SLOT;
    }
    const uint slot = lines[VYRE_LINE_FIRST(class)] - 1u;
    lines[VYRE_LINE_FIRST(class)] = next[slot];
    return slot;
}

static void vyre_line_append(__global uint *lines, __global uint *next, uint class, uint slot) {
    next[slot] = 0u;
    if (lines[VYRE_LINE_FIRST(class)])
        next[lines[VYRE_LINE_LAST(class)] - 1u] = slot + 1u;
    else
        lines[VYRE_LINE_FIRST(class)] = slot + 1u;
    lines[VYRE_LINE_LAST(class)] = slot + 1u;
}

static uint vyre_first_waiting(const vyre_order *order, __global const uint *lines, uint least) {
    for (uint class = least; class < VYRE_PRIORITY_COUNT; ++class)
        if (vyre_line_waits(order, lines, class)) return class;
    return VYRE_PRIORITY_COUNT;
}

__kernel void vyre_run(VYRE_RUN_PARAMETERS) {
    const vyre_tally_ptr counts = {tally, control};
    const vyre_env env = {arena, buffers, buffer_count, argument_handle, control, control_words, first_slot};
    vyre_worker w =
        vyre_make_worker(ring, witness, flow, env, counts, 0u, age_threshold, counts_budget, claims_each);
    vyre_family_to(&w, nursery, family, queue);
    vyre_trace_to(&w, trace_words, trace_capacity);
    vyre_watch_to(&w, watch_words, watch_first, watch_seats, 0u);
    vyre_live_to(&w, live_words, live_capacity, live_workers, 0u);
    const vyre_order order = vyre_make_order(queue, begins, places, chunks);
    __global uint *lines = directory;
    uint above = vyre_load_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION);
    while (!w.leaves) {
        uint class = VYRE_PRIORITY_COUNT;
        if (above >= VYRE_STARVATION_LIMIT) class = vyre_first_waiting(&order, lines, VYRE_PRIORITY_NORMAL);
        if (class == VYRE_PRIORITY_COUNT) class = vyre_first_waiting(&order, lines, 0u);
        if (class == VYRE_PRIORITY_COUNT) break;
        const int claims_before = w.claims_left;
        if (claims_before <= 0 || vyre_load_relaxed(control + VYRE_CONTROL_SHUTDOWN)) break;
        const uint slot = vyre_line_take(&order, lines, pool, class);
        const uint after = vyre_claim_one(&w, slot) ? vyre_turns(&w, slot, 1u, false) : VYRE_RESTS;
        vyre_count_rest(&w);
        if (after != VYRE_RESTS) vyre_line_append(lines, pool, after, slot);
#if VYRE_HAS_FAMILY
        for (uint born; (born = vyre_next_born(&nursery));)
            vyre_line_append(lines, pool, vyre_class_of(&nursery, born - 1u, age_threshold), born - 1u);
#endif
        if (w.claims_left < claims_before) above = class < VYRE_PRIORITY_NORMAL ? add_sat(above, 1u) : 0u;
    }
    vyre_watch_rest(&w.watch);
    vyre_store_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION, above);
}
