/* index.cl - finds the claimable slots and lines them up, class by class, each class in slot order.
 *
 * Phases (one work-item owns a chunk of consecutive slots in both)
 *   vyre_index_count    resumes eligible paused slots, counts the chunk's claimable slots per class
 *   (host)              exclusive prefix sum over counts, class-major: where each chunk's share of each class begins
 *   vyre_index_scatter  writes the slot indices
 *
 * counts has VYRE_COUNT_ROWS rows of `chunks` words: rows 0-4 the classes, then resumed, then shut out by the tenant gate.
 *
 *   queue: | class 0: chunk 0, chunk 1, ... | class 1: chunk 0, ... | ... | class 4 |
 *
 * Memory order: word 0 of a slot by relaxed load, a resume by compare-and-swap and release store; counts and queue are plain,
 * each word has one writer and is read in a later kernel.
 * The host guarantees: selected has one byte a slot when has_selected is set; starts is the prefix sum of counts from the same
 * ring; no kernel that changes the ring runs between the two phases. Nothing here faults.
 */
#include "core.h"

#define VYRE_COUNT_ROWS 7u
#define VYRE_ROW_RESUMED 5u
#define VYRE_ROW_SHUT_OUT 6u
#define VYRE_NOT_CLAIMABLE 0xFFu

/* Class at an enqueue: the priority, lifted by one for each age_threshold ticks; an unknown priority queues as Idle. */
static uint vyre_class(uint priority, uint age_ticks, uint age_threshold) {
    const uint base = min(priority, VYRE_PRIORITY_IDLE);
    const uint lift = age_threshold ? age_ticks / age_threshold : 0u;
    return base > lift ? base - lift : 0u;
}

static bool vyre_tenant_may_run(__global const uint *control, uint gate, uint tenant) {
    return !gate || (tenant < VYRE_CONTROL_TENANT_MASKS_WORDS && control[VYRE_CONTROL_TENANT_MASKS + tenant]);
}

/* Paused and due: becomes Ready (spec 1.6, resume). */
static bool vyre_resume_if_due(__global uint *ring, uint slot, uint epoch) {
    __global uint *words = VYRE_WORD(ring, slot, 0u);
    const uint due = words[VYRE_WORD_RESUME_EPOCH];
    if (due > epoch || due == VYRE_NEVER_EPOCH) return false;
    if (!vyre_cas_acquire(words, VYRE_STATE_PAUSED, VYRE_STATE_RUNNING)) return false;
    words[VYRE_WORD_FLAGS] = (words[VYRE_WORD_FLAGS] | VYRE_RESUME_SET_FLAGS) & ~VYRE_RESUME_CLEAR_FLAGS;
    vyre_store_release(words, VYRE_STATE_READY);
    return true;
}

static uint vyre_class_of_slot(__global uint *ring, uint slot, uint age_threshold) {
    __global const uint *words = VYRE_WORD(ring, slot, 0u);
    return vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], age_threshold);
}

__kernel void vyre_index_count(__global uint *ring, const uint slots, const uint chunk_slots, __global const uint *control,
                               const uint gate, __global const uchar *selected, const uint has_selected,
                               const uint age_threshold, __global uint *counts) {
    const uint chunks = (slots + chunk_slots - 1u) / chunk_slots;
    const uint chunk = get_global_id(0);
    if (chunk >= chunks) return;
    const uint epoch = control[VYRE_CONTROL_EPOCH];
    uint tally[VYRE_COUNT_ROWS] = {0u, 0u, 0u, 0u, 0u, 0u, 0u};
    const uint first = chunk * chunk_slots;
    const uint end = min(slots, first + chunk_slots);
    for (uint slot = first; slot < end; ++slot) {
        if (has_selected && !selected[slot]) continue;
        uint state = vyre_load_relaxed(VYRE_WORD(ring, slot, VYRE_WORD_STATE));
        const bool waits = state == VYRE_STATE_PAUSED;
        if (!waits && !vyre_is_schedulable(state)) continue;
        if (!vyre_tenant_may_run(control, gate, *VYRE_WORD(ring, slot, VYRE_WORD_TENANT_ID))) {
            tally[VYRE_ROW_SHUT_OUT] += waits ? 0u : 1u;
            continue;
        }
        if (waits) {
            if (!vyre_resume_if_due(ring, slot, epoch)) continue;
            ++tally[VYRE_ROW_RESUMED];
        }
        ++tally[vyre_class_of_slot(ring, slot, age_threshold)];
    }
    for (uint row = 0; row < VYRE_COUNT_ROWS; ++row) counts[(ulong)row * chunks + chunk] = tally[row];
}

__kernel void vyre_index_scatter(__global uint *ring, const uint slots, const uint chunk_slots,
                                 __global const uint *control, const uint gate, __global const uchar *selected,
                                 const uint has_selected, const uint age_threshold, __global const uint *starts,
                                 __global uint *queue) {
    const uint chunks = (slots + chunk_slots - 1u) / chunk_slots;
    const uint chunk = get_global_id(0);
    if (chunk >= chunks) return;
    uint next[VYRE_PRIORITY_COUNT];
    for (uint row = 0; row < VYRE_PRIORITY_COUNT; ++row) next[row] = starts[(ulong)row * chunks + chunk];
    const uint first = chunk * chunk_slots;
    const uint end = min(slots, first + chunk_slots);
    for (uint slot = first; slot < end; ++slot) {
        if (has_selected && !selected[slot]) continue;
        if (!vyre_is_schedulable(vyre_load_relaxed(VYRE_WORD(ring, slot, VYRE_WORD_STATE)))) continue;
        if (!vyre_tenant_may_run(control, gate, *VYRE_WORD(ring, slot, VYRE_WORD_TENANT_ID))) continue;
        queue[next[vyre_class_of_slot(ring, slot, age_threshold)]++] = slot;
    }
}
