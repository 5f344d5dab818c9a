/* spill.h - tasks that gave their worker back, in blocks that go from hand to hand within a kernel.
 *
 *   pool       blocks of VYRE_BLOCK slot indices, handed out by flow[BLOCKS]; whoever empties a block may
 *              fill it again
 *   sizes      how many of a block are used
 *   directory  per class `places` words: the blocks in the order of their publication; block number + 1, 0
 *              while nothing is there
 *
 * A block is filled by one worker, then published: it draws a place from the class's tail and puts the block
 * there by compare-and-swap (release). Another draws a place from the head and takes what is there (acquire).
 * Heads and tails move by fetch-and-add alone, since many workers that compare and swap one word stand in
 * each other's way; so a place may be drawn before it is filled. It is then held and looked at again, never
 * waited for; a worker that leaves marks it as abandoned, and the publisher that meets the mark draws anew.
 * When blocks or places are used up, or the rung has no hand-off, a task is left where its state says it is:
 * the next round finds it.
 *
 * The host guarantees: pool and sizes of `blocks` blocks, a directory of 5 * places words that is zero at the
 * start of a round.
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
#define VYRE_ABANDONED VYRE_U32_MAX /* in a directory */

/* Places that a worker has drawn and found empty, one a class; VYRE_NO_BLOCK where there is none. */
typedef struct {
    uint place[VYRE_PRIORITY_COUNT];
} vyre_held;

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

/* Publishes a filled block; when the directory is full its tasks are left to the next round. */
static void vyre_publish_block(const vyre_spill *spill, volatile __global uint *flow, uint class, uint block,
                               uint size) {
    __global uint *directory = spill->directory + class * spill->places;
    spill->sizes[block] = size;
    while (vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)) < spill->places) {
        const uint place = vyre_add_relaxed(flow + VYRE_FLOW_TAILS(class), 1u);
        if (place < spill->places && vyre_cas_value_acq_rel(directory + place, 0u, block + 1u) == 0u) return;
    }
}

/* Takes a published block of a class, or VYRE_NO_BLOCK. A place that was drawn too early is held and looked
 * at again. */
static uint vyre_take_block(const vyre_spill *spill, volatile __global uint *flow, vyre_held *held,
                            uint class) {
    if (held->place[class] == VYRE_NO_BLOCK) {
        const uint head = vyre_load_relaxed(flow + VYRE_FLOW_HEADS(class));
        if (head >= min(vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)), spill->places))
            return VYRE_NO_BLOCK;
        const uint place = vyre_add_relaxed(flow + VYRE_FLOW_HEADS(class), 1u);
        if (place >= spill->places) return VYRE_NO_BLOCK;
        held->place[class] = place;
    }
    const uint named = vyre_load_acquire(spill->directory + class * spill->places + held->place[class]);
    if (!named) return VYRE_NO_BLOCK;
    held->place[class] = VYRE_NO_BLOCK;
    return named - 1u;
}

/* Gives a held place up, so that no block is ever published there; the block that is there already, or
 * VYRE_NO_BLOCK. */
static uint vyre_abandon_place(const vyre_spill *spill, vyre_held *held, uint class) {
    if (held->place[class] == VYRE_NO_BLOCK) return VYRE_NO_BLOCK;
    __global uint *word = spill->directory + class * spill->places + held->place[class];
    held->place[class] = VYRE_NO_BLOCK;
    const uint named = vyre_cas_value_acq_rel(word, 0u, VYRE_ABANDONED);
    return named ? named - 1u : VYRE_NO_BLOCK;
}

/* Whether a class has a block to take, as far as anybody can tell without taking it. */
static bool vyre_has_spilled(const vyre_spill *spill, volatile __global uint *flow, uint class) {
    return vyre_load_relaxed(flow + VYRE_FLOW_HEADS(class)) <
           min(vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)), spill->places);
}

/* Whether what is spilled from here on may have to wait for the next round. */
static bool vyre_spill_is_used_up(const vyre_spill *spill, volatile __global uint *flow) {
    if (vyre_load_relaxed(flow + VYRE_FLOW_BLOCKS) >= spill->blocks) return true;
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
        if (vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)) >= spill->places) return true;
    return false;
}

#endif
