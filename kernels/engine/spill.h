/* spill.h - tasks that gave their worker back, in blocks that go from hand to hand within a kernel.
 *
 *   pool       blocks of VYRE_BLOCK slot indices, handed out by flow[BLOCKS]; whoever empties a block may fill it again
 *   sizes      how many of a block are used
 *   directory  per class `places` words: the blocks in the order of their publication; block number + 1, 0 while a place is reserved only
 *
 * A block is filled by one worker, then published: its directory word by a release store, taken by whoever moves the class's head by
 * compare-and-swap after an acquire of that word. A place that is reserved and not yet written is passed over, never waited for.
 * When blocks or places are used up, or the rung has no hand-off, a task is left where its state says it is: the next round finds it.
 *
 * The host guarantees: pool and sizes of `blocks` blocks, a directory of 5 * places words that is zero at the start of a round.
 */
#ifndef VYRE_SPILL_H
#define VYRE_SPILL_H

#include "turn.h"

typedef struct {
    __global uint *pool;
    __global uint *sizes;
    __global uint *directory;
    uint blocks; /* 0: no hand-off within a kernel */
    uint places; /* of a class in the directory */
} vyre_spill;

#define VYRE_NO_BLOCK VYRE_U32_MAX

/* Blocks that a worker has emptied and may fill again. */
#define VYRE_KEPT_BLOCKS 4u
typedef struct {
    uint block[VYRE_KEPT_BLOCKS];
    uint count;
} vyre_kept;

static void vyre_keep_block(vyre_kept *kept, uint block) {
    if (kept->count < VYRE_KEPT_BLOCKS) kept->block[kept->count++] = block;
}

static uint vyre_open_block(const vyre_spill *spill, volatile __global uint *flow, vyre_kept *kept) {
    if (kept->count) return kept->block[--kept->count];
    if (vyre_load_relaxed(flow + VYRE_FLOW_BLOCKS) >= spill->blocks) return VYRE_NO_BLOCK;
    const uint block = vyre_add_relaxed(flow + VYRE_FLOW_BLOCKS, 1u);
    return block < spill->blocks ? block : VYRE_NO_BLOCK;
}

static void vyre_publish_block(const vyre_spill *spill, volatile __global uint *flow, uint class, uint block,
                               uint size) {
    if (vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)) >= spill->places) return;
    const uint place = vyre_add_relaxed(flow + VYRE_FLOW_TAILS(class), 1u);
    if (place >= spill->places) return;
    spill->sizes[block] = size;
    vyre_store_release(spill->directory + class * spill->places + place, block + 1u);
}

/* Takes the first published block of a class, or VYRE_NO_BLOCK. */
static uint vyre_take_block(const vyre_spill *spill, volatile __global uint *flow, uint class) {
    while (true) {
        const uint head = vyre_load_relaxed(flow + VYRE_FLOW_HEADS(class));
        if (head >= min(vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)), spill->places)) return VYRE_NO_BLOCK;
        const uint named = vyre_load_acquire(spill->directory + class * spill->places + head);
        if (!named) return VYRE_NO_BLOCK;
        if (vyre_cas_acquire(flow + VYRE_FLOW_HEADS(class), head, head + 1u)) return named - 1u;
    }
}

/* Lowest class from `least` on and below `most` that has a block to take, or `most`. */
static uint vyre_spilled_class(const vyre_spill *spill, volatile __global uint *flow, uint least, uint most) {
    if (!spill->blocks || !vyre_load_relaxed(flow + VYRE_FLOW_BLOCKS)) return most;
    for (uint class = least; class < most; ++class)
        if (vyre_load_relaxed(flow + VYRE_FLOW_HEADS(class)) <
            min(vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)), spill->places))
            return class;
    return most;
}

/* Whether what is spilled from here on may have to wait for the next round. */
static bool vyre_spill_is_used_up(const vyre_spill *spill, volatile __global uint *flow) {
    if (vyre_load_relaxed(flow + VYRE_FLOW_BLOCKS) >= spill->blocks) return true;
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
        if (vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)) >= spill->places) return true;
    return false;
}

#endif
