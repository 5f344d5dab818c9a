/* order.h - the order of a round, as index.cl leaves it, and tickets of it.
 *
 *   queue    | chunk 0: class 0, class 1, ... class 4, (rest unused) | chunk 1: ... |
 *   lists    list e = class * chunks + chunk; begins[e] = tasks before it in class-major order, places[e] =
 *            where it is in queue
 *   order    0 ............ begins[chunks] ............ begins[2 * chunks] ............ all
 *            class 0: chunk 0, chunk 1, ...   class 1: chunk 0, ...          ... class 4
 *
 * Classes 0-1 (high) and 2-4 (low) have a head each, so that a share of the work can be taken from below.
 *
 * An entry of the queue is a slot index. With VYRE_HINTS, where nobody but this program touches the ring
 * while it runs, its upper bits say what the index saw: which state to try first, whether the flags are 0,
 * whether the operation is a group's. A worker then needs only the first half of a slot that finishes at
 * once.
 *
 * With VYRE_MIRROR a tag stands beside each entry, in an array of its own: of a task that does nothing but
 * end (vyre_is_op_at_once) it holds all that is counted, so that a worker needs nothing of the slot at all.
 * It notes the end as one byte of the mirror; settle.cl writes the slots.
 *
 * Memory order: queue, begins, places are read-only here; heads by relaxed adds.
 */
#ifndef VYRE_ORDER_H
#define VYRE_ORDER_H

#include "turn.h"

#ifndef VYRE_HINTS
#define VYRE_HINTS 0
#endif

#define VYRE_ENTRY_SLOT 0x0FFFFFFFu /* a slot index has 28 bits */
#define VYRE_ENTRY_STATE_SHIFT 28u
#define VYRE_ENTRY_CLEAN 0x40000000u
#define VYRE_ENTRY_GROUP 0x80000000u

#ifndef VYRE_MIRROR
#define VYRE_MIRROR 0
#endif

/* A tag: tally row, tenant modulo 32, priority, and whether the task may be ended by it alone. 28 bits. */
#define VYRE_TAG_ROW 0xFFFFu
#define VYRE_TAG_TENANT_SHIFT 16u
#define VYRE_TAG_PRIORITY_SHIFT 21u
#define VYRE_TAG_AT_ONCE 0x08000000u

/* The words of a slot that an index looks at. */
typedef struct {
    uint state, op_handle, tenant, priority, age_ticks, flags;
} vyre_seen;

static vyre_seen vyre_see(__global const uint *ring, uint slot) {
    __global const uint *words = VYRE_WORD(ring, slot, 0u);
    vyre_seen seen;
#if VYRE_HINTS
    /* Nobody writes meanwhile: two loads of four words instead of six, each of which would ask for as many
     * lines as there are slots. */
    const uint4 front = *(__global const uint4 *)words,
                back = *(__global const uint4 *)(words + VYRE_WORD_AGE_TICKS);
    seen.state = front.s0;
    seen.op_handle = front.s1;
    seen.tenant = front.s2;
    seen.priority = front.s3;
    seen.age_ticks = back.s0;
    seen.flags = back.s3;
#else
    seen.state = vyre_load_relaxed((vyre_word_ptr)words);
    seen.op_handle = words[VYRE_WORD_OP_HANDLE];
    seen.tenant = words[VYRE_WORD_TENANT_ID];
    seen.priority = words[VYRE_WORD_PRIORITY];
    seen.age_ticks = words[VYRE_WORD_AGE_TICKS];
    seen.flags = words[VYRE_WORD_FLAGS];
#endif
    return seen;
}

static uint vyre_make_tag(const vyre_seen *seen) {
    const uint row = vyre_tally_row(seen->op_handle);
    if (!vyre_is_op_at_once(seen->op_handle) || seen->flags || row > VYRE_TAG_ROW) return 0u;
    const uint tenant = seen->tenant % VYRE_CONTROL_TENANT_FAIRNESS_WORDS;
    const uint priority = min(seen->priority, VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS);
    return VYRE_TAG_AT_ONCE | priority << VYRE_TAG_PRIORITY_SHIFT | tenant << VYRE_TAG_TENANT_SHIFT | row;
}

/* The two bits of a schedulable state. */
static uint vyre_state_hint(uint state) {
    return (state == VYRE_STATE_READY ? 0u : state == VYRE_STATE_YIELDED ? 1u : 2u) << VYRE_ENTRY_STATE_SHIFT;
}

static uint vyre_hinted_state(uint entry) {
    const uint hint = (entry >> VYRE_ENTRY_STATE_SHIFT) & 3u;
    return hint == 0u ? VYRE_STATE_READY : hint == 1u ? VYRE_STATE_YIELDED : VYRE_STATE_REQUEUED;
}

/* What the index writes for a claimable slot. */
static uint vyre_make_entry(const vyre_seen *seen, uint slot) {
#if VYRE_HINTS
    return slot | vyre_state_hint(seen->state) | (seen->flags ? 0u : VYRE_ENTRY_CLEAN) |
           (vyre_is_group_op(seen->op_handle) ? VYRE_ENTRY_GROUP : 0u);
#else
    return slot;
#endif
}

typedef struct {
    __global const uint *queue;
    __global const uint *begins;
    __global const uint *places;
    uint chunks;
    uint bounds[VYRE_PRIORITY_COUNT + 1u]; /* where each class begins; the last is the number of tasks */
} vyre_order;

static vyre_order vyre_make_order(__global const uint *queue, __global const uint *begins,
                                  __global const uint *places, uint chunks) {
    vyre_order order;
    order.queue = queue;
    order.begins = begins;
    order.places = places;
    order.chunks = chunks;
    for (uint class = 0; class <= VYRE_PRIORITY_COUNT; ++class) order.bounds[class] = begins[class * chunks];
    return order;
}

/* Class of the task at a position. */
static uint vyre_class_at(const vyre_order *order, uint position) {
    uint class = 0u;
    for (uint next = 1u; next < VYRE_PRIORITY_COUNT; ++next)
        class += position >= order->bounds[next] ? 1u : 0u;
    return class;
}

/* The list that holds a position < count: the last one that begins at or before it. The lists of a class are
 * mostly of one length: the search starts where the position would then be, and doubles its step until it has
 * the list between two ends. */
static uint vyre_find_list(const vyre_order *order, uint position) {
    const uint class = vyre_class_at(order, position);
    const uint first = class * order->chunks;
    const ulong size = order->bounds[class + 1u] - order->bounds[class];
    const uint guess =
        first + (uint)((ulong)(position - order->bounds[class]) * order->chunks / max(size, (ulong)1u));
    uint low = guess, high = guess + 1u;
    for (uint step = 1u; low > first && order->begins[low] > position; step *= 2u) {
        high = low;
        low = low - first > step ? low - step : first;
    }
    for (uint step = 1u; high < first + order->chunks && order->begins[high] <= position; step *= 2u) {
        low = high;
        high = min(high + step, first + order->chunks);
    }
    while (high - low > 1u) {
        const uint middle = low + (high - low) / 2u;
        if (order->begins[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Where a worker is in the order: the list it is in, where that ends, and what leads from a position to its
 * place in the queue. */
typedef struct {
    uint list;
    uint until;
    uint shift; /* modulo 2^32 */
} vyre_cursor;

static void vyre_enter_list(const vyre_order *order, vyre_cursor *cursor, uint list) {
    cursor->list = list;
    cursor->until = order->begins[list + 1u];
    cursor->shift = order->places[list] - order->begins[list];
}

static vyre_cursor vyre_cursor_at(const vyre_order *order, uint position) {
    vyre_cursor cursor;
    vyre_enter_list(order, &cursor, vyre_find_list(order, position));
    return cursor;
}

#define VYRE_NEAR_LISTS 4u /* gone through one by one; what is farther away is searched */

/* Where in the queue the entry of a position is, which is not before the cursor's list. */
static uint vyre_place_at(const vyre_order *order, vyre_cursor *cursor, uint position) {
    for (uint step = 0; cursor->until <= position; ++step)
        if (step < VYRE_NEAR_LISTS)
            vyre_enter_list(order, cursor, cursor->list + 1u);
        else
            *cursor = vyre_cursor_at(order, position);
    return position + cursor->shift;
}

static uint vyre_entry_at(const vyre_order *order, vyre_cursor *cursor, uint position) {
    return order->queue[vyre_place_at(order, cursor, position)];
}

/* One side of the order: positions, and the head that hands out its tickets. */
static uint vyre_side_begin(const vyre_order *order, bool low) {
    return low ? order->bounds[VYRE_PRIORITY_NORMAL] : 0u;
}
static uint vyre_side_end(const vyre_order *order, bool low) {
    return order->bounds[low ? VYRE_PRIORITY_COUNT : VYRE_PRIORITY_NORMAL];
}
static uint vyre_side_head(bool low) { return low ? VYRE_FLOW_LOW : VYRE_FLOW_HIGH; }

/* Class of the next ticket of a side of which `taken` are gone; VYRE_PRIORITY_COUNT when none is left. */
static uint vyre_next_class(const vyre_order *order, bool low, uint taken, uint ticket) {
    const uint first = vyre_side_begin(order, low);
    const ulong behind = (ulong)taken * ticket;
    return behind >= vyre_side_end(order, low) - first ? VYRE_PRIORITY_COUNT
                                                       : vyre_class_at(order, first + (uint)behind);
}

#endif
