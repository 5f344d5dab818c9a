/* reduce.cl - counts a whole ring: how many slots are in which state, the sum of requeue_count, the largest
 * age_ticks.
 *
 * Phases, per work-group (each has a share of consecutive slots, its work-items take them in turn)
 *   (1) every work-item counts its slots in registers
 *   (2) the work-items' numbers meet in local memory
 *   (3) the first VYRE_ROW_NUMBERS work-items add up one number each and write the group's row
 * The host adds the rows. Two of a slot's words lie in its last quarter and one in its first, so that every
 * 32-byte sector of the ring is read once and none is written.
 *
 *   states of up to VYRE_BLOCK slots in one ulong, 8 bits each:   | Faulted | ... | Ready | Empty |
 *
 * Memory order: none; the ring is not written while this runs, each row has one writer.
 * The host guarantees: rows has VYRE_ROW_NUMBERS numbers a group; meeting has VYRE_ROW_NUMBERS * (local size
 * + 1) words. Nothing here faults.
 */
#include "vyre_abi.h"
#include "vyre_engine.h"
#include "vyre_kernels.h"

/* Not every compiler knows the builtin; the host sets VYRE_HAS_PREFETCH where it does. */
#ifndef VYRE_HAS_PREFETCH
#define VYRE_HAS_PREFETCH 0
#endif
#if VYRE_HAS_PREFETCH
#define VYRE_PREFETCH_SLOT(words) __builtin_prefetch((words) + 16u * VYRE_SLOT_WORDS)
#else
#define VYRE_PREFETCH_SLOT(words)
#endif

#define VYRE_BLOCK 252u
#define VYRE_UNROLL 4u

#define VYRE_NO_SLOT 0xFFFFFFFFu

typedef struct {
    ulong packed; /* states of the current block */
    uint unknown;
    uint first_unknown;
    uint age;
    ulong requeues;
} vyre_reduction;

static void vyre_reduce_slot(vyre_reduction *sum, uint slot, uint state, uint age, uint requeues) {
    if (state < VYRE_STATE_COUNT) {
        sum->packed += 1ul << (state * 8u);
    } else {
        ++sum->unknown;
        sum->first_unknown = min(sum->first_unknown, slot);
    }
    sum->age = max(sum->age, age);
    sum->requeues += requeues;
}

__kernel void vyre_reduce(VYRE_REDUCE_PARAMETERS) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const ulong group = get_group_id(0), groups = get_num_groups(0);
    const uint first = (uint)(slots * group / groups), end = (uint)(slots * (group + 1u) / groups);
    const uint block = VYRE_BLOCK * lanes;

    vyre_reduction sum = {0ul, 0u, VYRE_NO_SLOT, 0u, 0ul};
    uint counts[VYRE_STATE_COUNT];
    for (uint state = 0; state < VYRE_STATE_COUNT; ++state) counts[state] = 0u;
    for (ulong begin = first; begin < end; begin += block) {
        const ulong stop = min(begin + block, (ulong)end);
        ulong slot = begin + lane;
        for (; slot + (VYRE_UNROLL - 1u) * lanes < stop; slot += VYRE_UNROLL * lanes) {
            uint state[VYRE_UNROLL];
            uint2 history[VYRE_UNROLL]; /* age_ticks, requeue_count */
            for (uint i = 0; i < VYRE_UNROLL; ++i) {
                __global const uint *words = ring + (slot + i * lanes) * VYRE_SLOT_WORDS;
                VYRE_PREFETCH_SLOT(words);
                state[i] = words[VYRE_WORD_STATE];
                history[i] = *(__global const uint2 *)(words + VYRE_WORD_AGE_TICKS);
            }
            for (uint i = 0; i < VYRE_UNROLL; ++i)
                vyre_reduce_slot(&sum, (uint)slot + i * lanes, state[i], history[i].x, history[i].y);
        }
        for (; slot < stop; slot += lanes) {
            __global const uint *words = ring + slot * VYRE_SLOT_WORDS;
            vyre_reduce_slot(&sum, (uint)slot, words[VYRE_WORD_STATE], words[VYRE_WORD_AGE_TICKS],
                             words[VYRE_WORD_REQUEUE_COUNT]);
        }
        for (uint state = 0; state < VYRE_STATE_COUNT; ++state)
            counts[state] += (uint)(sum.packed >> (state * 8u)) & 0xFFu;
        sum.packed = 0ul;
    }

    /* One word more than the work-items, so that the readers of phase 3 meet in different banks. */
    const uint pitch = lanes + 1u;
    for (uint state = 0; state < VYRE_STATE_COUNT; ++state) meeting[state * pitch + lane] = counts[state];
    meeting[VYRE_ROW_UNKNOWN * pitch + lane] = sum.unknown;
    meeting[VYRE_ROW_FIRST_UNKNOWN * pitch + lane] = sum.first_unknown;
    meeting[VYRE_ROW_AGE * pitch + lane] = sum.age;
    meeting[VYRE_ROW_REQUEUES_LOW * pitch + lane] = (uint)sum.requeues;
    meeting[VYRE_ROW_REQUEUES_HIGH * pitch + lane] = (uint)(sum.requeues >> 32);
    barrier(CLK_LOCAL_MEM_FENCE);

    for (uint number = lane; number < VYRE_ROW_NUMBERS; number += lanes) {
        ulong total = 0ul;
        uint least = VYRE_NO_SLOT, most = 0u;
        for (uint i = 0; i < lanes; ++i) {
            const uint word = meeting[number * pitch + i];
            total += word;
            least = min(least, word);
            most = max(most, word);
        }
        if (number == VYRE_ROW_FIRST_UNKNOWN) total = least;
        if (number == VYRE_ROW_AGE) total = most;
        rows[group * VYRE_ROW_NUMBERS + number] = total;
    }
}
