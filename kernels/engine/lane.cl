/* lane.cl - the driver for CPUs: every work-item is a worker of its own.
 *
 * Phases: take a ticket or a block, turn its slots, spill what must queue; leave when there was nothing to do for VYRE_POLLS
 * polls, on SHUTDOWN, or when the claims of this kernel are used up. Nobody waits for anybody: work that a worker has in hand when it
 * leaves is either published in a block or left to the next round by its state.
 *
 * Memory order: slots as in core.h; spilled blocks as in turn.h; flow by relaxed adds and compare-and-swaps.
 * The host guarantees: order as left by index.cl over the same ring; spill arrays of `blocks` blocks of VYRE_BLOCK; flow, tally sized as in
 * turn.h; work-groups of one work-item.
 * A fault ends the task, never the worker.
 */
#include "turn.h"

#define VYRE_BLOCK 64u
#define VYRE_POLLS 64u
#define VYRE_AHEAD 24u

#if VYRE_HAS_PREFETCH
#define VYRE_PREFETCH(p) __builtin_prefetch((__global const void *)(p), 1)
#else
#define VYRE_PREFETCH(p)
#endif

/* Blocks that this worker is filling, one a class. */
typedef struct {
    uint block[VYRE_PRIORITY_COUNT];
    uint size[VYRE_PRIORITY_COUNT];
} vyre_open_blocks;

/* Publishes the open blocks of classes below `most`; says whether there were any. */
static bool vyre_flush(const vyre_spill *spill, volatile __global uint *flow, vyre_open_blocks *open, uint most) {
    bool any = false;
    for (uint class = 0; class < most; ++class) {
        if (!open->size[class]) continue;
        vyre_publish_block(spill, flow, class, open->block[class], open->size[class]);
        open->size[class] = 0u;
        any = true;
    }
    return any;
}

static void vyre_spill_slot(const vyre_spill *spill, volatile __global uint *flow, vyre_open_blocks *open, uint class,
                            uint slot) {
    if (class == VYRE_RESTS || !spill->blocks) return;
    if (!open->size[class]) {
        open->block[class] = vyre_open_block(spill, flow);
        if (open->block[class] == VYRE_NO_BLOCK) return;
    }
    spill->pool[open->block[class] * VYRE_BLOCK + open->size[class]] = slot;
    if (++open->size[class] == VYRE_BLOCK) {
        vyre_publish_block(spill, flow, class, open->block[class], VYRE_BLOCK);
        open->size[class] = 0u;
    }
}

__kernel void vyre_run(__global uint *ring, __global const uint *queue, __global const uint *begins,
                       __global const uint *places, const uint chunks, const uint ticket, const int claims_each,
                       const uint counts_budget, const uint age_threshold, volatile __global uint *flow,
                       __global uint *pool, __global uint *sizes, __global uint *directory, const uint blocks,
                       __global uint *tally, __global uchar *arena, __global const vyre_buffer *buffers,
                       const uint buffer_count, const uint argument_handle, __global uint *control,
                       const uint control_words, __global vyre_witness *witness) {
    uint counts[VYRE_TALLY_WORDS];
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) counts[i] = 0u;
    vyre_worker w = {ring, witness, flow, {arena, buffers, buffer_count, argument_handle, control, control_words},
                     counts, (uint)get_global_id(0), age_threshold, counts_budget, claims_each, 0u, 0u, 0u, 0u, 0u, 0u};
    const vyre_order order = vyre_make_order(queue, begins, places, chunks);
    const vyre_spill spill = {pool, sizes, directory, blocks};
    vyre_open_blocks open = {{0u, 0u, 0u, 0u, 0u}, {0u, 0u, 0u, 0u, 0u}};
    uint above = vyre_load_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION);
    uint polls = 0u;

    while (!w.leaves && w.claims_left > 0 && polls < VYRE_POLLS) {
        if (spill.blocks) vyre_flush(&spill, flow, &open, vyre_next_of_all(&order, flow, ticket));
        const vyre_pick pick = vyre_choose(&order, &spill, flow, ticket, above);
        if (pick.kind == VYRE_PICK_NOTHING) {
            polls = vyre_flush(&spill, flow, &open, VYRE_PRIORITY_COUNT) ? 0u : polls + 1u;
            continue;
        }
        polls = 0u;
        w.higher_waits = vyre_spilled_class(&spill, flow, 0u, pick.class) < pick.class;
        const int claims_before = w.claims_left;
        if (pick.kind == VYRE_PICK_BLOCK) {
            __global const uint *slots = pool + pick.begin * VYRE_BLOCK;
            const uint count = sizes[pick.begin];
            for (uint i = 0; i < count && !w.leaves; ++i) {
                if (i + VYRE_AHEAD < count) VYRE_PREFETCH(VYRE_WORD(ring, slots[i + VYRE_AHEAD], 0u));
                vyre_spill_slot(&spill, flow, &open, vyre_turns(&w, slots[i], VYRE_TURNS), slots[i]);
            }
        } else {
            uint position = pick.begin;
            const uint last = pick.begin + pick.count;
            for (uint list = vyre_find_list(&order, position); position < last && !w.leaves; ++list) {
                const uint until = min(last, begins[list + 1u]);
                const uint shift = places[list] - begins[list]; /* modulo 2^32 */
                for (uint ahead = position; ahead < min(until, position + VYRE_AHEAD); ++ahead)
                    VYRE_PREFETCH(VYRE_WORD(ring, queue[ahead + shift], 0u));
                for (; position < until && !w.leaves; ++position) {
                    const uint slot = queue[position + shift];
                    if (position + VYRE_AHEAD < until)
                        VYRE_PREFETCH(VYRE_WORD(ring, queue[position + shift + VYRE_AHEAD], 0u));
                    vyre_spill_slot(&spill, flow, &open, vyre_turns(&w, slot, VYRE_TURNS), slot);
                }
            }
        }
        above = pick.class < VYRE_PRIORITY_NORMAL ? add_sat(above, (uint)(claims_before - w.claims_left)) : 0u;
    }
    vyre_flush(&spill, flow, &open, VYRE_PRIORITY_COUNT);
    vyre_store_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION, above);
    vyre_count_rest(&w);
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) vyre_report(tally, control, i, counts[i]);
}
