/* index.cl - finds the claimable slots and lines them up: per chunk of slots a list sorted by class, over all
 * chunks an order.
 *
 * Phases
 *   vyre_index         one work-item (CPU) or one work-group (GPU) a chunk: resumes eligible paused slots,
 *                      sorts the chunk's claimable slots by class, counts them
 *   vyre_index_scan    one work-group: where each list stands in the order of all (order.h draws it). A ring
 *                      of one chunk needs no kernel for that: its index does both
 *
 * Within a class and chunk the lane form keeps slot order; the group form keeps it up to a work-group's
 * width.
 *
 * Memory order: word 0 of a slot by relaxed load, a resume by compare-and-swap and release store; counts,
 * queue, begins, places plain: one writer each, read in a later kernel.
 * The host guarantees: 1 <= chunk_slots <= VYRE_CHUNK_SLOTS; selected has a byte a slot when has_selected is
 * set; counts has VYRE_COUNT_ROWS rows of `chunks` words; begins has 5 * chunks + 1 words; sums has at least
 * 7 and `local size` words, local size being a power of two. Nothing here faults.
 */
#include "filter.h"
#include "vyre_kernels.h"
#include "order.h"

#ifndef VYRE_CHUNK_SLOTS
#define VYRE_CHUNK_SLOTS 2048u
#endif

#define VYRE_NOT_CLAIMABLE 7u

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

/* What the index says of a slot. */
typedef struct {
    uint class; /* of one that may be claimed now, or VYRE_NOT_CLAIMABLE */
    uint row;   /* what else to count, or VYRE_COUNT_ROWS */
} vyre_finding;

/* `seen` is what the slot holds, then what a resume has made of it. */
static vyre_finding vyre_examine(const vyre_filter *filter, uint slot, vyre_seen *seen) {
    vyre_finding finding = {VYRE_NOT_CLAIMABLE, VYRE_COUNT_ROWS};
    if (!vyre_is_selected(filter, slot)) return finding;
    const bool waits = seen->state == VYRE_STATE_PAUSED;
    if (!waits && !vyre_is_schedulable(seen->state)) return finding;
    if (!vyre_tenant_may_run(filter, seen->tenant)) {
        if (!waits) finding.row = VYRE_COUNT_SHUT_OUT;
        return finding;
    }
    if (waits) {
        if (!vyre_resume_if_due(filter->ring, slot, filter->epoch)) return finding;
        finding.row = VYRE_COUNT_RESUMED;
        seen->state = VYRE_STATE_READY;
        seen->flags = *VYRE_WORD(filter->ring, slot, VYRE_WORD_FLAGS);
    }
    finding.class = vyre_class(seen->priority, seen->age_ticks, filter->age_threshold);
    return finding;
}

/* By all of a chunk's work-items: the chunk's share of the directory, and by those of the first chunk flow,
 * as a round begins with them. */
static void vyre_clear_lines(volatile __global uint *flow, __global uint *directory, uint directory_words,
                             uint chunk, uint chunks) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const uint share = (directory_words + chunks - 1u) / chunks;
    const uint end = min(directory_words, share * (chunk + 1u));
    for (uint i = share * chunk + lane; i < end; i += lanes) directory[i] = 0u;
    if (chunk == 0u)
        for (uint i = lane; i < VYRE_FLOW_WORDS; i += lanes) flow[i] = 0u;
}

#if VYRE_MIRROR
/* By all of a chunk's work-items: its bytes of the mirror, of which all but a last chunk's are a multiple of
 * four. */
static void vyre_clear_mirror(__global uchar *mirror, uint first, uint count) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    __global uint *fours = (__global uint *)(mirror + first);
    for (uint i = lane; i < count / 4u; i += lanes) fours[i] = 0u;
    for (uint i = count / 4u * 4u + lane; i < count; i += lanes) mirror[first + i] = 0u;
}
#endif

#if VYRE_INDEX_LANES

#define VYRE_LOOK_CLOSER                                                                                     \
    6u /* in the place of a class: paused, aged, or held back as far as a first look can tell */
#define VYRE_SEEN_AHEAD 32u /* slots that are asked for before they are looked at */
#define VYRE_SORTS 8u       /* classes, VYRE_LOOK_CLOSER and VYRE_NOT_CLAIMABLE */

/* A slot's class by its own words alone, without a branch; `oldest` is the last tick that lifts no task,
 * `narrow` says that a launch claims less than all. */
static uint vyre_first_look(const vyre_seen *seen, uint oldest, bool narrow) {
    const bool closer = narrow || seen->age_ticks > oldest;
    const uint class = closer ? VYRE_LOOK_CLOSER : min(seen->priority, VYRE_PRIORITY_IDLE);
    const uint waits = seen->state == VYRE_STATE_PAUSED ? VYRE_LOOK_CLOSER : VYRE_NOT_CLAIMABLE;
    return (VYRE_SCHEDULABLE_STATES >> min(seen->state, VYRE_STATE_COUNT)) & 1u ? class : waits;
}

/* One work-item a chunk. A first look at its slots takes no branch and serves most of them; the others are
 * examined; then each slot goes to the end of its list, those that may not be claimed behind all lists, where
 * nobody looks. */
__kernel void vyre_index(VYRE_INDEX_PARAMETERS) {
    const uint chunks = (slots + chunk_slots - 1u) / chunk_slots;
    const uint chunk = get_global_id(0);
    if (chunk >= chunks) return;
    const vyre_filter filter = vyre_make_filter(ring, control, gate, selected, has_selected, age_threshold);
    const uint first = chunk * chunk_slots;
    const uint count = min(slots - first, chunk_slots);
    uchar classes[VYRE_CHUNK_SLOTS];
    uint sizes[VYRE_SORTS] = {0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u};
    uint odd[VYRE_SORTS] = {
        0u, 0u, 0u, 0u,
        0u, 0u, 0u, 0u}; /* two counts, so that neighbours of one class do not wait for each other */
    const bool narrow = gate || has_selected;
    for (uint i = 0; i < count; ++i) {
        VYRE_PREFETCH_READ(VYRE_WORD(ring, first + min(i + VYRE_SEEN_AHEAD, count - 1u), 0u));
        const vyre_seen seen = vyre_see(ring, first + i);
        const uint class = vyre_first_look(&seen, age_threshold - 1u, narrow);
        classes[i] = (uchar)class;
        ++(i & 1u ? odd : sizes)[class];
    }
    for (uint class = 0; class < VYRE_SORTS; ++class) sizes[class] += odd[class];
    uint tally[VYRE_COUNT_ROWS + 1u] = {0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u};
    if (sizes[VYRE_LOOK_CLOSER])
        for (uint i = 0; i < count; ++i) {
            if (classes[i] != VYRE_LOOK_CLOSER) continue;
            vyre_seen seen = vyre_see(ring, first + i);
            const vyre_finding finding = vyre_examine(&filter, first + i, &seen);
            ++tally[finding.row];
            classes[i] = (uchar)finding.class;
            ++sizes[finding.class];
        }
    uint next[VYRE_SORTS];
    uint place = first;
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) {
        next[class] = place;
        place += sizes[class];
        counts[class * chunks + chunk] = sizes[class];
    }
    next[VYRE_NOT_CLAIMABLE] = place;
    for (uint i = 0; i < count; ++i) {
        const vyre_seen seen = vyre_see(ring, first + i);
        const uint at = next[classes[i]]++;
        queue[at] = vyre_make_entry(&seen, first + i);
#if VYRE_MIRROR
        tags[at] = vyre_make_tag(&seen);
#endif
    }
#if VYRE_MIRROR
    vyre_clear_mirror(mirror, first, count);
#endif
    counts[VYRE_COUNT_RESUMED * chunks + chunk] = tally[VYRE_COUNT_RESUMED];
    counts[VYRE_COUNT_SHUT_OUT * chunks + chunk] = tally[VYRE_COUNT_SHUT_OUT];
    vyre_clear_lines(flow, directory, directory_words, chunk, chunks);
    if (chunks > 1u) return;
    for (uint class = 0, before = 0; class < VYRE_PRIORITY_COUNT; before += sizes[class++])
        begins[class] = places[class] = before;
    begins[VYRE_PRIORITY_COUNT] = place - first;
    for (uint row = 0; row < VYRE_COUNT_ROWS; ++row)
        totals[row] = row < VYRE_PRIORITY_COUNT ? sizes[row] : tally[row];
}

#else

/* One work-group a chunk. Pass 1 counts and keeps each slot's entry and class in local memory; pass 2 hands
 * out places. */
__kernel void vyre_index(VYRE_INDEX_PARAMETERS) {
    __local uint entries[VYRE_CHUNK_SLOTS];
    __local uchar classes[VYRE_CHUNK_SLOTS];
    __local uint tally[VYRE_COUNT_ROWS];
    __local uint next[VYRE_PRIORITY_COUNT];
    const uint chunks =
        max((slots + chunk_slots - 1u) / chunk_slots, 1u); /* of no slots at all one, which is empty */
    const uint chunk = get_group_id(0);
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const vyre_filter filter = vyre_make_filter(ring, control, gate, selected, has_selected, age_threshold);
    const uint first = chunk * chunk_slots;
    const uint count = min(slots - first, chunk_slots);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes) tally[row] = 0u;
    barrier(CLK_LOCAL_MEM_FENCE);
    uint sizes[VYRE_PRIORITY_COUNT] = {0u, 0u, 0u, 0u, 0u};
    for (uint i = lane; i < count; i += lanes) {
        vyre_seen seen = vyre_see(ring, first + i);
        const vyre_finding finding = vyre_examine(&filter, first + i, &seen);
#if VYRE_MIRROR
        entries[i] = vyre_make_entry(&seen, 0u) |
                     vyre_make_tag(&seen); /* the tag in the place of the slot, which `i` tells */
#else
        entries[i] = vyre_make_entry(&seen, first + i);
#endif
        classes[i] = (uchar)finding.class;
        for (uint k = 0; k < VYRE_PRIORITY_COUNT; ++k) sizes[k] += finding.class == k ? 1u : 0u;
        if (finding.row < VYRE_COUNT_ROWS) vyre_local_add(tally + finding.row, 1u);
    }
    for (uint k = 0; k < VYRE_PRIORITY_COUNT; ++k)
        if (sizes[k]) vyre_local_add(tally + k, sizes[k]);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes) {
        counts[row * chunks + chunk] = tally[row];
        uint before = 0u;
        for (uint k = 0; k < min(row, VYRE_PRIORITY_COUNT); ++k) before += tally[k];
        if (row < VYRE_PRIORITY_COUNT) next[row] = first + before;
        if (chunks > 1u) continue;
        totals[row] = tally[row];
        if (row <= VYRE_PRIORITY_COUNT) begins[row] = before;
        if (row < VYRE_PRIORITY_COUNT) places[row] = before;
    }
    vyre_clear_lines(flow, directory, directory_words, chunk, chunks);
#if VYRE_MIRROR
    vyre_clear_mirror(mirror, first, count);
#endif
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = lane; i < count; i += lanes) {
        if (classes[i] == VYRE_NOT_CLAIMABLE) continue;
        const uint at = vyre_local_fetch_add(next + classes[i], 1u);
#if VYRE_MIRROR
        queue[at] = (entries[i] & ~VYRE_ENTRY_SLOT) | (first + i);
        tags[at] = entries[i] & VYRE_ENTRY_SLOT;
#else
        queue[at] = entries[i];
#endif
    }
}

#endif

/* Exclusive prefix sum over one word a work-item, in local memory. */
static uint vyre_sum_before(__local uint *sums, uint own) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    sums[lane] = own;
    for (uint step = 1u; step < lanes; step *= 2u) {
        barrier(CLK_LOCAL_MEM_FENCE);
        const uint left = lane >= step ? sums[lane - step] : 0u;
        barrier(CLK_LOCAL_MEM_FENCE);
        sums[lane] += left;
    }
    return sums[lane] - own;
}

/* Sum of counts[first ... end); `first` is a multiple of 4. */
static uint vyre_sum_of(__global const uint *restrict counts, uint first, uint end) {
    __global const uint4 *fours = (__global const uint4 *)counts;
    uint sum = 0u;
    for (uint e = first / 4u; e < end / 4u; ++e) sum += fours[e].s0 + fours[e].s1 + fours[e].s2 + fours[e].s3;
    for (uint e = max(first, end - end % 4u); e < end; ++e) sum += counts[e];
    return sum;
}

/* One work-group: exclusive prefix sum over the 5 * chunks list sizes, class-major; where each list lies; the
 * totals of all rows.
 * Each work-item has a stretch of lists, four at a time: the group waits for memory a few times in all. */
__kernel void vyre_index_scan(VYRE_INDEX_SCAN_PARAMETERS) {
    const uint chunks = (slots + chunk_slots - 1u) / chunk_slots;
    const uint lists = VYRE_PRIORITY_COUNT * chunks;
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const uint share = ((lists + lanes - 1u) / lanes + 3u) / 4u * 4u;
    const uint first = min(lists, lane * share), end = min(lists, first + share);
    uint before = vyre_sum_before(sums, vyre_sum_of(counts, first, end));
    __global const uint4 *fours = (__global const uint4 *)counts;
    __global uint4 *begins_of_fours = (__global uint4 *)begins;
    for (uint e = first / 4u; e < end / 4u; ++e) {
        const uint4 sizes = fours[e];
        const uint4 begin = (uint4)(before, before + sizes.s0, before + sizes.s0 + sizes.s1,
                                    before + sizes.s0 + sizes.s1 + sizes.s2);
        begins_of_fours[e] = begin;
        before = begin.s3 + sizes.s3;
    }
    for (uint e = max(first, end - end % 4u); e < end; ++e) {
        begins[e] = before;
        before += counts[e];
    }
    if (end == lists && first < end) begins[lists] = before;
    for (uint chunk = lane; chunk < chunks; chunk += lanes) {
        uint place = chunk * chunk_slots;
        for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) {
            places[class * chunks + chunk] = place;
            place += counts[class * chunks + chunk];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes) sums[row] = 0u;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = VYRE_PRIORITY_COUNT; row < VYRE_COUNT_ROWS; ++row) {
        uint total = 0u;
        for (uint chunk = lane; chunk < chunks; chunk += lanes) total += counts[row * chunks + chunk];
        if (total) vyre_local_add(sums + row, total);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint row = lane; row < VYRE_COUNT_ROWS; row += lanes)
        totals[row] =
            row < VYRE_PRIORITY_COUNT ? begins[(row + 1u) * chunks] - begins[row * chunks] : sums[row];
}
