/* lane.cl - the driver for CPUs: every work-item is a worker of its own.
 *
 * Phases: take a ticket or a block, turn its slots, spill what must queue; leave when nothing is left (choose.h), on SHUTDOWN, or when
 * the claims of this kernel are used up. A live kernel (live.h) also takes slots that other processes offer, and one that follows stays
 * until the host asks its idle workers to leave, or until it has looked idle_polls times in vain: no wish need reach it. Nobody waits for anybody: work that a worker has in hand when it leaves is either published
 * in a block or left to the next round by its state.
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

#include "choose.h"
#include "vyre_kernels.h"
#include "filter.h"

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

#if VYRE_LIVE

#define VYRE_ACCEPT 32u

/* Slots that other processes offer: one of a class that nothing waits above is turned at once, the others queue. */
static void vyre_accept(vyre_worker *w, const vyre_sight *sight, const vyre_spill *spill, vyre_open_blocks *open,
                        const vyre_filter *filter, uint ring_slots) {
    uint slots[VYRE_ACCEPT];
    const uint count = vyre_live_take(&w->live, ring_slots, slots, VYRE_ACCEPT);
    for (uint i = 0; i < count && !w->leaves; ++i) {
        __global const uint *words = VYRE_WORD(w->ring, slots[i], 0u);
        if (!vyre_is_selected(filter, slots[i]) || !vyre_tenant_may_run(filter, words[VYRE_WORD_TENANT_ID])) continue;
        const uint class = vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], w->age_threshold);
        const bool waits = min(min(sight->next_high, sight->next_low), vyre_first_open(open)) < class ||
                           (sight->spilled && vyre_spilled_above(spill, w->flow, class));
        if (waits && vyre_spill_slot(spill, w->flow, open, class, slots[i])) continue;
        w->higher_waits = waits;
        const uint after = vyre_turns(w, slots[i], VYRE_TURNS);
        if (after != VYRE_RESTS) vyre_spill_slot(spill, w->flow, open, after, slots[i]);
    }
}

#endif

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
    vyre_held held = {{VYRE_NO_BLOCK, VYRE_NO_BLOCK, VYRE_NO_BLOCK, VYRE_NO_BLOCK, VYRE_NO_BLOCK}};
    uint above = vyre_load_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION);
#if VYRE_LIVE
    const vyre_filter filter = vyre_make_filter(ring, control, gate, selected, has_selected, age_threshold);
    uint idle = 0u; /* looks in vain since this worker last had work */
#endif
    uint polls = 0u;
    bool busy = false;

    while (!w.leaves && w.claims_left > 0) {
        const vyre_sight sight = vyre_look(&order, &spill, flow, control, ticket);
        if (sight.shutdown) break;
#if VYRE_LIVE
        if (vyre_live_wish(&w.live) == VYRE_LIVE_LEAVE_NOW) break;
        if (vyre_live_waits(&w.live)) {
            if (!busy) vyre_become_busy(flow);
            busy = true;
            vyre_accept(&w, &sight, &spill, &open, &filter, ring_slots);
        }
#endif
        vyre_pick pick = vyre_choose(&order, &spill, flow, &sight, &held, ticket, above, vyre_first_open(&open));
        if (pick.kind == VYRE_PICK_NOTHING) {
            const bool others = busy ? vyre_become_idle(flow) : sight.busy > 0u;
            busy = false;
            vyre_watch_poll(&w.watch);
#if VYRE_LIVE
            const bool patient = idle < idle_polls;
            if (patient && ++idle == idle_polls) vyre_add_relaxed(flow + VYRE_FLOW_TIRED, 1u);
            if (patient && vyre_live_follows(&w.live) && vyre_live_wish(&w.live) == VYRE_LIVE_STAY &&
                !vyre_spill_is_used_up(&spill, flow))
                continue;
            if (patient && vyre_live_waits(&w.live)) continue;
#endif
            if (others && ++polls < VYRE_POLLS) continue;
            pick = vyre_leave_places(&spill, &held);
            if (pick.kind == VYRE_PICK_NOTHING) break;
        }
        if (!busy) vyre_become_busy(flow);
        busy = true;
        polls = 0u;
#if VYRE_LIVE
        idle = 0u;
#endif
        w.higher_waits = pick.higher_waits || (sight.spilled && vyre_spilled_above(&spill, flow, pick.class));
        const int claims_before = w.claims_left;
        if (pick.kind == VYRE_PICK_TICKET)
            vyre_run_ticket(&w, &order, &spill, &open, &pick);
        else
            vyre_run_block(&w, &spill, &open, &pick);
        above = pick.class < VYRE_PRIORITY_NORMAL ? add_sat(above, (uint)(claims_before - w.claims_left)) : 0u;
    }
    vyre_leave_places(&spill, &held);
    vyre_flush(&spill, flow, &open);
    if (busy) vyre_become_idle(flow);
    vyre_store_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION, above);
    vyre_watch_rest(&w.watch);
    vyre_count_rest(&w);
    for (uint i = 0; i < VYRE_TALLY_WORDS; ++i) vyre_report(tally, control, i, counts[i]);
}
