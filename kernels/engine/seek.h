/* seek.h - what a worker does next: takes slots that others offer, chooses of the round, waits, or leaves.
 *
 * One function for every driver whose workers share a round. A driver says before it includes this:
 * VYRE_POLLS, how often a worker looks again while others are busy; VYRE_OFFERED, how many offered slots it
 * takes at once, and where to (VYRE_OFFERED_AT); VYRE_OFFERS_QUEUE, that it can only queue them. What it does
 * with a pick is its own.
 *
 * Waiting: see choose.h. In a program that others reach while it runs (VYRE_LIVE) a worker that finds nothing
 * stays until the host asks idle workers to leave, or until it has looked idle_polls times in vain: no wish
 * need reach it.
 *
 * Memory order: looks are relaxed; whatever is found is claimed in its own order (core.h, spill.h, live.h).
 */
#ifndef VYRE_SEEK_H
#define VYRE_SEEK_H

#include "choose.h"
#include "filter.h"

/* Slots that others offer (live.h), on their way to a worker or to the blocks of their classes. */
typedef struct {
#if VYRE_LIVE
    uint slot[VYRE_OFFERED];
#endif
    uint count;
} vyre_offered;

typedef VYRE_OFFERED_AT vyre_offered *vyre_offered_ptr;

/* A worker's search. */
typedef struct {
    const vyre_order *order;
    const vyre_spill *spill;
    uint ticket;
    uint ring_slots;
    uint idle_polls;
    vyre_sight sight; /* of the last look */
    vyre_held held;
    uint above; /* claims at Critical and High in a row */
    uint polls; /* looks in vain while others were busy */
    uint idle;  /* looks in vain since it last had work */
    bool busy;
} vyre_seeker;

static vyre_seeker vyre_make_seeker(const vyre_order *order, const vyre_spill *spill, uint ticket,
                                    uint ring_slots, uint idle_polls, uint above) {
    vyre_seeker seeker;
    seeker.order = order;
    seeker.spill = spill;
    seeker.ticket = ticket;
    seeker.ring_slots = ring_slots;
    seeker.idle_polls = idle_polls;
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) seeker.held.place[class] = VYRE_NO_BLOCK;
    seeker.above = above;
    seeker.polls = seeker.idle = 0u;
    seeker.busy = false;
    return seeker;
}

#if VYRE_LIVE

/* Whether others offer slots that this worker can take. */
static bool vyre_is_offered(const vyre_worker *w, const vyre_seeker *seeker) {
    return (!VYRE_OFFERS_QUEUE || seeker->spill->blocks) && vyre_live_waits(&w->live);
}

/* Takes what is offered; false when that is nothing. */
static bool vyre_take_offered(const vyre_worker *w, const vyre_seeker *seeker, vyre_offered_ptr offered) {
    uint slot, count = 0u;
    if (!vyre_is_offered(w, seeker)) return false;
    while (count < VYRE_OFFERED && vyre_live_take_one(&w->live, &slot))
        if (slot < seeker->ring_slots) offered->slot[count++] = slot;
    offered->count = count;
    return count != 0u;
}

static bool vyre_must_leave_now(const vyre_worker *w) {
    return vyre_live_wish(&w->live) == VYRE_LIVE_LEAVE_NOW;
}

/* Whether a worker that found nothing stays all the same. */
static bool vyre_is_patient(const vyre_worker *w, vyre_seeker *seeker) {
    if (seeker->idle >= seeker->idle_polls) return false;
    if (++seeker->idle == seeker->idle_polls) vyre_add_relaxed(w->flow + VYRE_FLOW_TIRED, 1u);
    if (vyre_live_follows(&w->live) && vyre_live_wish(&w->live) == VYRE_LIVE_STAY &&
        !vyre_spill_is_used_up(seeker->spill, w->flow))
        return true;
    return vyre_is_offered(w, seeker);
}

#else

static bool vyre_take_offered(const vyre_worker *w, const vyre_seeker *seeker, vyre_offered_ptr offered) {
    return false;
}
static bool vyre_must_leave_now(const vyre_worker *w) { return false; }
static bool vyre_is_patient(const vyre_worker *w, vyre_seeker *seeker) { return false; }

#endif

/* Nothing was found: says whether to look once more. */
static bool vyre_looks_again(vyre_worker *w, vyre_seeker *seeker) {
    const bool others = seeker->busy ? vyre_become_idle(w->flow) : seeker->sight.busy > 0u;
    seeker->busy = false;
    vyre_watch_poll(&w->watch);
    return vyre_is_patient(w, seeker) || (others && ++seeker->polls < VYRE_POLLS);
}

/* The next piece of work, or VYRE_PICK_NOTHING for a worker that is to leave; `own` is the highest class of
 * which it fills a block (VYRE_PRIORITY_COUNT: none). */
VYRE_APART static vyre_pick vyre_seek(vyre_worker *w, vyre_seeker *seeker, vyre_offered_ptr offered,
                                      uint own) {
    vyre_pick pick = vyre_pick_nothing();
    do {
        seeker->sight = vyre_look(seeker->order, seeker->spill, w->flow, w->env.control, seeker->ticket);
        if (seeker->sight.shutdown || vyre_must_leave_now(w)) return pick;
        if (vyre_take_offered(w, seeker, offered))
            pick.kind = VYRE_PICK_INBOX;
        else
            pick = vyre_choose(seeker->order, seeker->spill, w->flow, &seeker->sight, &seeker->held,
                               seeker->ticket, seeker->above, own);
    } while (pick.kind == VYRE_PICK_NOTHING && vyre_looks_again(w, seeker));
    if (pick.kind == VYRE_PICK_NOTHING) pick = vyre_leave_places(seeker->spill, &seeker->held);
    if (pick.kind == VYRE_PICK_NOTHING) return pick;
    if (!seeker->busy) vyre_become_busy(w->flow);
    seeker->busy = true;
    seeker->polls = seeker->idle = 0u;
    if (seeker->sight.spilled && vyre_spilled_above(seeker->spill, w->flow, pick.class))
        pick.higher_waits = 1u;
    return pick;
}

/* Work of a class was done, with so many claims. */
static void vyre_note_claims(vyre_seeker *seeker, uint class, uint claims) {
    seeker->above = class < VYRE_PRIORITY_NORMAL ? add_sat(seeker->above, claims) : 0u;
}

/* The worker leaves; its open blocks are published. */
static void vyre_end_search(vyre_worker *w, vyre_seeker *seeker) {
    if (seeker->busy) vyre_become_idle(w->flow);
    vyre_store_relaxed(w->env.control + VYRE_CONTROL_PRIORITY_STARVATION, seeker->above);
}

#endif
