/* lane.cl - the driver for CPUs: every work-item is a worker of its own.
 *
 * Phases: take a ticket, a block or what others offer (seek.h), turn its slots, spill what must queue; leave when
 * nothing is left, on SHUTDOWN, or when the claims of this kernel are used up. Nobody waits for anybody: work that a
 * worker has in hand when it leaves is either published in a block or left to the next round by its state.
 *
 * Memory order: slots as in core.h; spilled blocks as in spill.h; flow by relaxed adds and compare-and-swaps.
 * The host guarantees: order as left by index.cl over the same ring; spill arrays as in spill.h; flow, tally sized as in turn.h;
 * work-groups of one work-item.
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

#if VYRE_HAS_PREFETCH
#define VYRE_PREFETCH(p) __builtin_prefetch((__global const void *)(p), 1)
#else
#define VYRE_PREFETCH(p)
#endif

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
static void vyre_flush(const vyre_spill *spill, volatile __global uint *flow, vyre_open_blocks *open) {
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
        if (open->size[class]) vyre_publish_block(spill, flow, class, open->block[class], open->size[class]);
}

/* Says whether there was room; a slot without is found by the next index. */
static bool vyre_spill_slot(const vyre_spill *spill, volatile __global uint *flow, vyre_open_blocks *open, uint class,
                            uint slot) {
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
        vyre_spill_slot(spill, w->flow, open, vyre_class_of(w->env.nursery, born - 1u, w->age_threshold), born - 1u);
}
#else
#define vyre_spill_born(worker, spill, open)
#endif

/* Turns of up to VYRE_SPAN slots; slots[count ... count + VYRE_AHEAD) may be anything that is inside the ring. */
static void vyre_run_slots(vyre_worker *w, const vyre_spill *spill, vyre_open_blocks *open, const uint *slots, uint count) {
    for (uint ahead = 0; ahead < VYRE_AHEAD; ++ahead) VYRE_PREFETCH(VYRE_WORD(w->ring, slots[ahead], 0u));
    for (uint i = 0, turned; i < count && !w->leaves; i += turned) {
        uint after[VYRE_MOST_AT_ONCE];
        turned = vyre_count_at_once(w, slots + i, count - i);
        if (turned) {
            for (uint k = 0; k < turned; ++k) VYRE_PREFETCH(VYRE_WORD(w->ring, slots[i + VYRE_AHEAD + k], 0u));
            vyre_turn_at_once(w, slots + i, turned, after);
        } else {
            turned = 1u;
            VYRE_PREFETCH(VYRE_WORD(w->ring, slots[i + VYRE_AHEAD], 0u));
            after[0] = vyre_turns(w, slots[i], VYRE_TURNS);
        }
        for (uint k = 0; k < turned; ++k)
            if (after[k] != VYRE_RESTS) vyre_spill_slot(spill, w->flow, open, after[k], slots[i + k]);
        vyre_spill_born(w, spill, open);
    }
}

/* Makes what is looked at beyond the end of a span harmless. */
static void vyre_end_span(uint *slots, uint count) {
    for (uint ahead = 0; ahead < VYRE_AHEAD; ++ahead) slots[count + ahead] = slots[count - 1u];
}

/* The slots of a block, which may be the worker's own: that is closed first. */
static void vyre_run_block(vyre_worker *w, const vyre_spill *spill, vyre_open_blocks *open, const vyre_pick *pick) {
    const bool own = pick->kind == VYRE_PICK_OWN;
    const uint block = own ? open->block[pick->class] : pick->begin;
    const uint count = own ? open->size[pick->class] : pick->count;
    if (own) open->size[pick->class] = 0u;
    if (count) {
        uint slots[VYRE_BLOCK + VYRE_AHEAD];
        for (uint i = 0; i < count; ++i) slots[i] = spill->pool[block * VYRE_BLOCK + i];
        vyre_end_span(slots, count);
        vyre_run_slots(w, spill, open, slots, count);
    }
    if (!w->leaves) vyre_keep_block(&open->kept, block);
}

/* The slots of a ticket, a span of them after another. */
static void vyre_run_ticket(vyre_worker *w, const vyre_order *order, const vyre_spill *spill, vyre_open_blocks *open,
                            const vyre_pick *pick) {
    const uint end = pick->begin + pick->count;
    vyre_cursor cursor = pick->start;
    for (uint position = pick->begin; position < end && !w->leaves;) {
        uint slots[VYRE_SPAN + VYRE_AHEAD];
        const uint count = min(end - position, VYRE_SPAN);
        for (uint i = 0; i < count; ++i) slots[i] = vyre_entry_at(order, &cursor, position + i) & VYRE_ENTRY_SLOT;
        vyre_end_span(slots, count);
        vyre_run_slots(w, spill, open, slots, count);
        position += count;
    }
}

/* Slots that other processes offer: one of a class that nothing waits above is turned at once, the others queue. */
static void vyre_accept(vyre_worker *w, const vyre_seeker *seeker, const vyre_offered *offered, vyre_open_blocks *open,
                        const vyre_filter *filter) {
#if VYRE_LIVE
    const vyre_sight *sight = &seeker->sight;
    for (uint i = 0; i < offered->count && !w->leaves; ++i) {
        const uint slot = offered->slot[i];
        __global const uint *words = VYRE_WORD(w->ring, slot, 0u);
        if (!vyre_is_selected(filter, slot) || !vyre_tenant_may_run(filter, words[VYRE_WORD_TENANT_ID])) continue;
        const uint class = vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], w->age_threshold);
        const bool waits = min(min(sight->next_high, sight->next_low), vyre_first_open(open)) < class ||
                           (sight->spilled && vyre_spilled_above(seeker->spill, w->flow, class));
        if (waits && vyre_spill_slot(seeker->spill, w->flow, open, class, slot)) continue;
        w->higher_waits = waits;
        const uint after = vyre_turns(w, slot, VYRE_TURNS);
        if (after != VYRE_RESTS) vyre_spill_slot(seeker->spill, w->flow, open, after, slot);
    }
#endif
}

__kernel void vyre_run(VYRE_RUN_PARAMETERS) {
    uint counts[VYRE_TALLY_WORDS];
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) counts[i] = 0u;
    const vyre_env env = {arena, buffers, buffer_count, argument_handle, control, control_words, first_slot};
    vyre_worker w = vyre_make_worker(ring, witness, flow, env, counts, get_global_id(0), age_threshold, counts_budget, claims_each);
    vyre_family_to(&w, nursery, family, queue);
    vyre_trace_to(&w, trace_words, trace_capacity);
    vyre_watch_to(&w, watch_words, watch_first, watch_records, w.worker);
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
        if (VYRE_LIVE && pick.kind == VYRE_PICK_INBOX) {
            vyre_accept(&w, &seeker, &offered, &open, &filter);
            continue;
        }
        w.higher_waits = pick.higher_waits;
        const int claims_before = w.claims_left;
        if (pick.kind == VYRE_PICK_TICKET)
            vyre_run_ticket(&w, &order, &spill, &open, &pick);
        else
            vyre_run_block(&w, &spill, &open, &pick);
        vyre_note_claims(&seeker, pick.class, (uint)(claims_before - w.claims_left));
    }
    vyre_leave_places(&spill, &seeker.held);
    vyre_flush(&spill, flow, &open);
    vyre_end_search(&w, &seeker);
    vyre_watch_rest(&w.watch);
    vyre_count_rest(&w);
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) vyre_report(tally, control, i, counts[i]);
}
