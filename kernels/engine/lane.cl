/* lane.cl - the driver for CPUs: every work-item is a worker of its own.
 *
 * Phases: take a ticket, a block or what others offer (seek.h), turn its slots, spill what must queue; leave
 * when nothing is left, on SHUTDOWN, or when the claims of this kernel are used up. Nobody waits for anybody:
 * work that a worker has in hand when it leaves is either published in a block or left to the next round by
 * its state.
 *
 * Memory order: slots as in core.h; spilled blocks as in spill.h; flow by relaxed adds and compare-and-swaps.
 * The host guarantees: order as left by index.cl over the same ring; spill arrays as in spill.h; flow, tally
 * sized as in turn.h; work-groups of one work-item.
 * A fault ends the task, never the worker.
 */
#define VYRE_BLOCK VYRE_LANE_BLOCK
#define VYRE_POLLS 64u
#define VYRE_AHEAD 16u /* slots that are asked for before their turn */
#define VYRE_SPAN 256u /* entries of the order that are looked up together */

#define VYRE_OFFERED 32u
#define VYRE_OFFERED_AT /* private memory */
#define VYRE_OFFERS_QUEUE 0

#include "seek.h"
#include "vyre_kernels.h"

/* Blocks that this worker is filling, one a class, and those that it may fill next. */
typedef struct {
    uint block[VYRE_PRIORITY_COUNT];
    uint size[VYRE_PRIORITY_COUNT];
    vyre_kept kept;
} vyre_open_blocks;

/* The highest class with an open block, or VYRE_PRIORITY_COUNT. */
static uint vyre_first_open(const vyre_open_blocks *open) {
    uint class = 0u;
    while (class < VYRE_PRIORITY_COUNT && !open->size[class]) ++class;
    return class;
}

/* Publishes every open block. */
VYRE_APART static void vyre_flush(const vyre_spill *spill, volatile __global uint *flow,
                                  vyre_open_blocks *open) {
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
        if (open->size[class]) vyre_publish_block(spill, flow, class, open->block[class], open->size[class]);
}

/* Says whether there was room; a slot without is found by the next index. */
VYRE_APART static bool vyre_spill_slot(const vyre_spill *spill, volatile __global uint *flow,
                                       vyre_open_blocks *open, uint class, uint slot) {
    if (!spill->blocks) return false;
    if (!open->size[class]) {
        open->block[class] = vyre_open_block(spill, flow, &open->kept);
        if (open->block[class] == VYRE_NO_BLOCK) return false;
    }
    spill->pool[open->block[class] * VYRE_BLOCK + open->size[class]] = slot;
    if (++open->size[class] == VYRE_BLOCK) {
        vyre_publish_block(spill, flow, class, open->block[class], VYRE_BLOCK);
        open->size[class] = 0u;
    }
    return true;
}

#if VYRE_HAS_FAMILY
/* Tasks that were born, or whose wait ended, while this worker turned a slot. */
static void vyre_spill_born(vyre_worker *w, const vyre_spill *spill, vyre_open_blocks *open) {
    for (uint born; (born = vyre_next_born(w->env.nursery));)
        vyre_spill_slot(spill, w->flow, open, vyre_class_of(w->env.nursery, born - 1u, w->age_threshold),
                        born - 1u);
}
#else
#define vyre_spill_born(worker, spill, open)
#endif

/* Claims the first of these slots, or several that end at once; says how many, and of each whether it was
 * won. */
static uint vyre_claim_first(vyre_worker *w, const uint *slots, uint count, bool *won, bool *at_once) {
    const uint several = vyre_count_at_once(w, slots, count), claimed = max(several, 1u);
    for (uint k = 0; k < claimed; ++k) VYRE_PREFETCH(VYRE_WORD(w->ring, slots[VYRE_AHEAD + k], 0u));
    *at_once = several > 0u;
    if (several)
        vyre_claim_at_once(w, slots, several, won);
    else
        won[0] = vyre_claim_one(w, slots[0]);
    return claimed;
}

/* Turns of up to VYRE_SPAN slots; slots[count ... count + VYRE_AHEAD) may be anything that is inside the
 * ring. */
VYRE_APART static void vyre_run_slots(vyre_worker *w, const vyre_spill *spill, vyre_open_blocks *open,
                                      const uint *slots, uint count) {
    for (uint ahead = 0; ahead < VYRE_AHEAD; ++ahead) VYRE_PREFETCH(VYRE_WORD(w->ring, slots[ahead], 0u));
    for (uint i = 0, claimed; i < count && !w->leaves; i += claimed) {
        bool won[VYRE_MOST_AT_ONCE], at_once;
        claimed = vyre_claim_first(w, slots + i, count - i, won, &at_once);
        for (uint k = 0; k < claimed; ++k) {
            const uint after = won[k] ? vyre_turns(w, slots[i + k], VYRE_TURNS, at_once) : VYRE_RESTS;
            if (after != VYRE_RESTS) vyre_spill_slot(spill, w->flow, open, after, slots[i + k]);
        }
        vyre_spill_born(w, spill, open);
    }
}

/* What a worker picked, on its way through it. */
typedef struct {
    vyre_pick pick;
    vyre_cursor cursor;
    uint at; /* how many of its slots were given out */
} vyre_picked;

static vyre_picked vyre_begin_pick(vyre_pick pick, vyre_open_blocks *open, const vyre_offered *offered) {
    if (pick.kind == VYRE_PICK_OWN) {
        pick.begin = open->block[pick.class];
        pick.count = open->size[pick.class];
        open->size[pick.class] = 0u;
    }
    if (pick.kind == VYRE_PICK_INBOX) pick.count = offered->count;
    const vyre_picked picked = {pick, pick.start, 0u};
    return picked;
}

/* Of slots that other processes offer, the next that is to be turned at once: its class is one that nothing
 * waits above. The others queue. False when there is none left. */
static bool vyre_accept_one(vyre_worker *w, const vyre_seeker *seeker, const vyre_offered *offered,
                            vyre_open_blocks *open, const vyre_filter *filter, vyre_picked *picked,
                            uint *slot) {
#if VYRE_LIVE
    const vyre_sight *sight = &seeker->sight;
    while (picked->at < picked->pick.count) {
        *slot = offered->slot[picked->at++];
        __global const uint *words = VYRE_WORD(w->ring, *slot, 0u);
        if (!vyre_is_selected(filter, *slot) || !vyre_tenant_may_run(filter, words[VYRE_WORD_TENANT_ID]))
            continue;
        const uint class =
            vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], w->age_threshold);
        const bool waits = min(min(sight->next_high, sight->next_low), vyre_first_open(open)) < class ||
                           (sight->spilled && vyre_spilled_above(seeker->spill, w->flow, class));
        if (waits && vyre_spill_slot(seeker->spill, w->flow, open, class, *slot)) continue;
        w->higher_waits = waits;
        return true;
    }
#endif
    return false;
}

/* The next slots of a ticket or a block, up to VYRE_SPAN; 0 when there are none left. */
static uint vyre_next_of_pick(const vyre_seeker *seeker, vyre_picked *picked, uint *slots) {
    const vyre_pick *pick = &picked->pick;
    const uint count = min(pick->count - picked->at, VYRE_SPAN);
    if (pick->kind == VYRE_PICK_TICKET) {
        for (uint i = 0; i < count; ++i)
            slots[i] =
                vyre_entry_at(seeker->order, &picked->cursor, pick->begin + picked->at + i) & VYRE_ENTRY_SLOT;
    } else {
        __global const uint *pool = seeker->spill->pool + pick->begin * VYRE_BLOCK + picked->at;
        for (uint i = 0; i < count; ++i) slots[i] = pool[i];
    }
    picked->at += count;
    return count;
}

/* The next slots of what was picked, and VYRE_AHEAD harmless ones behind them. */
VYRE_APART static uint vyre_next_span(vyre_worker *w, const vyre_seeker *seeker, const vyre_offered *offered,
                                      vyre_open_blocks *open, const vyre_filter *filter, vyre_picked *picked,
                                      uint *slots) {
    const uint count = picked->pick.kind == VYRE_PICK_INBOX
                           ? (uint)vyre_accept_one(w, seeker, offered, open, filter, picked, slots)
                           : vyre_next_of_pick(seeker, picked, slots);
    for (uint ahead = 0; count && ahead < VYRE_AHEAD; ++ahead) slots[count + ahead] = slots[count - 1u];
    return count;
}

__kernel void vyre_run(VYRE_RUN_PARAMETERS) {
    uint counts[VYRE_TALLY_WORDS];
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) counts[i] = 0u;
    const vyre_env env = {arena, buffers, buffer_count, argument_handle, control, control_words, first_slot};
    vyre_worker w = vyre_make_worker(ring, witness, flow, env, counts, get_global_id(0), age_threshold,
                                     counts_budget, claims_each);
    vyre_family_to(&w, nursery, family, queue);
    vyre_trace_to(&w, trace_words, trace_capacity);
    vyre_watch_to(&w, watch_words, watch_first, watch_seats, w.worker);
    vyre_live_to(&w, live_words, live_capacity, live_workers, w.worker);
    const vyre_order order = vyre_make_order(queue, begins, places, chunks);
    const vyre_spill spill = {pool, sizes, directory, blocks, block_places};
    vyre_open_blocks open = {{0u, 0u, 0u, 0u, 0u}, {0u, 0u, 0u, 0u, 0u}, {{0u, 0u, 0u, 0u}, 0u}};
    const vyre_filter filter = vyre_make_filter(ring, control, VYRE_LIVE_FILTER, age_threshold);
    vyre_seeker seeker = vyre_make_seeker(&order, &spill, ticket, VYRE_LIVE_RING_SLOTS, VYRE_LIVE_IDLE_POLLS,
                                          vyre_load_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION));
    vyre_offered offered;

    while (!w.leaves && w.claims_left > 0) {
        const vyre_pick pick = vyre_seek(&w, &seeker, &offered, vyre_first_open(&open));
        if (pick.kind == VYRE_PICK_NOTHING) break;
        w.higher_waits = pick.higher_waits;
        vyre_picked picked = vyre_begin_pick(pick, &open, &offered);
        const int claims_before = w.claims_left;
        uint slots[VYRE_SPAN + VYRE_AHEAD];
        for (uint count;
             !w.leaves && (count = vyre_next_span(&w, &seeker, &offered, &open, &filter, &picked, slots));)
            vyre_run_slots(&w, &spill, &open, slots, count);
        if (pick.kind == VYRE_PICK_INBOX) continue;
        if (pick.kind != VYRE_PICK_TICKET && !w.leaves) vyre_keep_block(&open.kept, picked.pick.begin);
        vyre_note_claims(&seeker, pick.class, (uint)(claims_before - w.claims_left));
    }
    vyre_leave_places(&spill, &seeker.held);
    vyre_flush(&spill, flow, &open);
    vyre_end_search(&w, &seeker);
    vyre_watch_rest(&w.watch);
    vyre_count_rest(&w);
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) vyre_report(tally, control, i, counts[i]);
}
