/* choose.h - the next piece of work there is: a ticket of the order, a block that somebody spilled, or one
 * that the worker is filling itself.
 *
 * The highest class first; of one class the order's own before what was spilled; after a share of claims at
 * Critical and High something from below, while there is any. A look costs one wait for memory, a ticket a
 * second one.
 *
 * Leaving (seek.h): a worker is counted as busy while it holds work or blocks that it has not published. One
 * that finds nothing while nobody is busy leaves at once, for nobody can make more; else it looks again, a
 * bounded number of times. Work that appears after it has left is found by whoever made it, or by the next
 * round.
 */
#ifndef VYRE_CHOOSE_H
#define VYRE_CHOOSE_H

#include "order.h"
#include "spill.h"

typedef struct {
    uint kind; /* VYRE_PICK_* */
    uint class;
    uint begin; /* first position, or block */
    uint count;
    uint higher_waits; /* something of a higher class was left */
    vyre_cursor start; /* of a ticket */
} vyre_pick;

#define VYRE_PICK_NOTHING 0u
#define VYRE_PICK_TICKET 1u
#define VYRE_PICK_BLOCK 2u
#define VYRE_PICK_OWN 3u /* the block of that class that this worker is filling */
#define VYRE_PICK_INBOX 4u /* slots that others offer; no block */

static vyre_pick vyre_pick_nothing(void) {
    const vyre_pick nothing = {VYRE_PICK_NOTHING, VYRE_PRIORITY_COUNT, 0u, 0u, 0u, {0u, 0u, 0u}};
    return nothing;
}

/* What a worker sees of the round. */
typedef struct {
    uint shutdown;
    uint next_high; /* class of the next ticket of each side, or VYRE_PRIORITY_COUNT */
    uint next_low;
    uint spilled; /* blocks were handed out */
    uint busy;    /* workers */
} vyre_sight;

static vyre_sight vyre_look(const vyre_order *order, const vyre_spill *spill, volatile __global uint *flow,
                            volatile __global uint *control, uint ticket) {
    /* All at once: none waits for another. */
    const uint shutdown = vyre_load_relaxed(control + VYRE_CONTROL_SHUTDOWN);
    const uint taken_high = vyre_load_relaxed(flow + VYRE_FLOW_HIGH),
               taken_low = vyre_load_relaxed(flow + VYRE_FLOW_LOW);
    const uint blocks = vyre_load_relaxed(flow + VYRE_FLOW_BLOCKS),
               busy = vyre_load_relaxed(flow + VYRE_FLOW_BUSY);
    vyre_sight sight;
    sight.shutdown = shutdown;
    sight.next_high = vyre_next_class(order, false, taken_high, ticket);
    sight.next_low = vyre_next_class(order, true, taken_low, ticket);
    sight.spilled = spill->blocks && blocks;
    sight.busy = busy;
    return sight;
}

/* Takes the next ticket of one side of the order; false when that side is used up. */
static bool vyre_take_ticket(const vyre_order *order, volatile __global uint *flow, bool low, uint ticket,
                             vyre_pick *pick) {
    const uint first = vyre_side_begin(order, low), end = vyre_side_end(order, low);
    const ulong behind = (ulong)vyre_add_relaxed(flow + vyre_side_head(low), 1u) * ticket;
    if (behind >= end - first) return false;
    pick->kind = VYRE_PICK_TICKET;
    pick->begin = first + (uint)behind;
    pick->count = min(ticket, end - pick->begin);
    pick->class = vyre_class_at(order, pick->begin);
    pick->start = vyre_cursor_at(order, pick->begin);
    return true;
}

/* Takes the first block that there is of classes `least` up to below `most`; the worker's own where that is
 * of as high a class. */
static bool vyre_take_spilled(const vyre_spill *spill, volatile __global uint *flow, vyre_held *held,
                              bool spilled, uint own, uint least, uint most, vyre_pick *pick) {
    for (uint class = least; class < most; ++class) {
        if (class == own) {
            pick->kind = VYRE_PICK_OWN;
            pick->class = class;
            return true;
        }
        const uint block = spilled ? vyre_take_block(spill, flow, held, class) : VYRE_NO_BLOCK;
        if (block == VYRE_NO_BLOCK) continue;
        pick->kind = VYRE_PICK_BLOCK;
        pick->class = class;
        pick->begin = block;
        pick->count = spill->sizes[block];
        return true;
    }
    return false;
}

/* The next piece of work; `above` is the number of claims at Critical and High in a row, `own` the highest
 * class of which this worker fills a block (VYRE_PRIORITY_COUNT: none). */
static vyre_pick vyre_choose(const vyre_order *order, const vyre_spill *spill, volatile __global uint *flow,
                             const vyre_sight *sight, vyre_held *held, uint ticket, uint above, uint own) {
    vyre_pick pick = vyre_pick_nothing();
    const uint next = min(sight->next_high, sight->next_low);
    if (above >= VYRE_STARVATION_LIMIT * ticket) {
        pick.higher_waits = next < VYRE_PRIORITY_NORMAL || own < VYRE_PRIORITY_NORMAL;
        if (vyre_take_spilled(spill, flow, held, sight->spilled, own, VYRE_PRIORITY_NORMAL, sight->next_low,
                              &pick))
            return pick;
        if (sight->next_low < VYRE_PRIORITY_COUNT && vyre_take_ticket(order, flow, true, ticket, &pick))
            return pick;
        pick.higher_waits = 0u;
    }
    if (vyre_take_spilled(spill, flow, held, sight->spilled, own, 0u, next, &pick)) return pick;
    if (sight->next_high < VYRE_PRIORITY_COUNT && vyre_take_ticket(order, flow, false, ticket, &pick))
        return pick;
    if (sight->next_low < VYRE_PRIORITY_COUNT && vyre_take_ticket(order, flow, true, ticket, &pick))
        return pick;
    if (next < VYRE_PRIORITY_COUNT) /* the tickets that were seen are gone */
        vyre_take_spilled(spill, flow, held, sight->spilled, own, next, VYRE_PRIORITY_COUNT, &pick);
    return pick;
}

/* For a worker that is about to leave: a block that stands in one of the places it holds; the others are
 * given up. */
static vyre_pick vyre_leave_places(const vyre_spill *spill, vyre_held *held) {
    vyre_pick pick = vyre_pick_nothing();
    for (uint class = 0; class < VYRE_PRIORITY_COUNT && pick.kind == VYRE_PICK_NOTHING; ++class) {
        const uint block = vyre_abandon_place(spill, held, class);
        if (block == VYRE_NO_BLOCK) continue;
        pick.kind = VYRE_PICK_BLOCK;
        pick.class = class;
        pick.begin = block;
        pick.count = spill->sizes[block];
    }
    return pick;
}

/* Whether a block of a class above `class` waits. */
static bool vyre_spilled_above(const vyre_spill *spill, volatile __global uint *flow, uint class) {
    for (uint higher = 0; higher < class; ++higher)
        if (vyre_has_spilled(spill, flow, higher)) return true;
    return false;
}

static void vyre_become_busy(volatile __global uint *flow) { vyre_add_relaxed(flow + VYRE_FLOW_BUSY, 1u); }

/* Says whether others are busy still. */
static bool vyre_become_idle(volatile __global uint *flow) {
    return vyre_add_relaxed(flow + VYRE_FLOW_BUSY, VYRE_U32_MAX) > 1u;
}

#endif
