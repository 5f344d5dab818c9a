/* order.h - the order of a round, as index.cl leaves it, and tickets of it.
 *
 *   queue    | chunk 0: class 0, class 1, ... class 4, (rest unused) | chunk 1: ... |
 *   lists    list e = class * chunks + chunk; begins[e] = tasks before it in class-major order, places[e] = where it is in queue
 *   order    0 ............ begins[chunks] ............ begins[2 * chunks] ............ all
 *            class 0: chunk 0, chunk 1, ...   class 1: chunk 0, ...          ... class 4
 *
 * Classes 0-1 (high) and 2-4 (low) have a head each, so that a share of the work can be taken from below.
 *
 * An entry of the queue is a slot index. With VYRE_HINTS, where nobody but this program touches the ring while it runs, its upper
 * bits say what the index saw: which state to try first, whether the flags are 0, whether the operation is a group's. A worker then
 * needs only the first half of a slot that finishes at once.
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

/* The two bits of a schedulable state. */
static uint vyre_state_hint(uint state) {
    return (state == VYRE_STATE_READY ? 0u : state == VYRE_STATE_YIELDED ? 1u : 2u) << VYRE_ENTRY_STATE_SHIFT;
}

static uint vyre_hinted_state(uint entry) {
    const uint hint = (entry >> VYRE_ENTRY_STATE_SHIFT) & 3u;
    return hint == 0u ? VYRE_STATE_READY : hint == 1u ? VYRE_STATE_YIELDED : VYRE_STATE_REQUEUED;
}

/* What the index writes for a claimable slot. */
static uint vyre_make_entry(__global const uint *words, uint slot, uint state) {
#if VYRE_HINTS
    return slot | vyre_state_hint(state) | (words[VYRE_WORD_FLAGS] ? 0u : VYRE_ENTRY_CLEAN) |
           (vyre_is_group_op(words[VYRE_WORD_OP_HANDLE]) ? VYRE_ENTRY_GROUP : 0u);
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

static vyre_order vyre_make_order(__global const uint *queue, __global const uint *begins, __global const uint *places,
                                  uint chunks) {
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
    for (uint next = 1u; next < VYRE_PRIORITY_COUNT; ++next) class += position >= order->bounds[next] ? 1u : 0u;
    return class;
}

/* The list that holds a position < count: the last one that begins at or before it. The lists of a class are mostly of one length: the
 * search starts where the position would then be, and doubles its step until it has the list between two ends. */
static uint vyre_find_list(const vyre_order *order, uint position) {
    const uint class = vyre_class_at(order, position);
    const uint first = class * order->chunks;
    const ulong size = order->bounds[class + 1u] - order->bounds[class];
    const uint guess = first + (uint)((ulong)(position - order->bounds[class]) * order->chunks / max(size, (ulong)1u));
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

/* Where a worker is in the order: the list it is in, where that ends, and what leads from a position to its place in the queue. */
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

/* The entry at a position not before the cursor's list. */
static uint vyre_entry_at(const vyre_order *order, vyre_cursor *cursor, uint position) {
    for (uint step = 0; cursor->until <= position; ++step)
        if (step < VYRE_NEAR_LISTS)
            vyre_enter_list(order, cursor, cursor->list + 1u);
        else
            *cursor = vyre_cursor_at(order, position);
    return order->queue[position + cursor->shift];
}

/* One side of the order: positions, and the head that hands out its tickets. */
static uint vyre_side_begin(const vyre_order *order, bool low) { return low ? order->bounds[VYRE_PRIORITY_NORMAL] : 0u; }
static uint vyre_side_end(const vyre_order *order, bool low) {
    return order->bounds[low ? VYRE_PRIORITY_COUNT : VYRE_PRIORITY_NORMAL];
}
static uint vyre_side_head(bool low) { return low ? VYRE_FLOW_LOW : VYRE_FLOW_HIGH; }

/* Class of the next ticket of a side of which `taken` are gone; VYRE_PRIORITY_COUNT when none is left. */
static uint vyre_next_class(const vyre_order *order, bool low, uint taken, uint ticket) {
    const uint first = vyre_side_begin(order, low);
    const ulong behind = (ulong)taken * ticket;
    return behind >= vyre_side_end(order, low) - first ? VYRE_PRIORITY_COUNT : vyre_class_at(order, first + (uint)behind);
}

#endif
