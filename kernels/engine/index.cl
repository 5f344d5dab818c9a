/* index.cl - finds the claimable slots and lines them up: per chunk of slots a list sorted by class, over all chunks an order.
 *
 * Phases
 *   vyre_index                           one work-item (CPU) or one work-group (GPU) a chunk: resumes eligible paused slots,
 *                                        sorts the chunk's claimable slots by class, counts them
 *   vyre_index_scan                      one work-group: where each list stands in the order of all
 *
 *   queue    | chunk 0: class 0, class 1, ... class 4, (rest unused) | chunk 1: ... |
 *   lists    list e = class * chunks + chunk; begins[e] = tasks before it in class-major order, places[e] = where it is in queue
 *   order    0 ............ begins[chunks] ............ begins[2 * chunks] ............ all
 *            class 0: chunk 0, chunk 1, ...   class 1: chunk 0, ...          ... class 4
 *
 * Within a class and chunk the lane form keeps slot order; the group form keeps it up to a work-group's width.
 *
 * Memory order: word 0 of a slot by relaxed load, a resume by compare-and-swap and release store; counts, queue, begins, places
 * plain: one writer each, read in a later kernel.
 * The host guarantees: selected has a byte a slot when has_selected is set; counts has VYRE_COUNT_ROWS rows of `chunks` words;
 * begins has 5 * chunks + 1 words; sums has at least 7 and `local size` words. Nothing here faults.
 */
#include "core.h"

#ifndef VYRE_CHUNK_SLOTS
#define VYRE_CHUNK_SLOTS 2048u
#endif

#define VYRE_COUNT_ROWS 7u
#define VYRE_ROW_RESUMED 5u
#define VYRE_ROW_SHUT_OUT 6u
#define VYRE_NOT_CLAIMABLE 7u

typedef struct {
    __global uint *ring;
    __global const uint *control;
    __global const uchar *selected;
    uint has_selected;
    uint gate;
    uint epoch;
    uint age_threshold;
} vyre_filter;

static bool vyre_tenant_may_run(const vyre_filter *filter, uint tenant) {
    return !filter->gate || (tenant < VYRE_CONTROL_TENANT_MASKS_WORDS &&
                             filter->control[VYRE_CONTROL_TENANT_MASKS + tenant]);
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

/* Class of a slot that may be claimed now, or VYRE_NOT_CLAIMABLE; `row` says what else to count. */
static uint vyre_examine(const vyre_filter *filter, uint slot, uint *row) {
    __global const uint *words = VYRE_WORD(filter->ring, slot, 0u);
    *row = VYRE_COUNT_ROWS;
    if (filter->has_selected && !filter->selected[slot]) return VYRE_NOT_CLAIMABLE;
    const uint state = vyre_load_relaxed(VYRE_WORD(filter->ring, slot, VYRE_WORD_STATE));
    const bool waits = state == VYRE_STATE_PAUSED;
    if (!waits && !vyre_is_schedulable(state)) return VYRE_NOT_CLAIMABLE;
    if (!vyre_tenant_may_run(filter, words[VYRE_WORD_TENANT_ID])) {
        if (!waits) *row = VYRE_ROW_SHUT_OUT;
        return VYRE_NOT_CLAIMABLE;
    }
    if (waits) {
        if (!vyre_resume_if_due(filter->ring, slot, filter->epoch)) return VYRE_NOT_CLAIMABLE;
        *row = VYRE_ROW_RESUMED;
    }
    return vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], filter->age_threshold);
}

static vyre_filter vyre_make_filter(__global uint *ring, __global const uint *control, uint gate,
                                    __global const uchar *selected, uint has_selected, uint age_threshold) {
    vyre_filter filter;
    filter.ring = ring;
    filter.control = control;
    filter.selected = selected;
    filter.has_selected = has_selected;
    filter.gate = gate;
    filter.epoch = control[VYRE_CONTROL_EPOCH];
    filter.age_threshold = age_threshold;
    return filter;
}

#if VYRE_INDEX_LANES

/* One work-item a chunk, one pass over its slots; the classes wait in private memory until the lists' places are known. */
__kernel void vyre_index(__global uint *ring, const uint slots, __global const uint *control, const uint gate,
                         __global const uchar *selected, const uint has_selected, const uint age_threshold,
                         __global uint *counts, __global uint *queue) {
    const uint chunks = (slots + VYRE_CHUNK_SLOTS - 1u) / VYRE_CHUNK_SLOTS;
    const uint chunk = get_global_id(0);
    if (chunk >= chunks) return;
    const vyre_filter filter = vyre_make_filter(ring, control, gate, selected, has_selected, age_threshold);
    const uint first = chunk * VYRE_CHUNK_SLOTS;
    const uint count = min(slots - first, VYRE_CHUNK_SLOTS);
    uchar classes[VYRE_CHUNK_SLOTS];
    uint tally[VYRE_COUNT_ROWS + 1u] = {0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u};
    uint sizes[VYRE_NOT_CLAIMABLE + 1u] = {0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u};
    for (uint i = 0; i < count; ++i) {
        uint row;
        const uint class = vyre_examine(&filter, first + i, &row);
        classes[i] = (uchar)class;
        ++sizes[class];
        ++tally[row];
    }
    uint next[VYRE_NOT_CLAIMABLE + 1u];
    uint place = first;
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) {
        next[class] = place;
        place += sizes[class];
        counts[class * chunks + chunk] = sizes[class];
    }
    for (uint i = 0; i < count; ++i)
        if (classes[i] != VYRE_NOT_CLAIMABLE) queue[next[classes[i]]++] = first + i;
    counts[VYRE_ROW_RESUMED * chunks + chunk] = tally[VYRE_ROW_RESUMED];
    counts[VYRE_ROW_SHUT_OUT * chunks + chunk] = tally[VYRE_ROW_SHUT_OUT];
}

#else

/* One work-group a chunk. Pass 1 counts and keeps each slot's class in local memory; pass 2 hands out places. */
__kernel void vyre_index(__global uint *ring, const uint slots, __global const uint *control, const uint gate,
                         __global const uchar *selected, const uint has_selected, const uint age_threshold,
                         __global uint *counts, __global uint *queue) {
    __local uchar classes[VYRE_CHUNK_SLOTS];
    __local uint tally[VYRE_COUNT_ROWS + 1u];
    __local uint next[VYRE_PRIORITY_COUNT];
    const uint chunks = (slots + VYRE_CHUNK_SLOTS - 1u) / VYRE_CHUNK_SLOTS;
    const uint chunk = get_group_id(0);
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const vyre_filter filter = vyre_make_filter(ring, control, gate, selected, has_selected, age_threshold);
    const uint first = chunk * VYRE_CHUNK_SLOTS;
    const uint count = min(slots - first, VYRE_CHUNK_SLOTS);
    for (uint row = lane; row <= VYRE_COUNT_ROWS; row += lanes) tally[row] = 0u;
    barrier(CLK_LOCAL_MEM_FENCE);
    uint sizes[VYRE_PRIORITY_COUNT] = {0u, 0u, 0u, 0u, 0u};
    for (uint i = lane; i < count; i += lanes) {
        uint row;
        const uint class = vyre_examine(&filter, first + i, &row);
        classes[i] = (uchar)class;
        for (uint k = 0; k < VYRE_PRIORITY_COUNT; ++k) sizes[k] += class == k ? 1u : 0u;
        if (row < VYRE_COUNT_ROWS) vyre_local_add(tally + row, 1u);
    }
    for (uint k = 0; k < VYRE_PRIORITY_COUNT; ++k)
        if (sizes[k]) vyre_local_add(tally + k, sizes[k]);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes) {
        counts[row * chunks + chunk] = tally[row];
        uint place = first;
        for (uint k = 0; k < row; ++k) place += tally[k];
        if (row < VYRE_PRIORITY_COUNT) next[row] = place;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = lane; i < count; i += lanes)
        if (classes[i] != VYRE_NOT_CLAIMABLE) queue[vyre_local_fetch_add(next + classes[i], 1u)] = first + i;
}

#endif

/* One work-group: exclusive prefix sum over the 5 * chunks list sizes, class-major, and the totals of all rows. */
__kernel void vyre_index_scan(__global const uint *counts, const uint slots, __global uint *begins,
                              __global uint *places, __global uint *totals, __local uint *sums) {
    const uint chunks = (slots + VYRE_CHUNK_SLOTS - 1u) / VYRE_CHUNK_SLOTS;
    const uint lists = VYRE_PRIORITY_COUNT * chunks;
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const uint share = (lists + lanes - 1u) / lanes;
    const uint first = min(lists, lane * share), end = min(lists, first + share);
    uint sum = 0u;
    for (uint e = first; e < end; ++e) sum += counts[e];
    sums[lane] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    uint before = 0u;
    for (uint i = 0; i < lane; ++i) before += sums[i];
    for (uint e = first; e < end; ++e) {
        const uint chunk = e % chunks;
        uint place = chunk * VYRE_CHUNK_SLOTS;
        for (uint class = 0; class < e / chunks; ++class) place += counts[class * chunks + chunk];
        begins[e] = before;
        places[e] = place;
        before += counts[e];
    }
    if (end == lists && first < end) begins[lists] = before;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes) sums[row] = 0u;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = 0; row < VYRE_COUNT_ROWS; ++row) {
        uint total = 0u;
        for (uint chunk = lane; chunk < chunks; chunk += lanes) total += counts[row * chunks + chunk];
        if (total) vyre_local_add(sums + row, total);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes) totals[row] = sums[row];
}
