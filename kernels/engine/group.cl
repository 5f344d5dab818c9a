/* group.cl - the driver for GPUs: a work-group is a worker, its work-items turn different slots of one ticket at a time.
 *
 * Phases, again and again
 *   1  the leader (work-item 0) takes a ticket or a block, or finds nothing
 *   2  every work-item turns the slots of its stride; tasks that must queue and claimed group tasks are noted in local memory
 *   3  the group runs the group tasks one by one, all work-items together
 *   4  the notes become spilled blocks
 * A group leaves like a lane does (lane.cl). Every barrier is reached by all work-items of a group: what decides is read from
 * local memory between two barriers.
 *
 * Memory order: as in lane.cl; local memory is ordered by the barriers. What the work-items of a group wrote in a group task is
 * published by the leader's release store behind a barrier with the global fence.
 * The host guarantees: as for lane.cl, with blocks of VYRE_BLOCK; ticket <= VYRE_NOTES.
 */
#include "turn.h"

#define VYRE_BLOCK 512u
#define VYRE_POLLS 16u

#ifndef VYRE_NOTES
#define VYRE_NOTES 2048u
#endif

#define VYRE_NOTE_CLASS_SHIFT 28u /* a slot index has 28 bits */

/* A claimed group task's turns, by all work-items; the class it must queue in, or VYRE_RESTS (known to the leader). */
static uint vyre_group_turns(vyre_worker *w, uint slot, volatile __local uint *again) {
    const bool leads = get_local_id(0) == 0u;
    uint class = VYRE_RESTS;
    for (uint turn = 0; turn < VYRE_TURNS; ++turn) {
        vyre_task task = vyre_load_task(w->ring, slot, &w->env);
        const vyre_outcome outcome = vyre_execute(w->ring, slot, &task);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (leads) {
            class = vyre_finish_turn(w, slot, outcome);
            const bool goes_on = outcome.kind == VYRE_YIELD && turn + 1u < VYRE_TURNS && !w->higher_waits;
            *again = goes_on && vyre_may_claim(w) && vyre_take(w, slot) ? 1u : 0u;
            if (*again) class = VYRE_RESTS;
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (!*again) break;
    }
    return class;
}

__kernel void vyre_run(__global uint *ring, __global const uint *queue, __global const uint *begins,
                       __global const uint *places, const uint chunks, const uint ticket, const int claims_each,
                       const uint counts_budget, const uint age_threshold, volatile __global uint *flow,
                       __global uint *pool, __global uint *sizes, __global uint *directory, const uint blocks,
                       __global uint *tally, __global uchar *arena, __global const vyre_buffer *buffers,
                       const uint buffer_count, const uint argument_handle, __global uint *control,
                       const uint control_words, __global vyre_witness *witness) {
    __local uint counts[VYRE_TALLY_WORDS];
    __local uint notes[VYRE_NOTES];
    __local uint note_count, group_count, again, leaving;
    __local vyre_pick pick;
    __local uint pick_list, higher;
    __local uint open_block[VYRE_PRIORITY_COUNT], open_size[VYRE_PRIORITY_COUNT];
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    for (uint i = lane; i < VYRE_TALLY_WORDS; i += lanes) counts[i] = 0u;
    if (lane < 1u) {
        leaving = 0u;
        for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) open_size[class] = 0u;
    }
    vyre_worker w = {ring, witness, flow, {arena, buffers, buffer_count, argument_handle, control, control_words},
                     counts, (uint)get_group_id(0), age_threshold, counts_budget, claims_each, 0u, 0u, 0u, 0u, 0u, 0u};
    const vyre_order order = vyre_make_order(queue, begins, places, chunks);
    const vyre_spill spill = {pool, sizes, directory, blocks};
    uint above = vyre_load_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION);
    uint polls = 0u;
    int left = claims_each; /* the leader's count is the group's */

    while (true) {
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (lane == 0u) {
            vyre_pick next = {VYRE_PICK_NOTHING, VYRE_PRIORITY_COUNT, 0u, 0u};
            while (!leaving && w.claims_left > 0 && polls < VYRE_POLLS) {
                const uint most = spill.blocks ? vyre_next_of_all(&order, flow, ticket) : 0u;
                for (uint class = 0; class < most; ++class)
                    if (open_size[class]) {
                        vyre_publish_block(&spill, flow, class, open_block[class], open_size[class]);
                        open_size[class] = 0u;
                    }
                next = vyre_choose(&order, &spill, flow, ticket, above);
                if (next.kind != VYRE_PICK_NOTHING) break;
                bool any = false;
                for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
                    if (open_size[class]) {
                        vyre_publish_block(&spill, flow, class, open_block[class], open_size[class]);
                        open_size[class] = 0u;
                        any = true;
                    }
                polls = any ? 0u : polls + 1u;
            }
            if (next.kind != VYRE_PICK_NOTHING) polls = 0u;
            if (next.kind == VYRE_PICK_BLOCK) next.count = sizes[next.begin];
            left -= (int)next.count;
            w.claims_left = left;
            pick = next;
            pick_list = next.kind == VYRE_PICK_TICKET ? vyre_find_list(&order, next.begin) : 0u;
            higher = next.kind != VYRE_PICK_NOTHING && vyre_spilled_class(&spill, flow, 0u, next.class) < next.class;
            note_count = 0u;
            group_count = 0u;
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        const vyre_pick mine = pick;
        if (mine.kind == VYRE_PICK_NOTHING) break;
        w.higher_waits = higher;
        uint list = pick_list;
        for (uint i = lane; i < mine.count && !w.leaves; i += lanes) {
            uint slot;
            if (mine.kind == VYRE_PICK_BLOCK) {
                slot = pool[mine.begin * VYRE_BLOCK + i];
            } else {
                const uint position = mine.begin + i;
                while (begins[list + 1u] <= position) ++list;
                slot = queue[places[list] + (position - begins[list])];
            }
#if VYRE_HAS_GROUP_OPS
            if (vyre_is_group_op(*VYRE_WORD(ring, slot, VYRE_WORD_OP_HANDLE))) {
                /* Noted from the end of the notes downwards; claimed when its turn comes. */
                notes[VYRE_NOTES - 1u - vyre_local_fetch_add(&group_count, 1u)] = slot;
                continue;
            }
#endif
            const uint class = vyre_turns(&w, slot, VYRE_TURNS);
            if (class != VYRE_RESTS && spill.blocks)
                notes[vyre_local_fetch_add(&note_count, 1u)] = slot | class << VYRE_NOTE_CLASS_SHIFT;
        }
        if (w.leaves) leaving = 1u;
        barrier(CLK_LOCAL_MEM_FENCE);

#if VYRE_HAS_GROUP_OPS
        const uint group_tasks = group_count;
        for (uint i = 0; i < group_tasks; ++i) {
            /* From the lowest note up, so that the notes of tasks that must queue never reach one that is still to run. */
            const uint slot = notes[VYRE_NOTES - group_tasks + i];
            barrier(CLK_LOCAL_MEM_FENCE);
            if (lane == 0u) again = vyre_may_claim(&w) && vyre_take(&w, slot) ? 1u : 0u;
            barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
            if (!again) continue;
            const uint class = vyre_group_turns(&w, slot, &again);
            if (lane == 0u && class != VYRE_RESTS && spill.blocks)
                notes[note_count++] = slot | class << VYRE_NOTE_CLASS_SHIFT;
        }
        if (w.leaves) leaving = 1u;
        barrier(CLK_LOCAL_MEM_FENCE);
#endif

        /* Notes into open blocks, by the leader; a full block is published at once. */
        if (lane == 0u)
            for (uint i = 0; i < note_count; ++i) {
                const uint class = notes[i] >> VYRE_NOTE_CLASS_SHIFT;
                if (!open_size[class]) {
                    open_block[class] = vyre_open_block(&spill, flow);
                    if (open_block[class] == VYRE_NO_BLOCK) continue;
                }
                pool[open_block[class] * VYRE_BLOCK + open_size[class]] =
                    notes[i] & ((1u << VYRE_NOTE_CLASS_SHIFT) - 1u);
                if (++open_size[class] == VYRE_BLOCK) {
                    vyre_publish_block(&spill, flow, class, open_block[class], VYRE_BLOCK);
                    open_size[class] = 0u;
                }
            }
        above = mine.class < VYRE_PRIORITY_NORMAL ? add_sat(above, mine.count) : 0u;
    }
    if (lane == 0u) {
        for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
            if (open_size[class]) vyre_publish_block(&spill, flow, class, open_block[class], open_size[class]);
        vyre_store_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION, above);
    }
    vyre_count_rest(&w);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = lane; i < VYRE_TALLY_WORDS; i += lanes) vyre_report(tally, control, i, counts[i]);
}
