/* turn.h - what every driver does with a slot: turns until the task rests, and the counting of them.
 *
 * A driver (lane.cl, group.cl, exact.cl) decides which slot comes next; vyre_turns runs what was claimed,
 * publishes, and goes on with the same task while it yields, for at most VYRE_TURNS turns in a row and only
 * while nothing of a higher class waits. A worker that goes on keeps the task: its continuation is written,
 * its state stays Running.
 *
 * Counting: in runs of the same, the tenant, the priority and the pair (operation, outcome) of each turn;
 * everything else in a report or in the control buffer is derived from these at the end of a kernel.
 *
 * PRIORITY_STARVATION (claims above Normal in a row) is exact for the driver `exact` and the reference
 * backend. In the others each worker counts its own row, and the word is left as the last worker to leave has
 * it.
 *
 * The host guarantees: 1 <= ticket <= 2^20, so that no product or sum of tickets wraps.
 */
#ifndef VYRE_TURN_H
#define VYRE_TURN_H

#include "core.h"
#include "family.h"
#include "trace.h"
#include "watch.h"
#include "redo.h"

#define VYRE_TURNS 4u
#define VYRE_RESTS 7u /* the task needs no queue: done, paused, faulted, or not ours */

#define VYRE_TALLY_WORDS (VYRE_TALLY_OPS + (VYRE_OP_COUNT + 1u) * VYRE_OUTCOMES)

/* Adds one tally word to the launch's, and to the control words that mirror it (spec 3.1). */
static void vyre_report(__global uint *tally, __global uint *control, uint word, uint count) {
    if (!count) return;
    vyre_add_relaxed(tally + word, count);
    if (word >= VYRE_TALLY_OPS) {
        const uint row = (word - VYRE_TALLY_OPS) / VYRE_OUTCOMES,
                   kind = (word - VYRE_TALLY_OPS) % VYRE_OUTCOMES;
        if (kind == VYRE_DONE) vyre_add_relaxed(control + VYRE_CONTROL_DONE_COUNT, count);
        if (kind != VYRE_FAULT && row < VYRE_OP_COUNT && vyre_op_id(row) < VYRE_METRIC_OPCODES)
            vyre_add_relaxed(control + VYRE_CONTROL_METRICS + vyre_op_id(row), count);
    } else if (word >= VYRE_TALLY_TENANTS) {
        vyre_add_relaxed(control + VYRE_CONTROL_TENANT_FAIRNESS + (word - VYRE_TALLY_TENANTS), count);
    } else if (word >= VYRE_TALLY_PRIORITIES &&
               word < VYRE_TALLY_PRIORITIES + VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS) {
        vyre_add_relaxed(control + VYRE_CONTROL_PRIORITY_FAIRNESS + (word - VYRE_TALLY_PRIORITIES), count);
    }
}

/* Where counts go: the group's memory, a work-item's own, or (one worker, in order) the launch's at once. */
#if VYRE_DRIVER_EXACT
typedef struct {
    __global uint *tally;
    __global uint *control;
} vyre_tally_ptr;
static void vyre_tally_add(vyre_tally_ptr counts, uint word, uint count) {
    vyre_report(counts.tally, counts.control, word, count);
}
#elif VYRE_DRIVER_GROUP
typedef volatile __local uint *vyre_tally_ptr;
static void vyre_tally_add(vyre_tally_ptr tally, uint word, uint count) {
    vyre_local_add(tally + word, count);
}
#else
typedef uint *vyre_tally_ptr;
static void vyre_tally_add(vyre_tally_ptr tally, uint word, uint count) { tally[word] += count; }
#endif

/* What a worker carries through a kernel. */
typedef struct {
    __global uint *ring;
    __global vyre_witness *witness;
    volatile __global uint *flow;
    vyre_env env;
    vyre_tally_ptr tally;
    uint worker;
    uint age_threshold;
    uint counts_budget; /* claims are limited exactly */
    int claims_left;    /* of this worker in this kernel; a ticket in hand is finished all the same */
    uint leaves;        /* SHUTDOWN, or the budget is used up */
    uint higher_waits;  /* something of a higher class than the task in hand */
    uint op_word, op_run;
    uint priority_word, priority_run;
    uint tenant_word, tenant_run;
#if VYRE_TRACE
    vyre_trace trace;
#endif
#if VYRE_WATCH
    vyre_watch watch;
#endif
#if VYRE_LIVE
    vyre_live live;
#endif
} vyre_worker;

static vyre_worker vyre_make_worker(__global uint *ring, __global vyre_witness *witness,
                                    volatile __global uint *flow, vyre_env env, vyre_tally_ptr tally,
                                    uint worker, uint age_threshold, uint counts_budget, int claims_left) {
    const vyre_worker w = {ring,   witness,       flow,          env,        tally,
                           worker, age_threshold, counts_budget, claims_left};
    return w;
}

/* Adds to a run of equal counts; another word ends the run. Where counts are a worker's own there is nothing
 * to save. */
static void vyre_count_run(vyre_tally_ptr tally, uint word, uint *run_word, uint *run) {
#if !VYRE_DRIVER_GROUP && !VYRE_DRIVER_EXACT
    vyre_tally_add(tally, word, 1u);
    return;
#endif
    if (word != *run_word) {
        if (*run) vyre_tally_add(tally, *run_word, *run);
        *run_word = word;
        *run = 0u;
    }
    ++*run;
}

/* Counts a turn that ends as `kind`; before it is published, while the slot's words are still this
 * worker's. */
static void vyre_count(vyre_worker *w, __global const uint *words, uint kind) {
    const uint tenant = words[VYRE_WORD_TENANT_ID] % VYRE_CONTROL_TENANT_FAIRNESS_WORDS;
    const uint priority = min(words[VYRE_WORD_PRIORITY], VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS);
    const uint row = vyre_tally_row(words[VYRE_WORD_OP_HANDLE]);
    vyre_count_run(w->tally, VYRE_TALLY_TENANTS + tenant, &w->tenant_word, &w->tenant_run);
    vyre_count_run(w->tally, VYRE_TALLY_PRIORITIES + priority, &w->priority_word, &w->priority_run);
    vyre_count_run(w->tally, VYRE_TALLY_OPS + row * VYRE_OUTCOMES + kind, &w->op_word, &w->op_run);
}

static void vyre_count_rest(vyre_worker *w) {
    if (w->tenant_run) vyre_tally_add(w->tally, w->tenant_word, w->tenant_run);
    if (w->priority_run) vyre_tally_add(w->tally, w->priority_word, w->priority_run);
    if (w->op_run) vyre_tally_add(w->tally, w->op_word, w->op_run);
    w->tenant_run = w->priority_run = w->op_run = 0u;
}

/* Whether the host lets workers go on; sets `leaves` when not. */
static bool vyre_goes_on(vyre_worker *w) {
    if (vyre_load_relaxed(w->env.control + VYRE_CONTROL_SHUTDOWN)) w->leaves = 1u;
    return !w->leaves;
}

/* Takes one claim from what is left of them; sets `leaves` when there is none. */
static bool vyre_spend_claim(vyre_worker *w) {
    if (w->counts_budget && (int)vyre_add_relaxed(w->flow + VYRE_FLOW_BUDGET, VYRE_U32_MAX) <= 0) {
        w->leaves = 1u;
        return false;
    }
    --w->claims_left;
    return true;
}

#include "quota.h"

/* Takes one claim for a slot from what its tenant and this kernel have left; false when there is none. */
static bool vyre_spend_claim_of(vyre_worker *w, uint slot) {
    if (!vyre_within_quota(w, slot)) return false;
    if (vyre_spend_claim(w)) return true;
    vyre_return_quota(w, slot);
    return false;
}

/* Whether one more claim of a slot may be made; sets `leaves` when no other may either. */
static bool vyre_may_claim(vyre_worker *w, uint slot) {
    return vyre_goes_on(w) && vyre_spend_claim_of(w, slot);
}

/* Where a task goes that gives its worker back: its class, or VYRE_RESTS; `words` are those before it is
 * published. */
static uint vyre_class_after(const vyre_worker *w, __global const uint *words, vyre_outcome outcome) {
    if (outcome.kind != VYRE_YIELD && outcome.kind != VYRE_REQUEUE) return VYRE_RESTS;
    const uint age_ticks = words[VYRE_WORD_AGE_TICKS];
    if (outcome.kind == VYRE_YIELD) return vyre_class(words[VYRE_WORD_PRIORITY], age_ticks, w->age_threshold);
    return vyre_class(outcome.extra, age_ticks + 1u, w->age_threshold);
}

/* How a turn left its task. */
typedef struct {
    uint state; /* to be published; nothing while the worker goes on */
    uint class; /* where it must queue, or VYRE_RESTS */
    bool goes_on;
    bool joins; /* the task waits for its children */
    bool noted; /* in a redo record, until the state is published */
} vyre_ending;

/* Publishes a claimed slot whose words are written. */
static void vyre_publish_ending(vyre_worker *w, uint slot, vyre_ending ending) {
    vyre_store_release(VYRE_WORD(w->ring, slot, VYRE_WORD_STATE), ending.state);
    if (ending.noted) vyre_redo_end(&w->live);
    vyre_count_family(w, slot, ending.state, ending.joins);
}

/* Counts how a turn of a claimed slot ended and writes everything but the state. */
static vyre_ending vyre_end_turn(vyre_worker *w, uint slot, vyre_outcome outcome, bool may_go_on,
                                 bool clean) {
    __global uint *words = VYRE_WORD(w->ring, slot, 0u);
    vyre_ending ending;
    ending.class = vyre_class_after(w, words, outcome);
    vyre_witness_end(w->witness, slot, w->worker, outcome.kind);
    vyre_count(w, words, outcome.kind);
    vyre_trace_turn(&w->trace, slot, words, outcome.kind);
    ending.joins = vyre_is_join(words, outcome);
    ending.noted = vyre_redo_begin(&w->live, slot, words, outcome);
    ending.state = vyre_write_payload(words, outcome, clean);
    ending.goes_on = outcome.kind == VYRE_YIELD && may_go_on && !w->higher_waits && vyre_may_claim(w, slot);
    if (!ending.goes_on) return ending;
    vyre_witness_claim(w->witness, slot, w->worker);
    if (ending.noted) vyre_redo_end(&w->live);
    return ending;
}

/* Notes whether a claim was won; a lost one met a slot that somebody else had changed. */
static bool vyre_took(vyre_worker *w, uint slot, bool won) {
    if (won) {
        vyre_witness_claim(w->witness, slot, w->worker);
    } else {
        vyre_tally_add(w->tally, VYRE_TALLY_LOST, 1u);
        vyre_return_quota(w, slot);
    }
    return won;
}

/* Turns of a claimed slot by one work-item, until the task rests or must queue. */
VYRE_OP_APART static vyre_ending vyre_run_turns(vyre_worker *w, uint slot, uint turns, bool clean) {
    for (uint turn = 1u;; ++turn) {
        vyre_trace_look(w->trace, claimed);
        vyre_task task = vyre_load_task(w->ring, slot, &w->env);
        vyre_watch_turn(&w->watch, task.slot, task.op_handle);
        const vyre_outcome outcome = vyre_admit(VYRE_WORD(w->ring, slot, 0u), vyre_run_op(&task));
        vyre_trace_look(w->trace, ran);
        const vyre_ending ending = vyre_end_turn(w, slot, outcome, turn < turns, clean);
        if (!ending.goes_on) return ending;
        clean = false;
    }
}

/* Claimed one behind another: what stands between two claims waits for both. */
#define VYRE_MOST_AT_ONCE 8u

#if !VYRE_DRIVER_GROUP && !VYRE_TRACE && !VYRE_HAS_QUOTAS

/* How many of up to VYRE_MOST_AT_ONCE slots, from the first on, seem to hold operations that end at once. */
static uint vyre_count_at_once(const vyre_worker *w, const uint *slots, uint most) {
    uint count = 0u;
    while (count < min(most, VYRE_MOST_AT_ONCE) &&
           vyre_is_op_at_once(*VYRE_WORD(w->ring, slots[count], VYRE_WORD_OP_HANDLE)))
        ++count;
    return w->counts_budget ? 0u : count;
}

/* Claims so many slots, and says of each whether it was won. */
static void vyre_claim_at_once(vyre_worker *w, const uint *slots, uint count, bool *won) {
    const bool goes_on = vyre_goes_on(w);
    if (goes_on) w->claims_left -= (int)count;
    for (uint k = 0; k < count; ++k)
        won[k] = goes_on && vyre_took(w, slots[k], vyre_claim(w->ring, slots[k]));
    if (goes_on)
        vyre_watch_turns(&w->watch, w->env.first_slot + slots[0],
                         *VYRE_WORD(w->ring, slots[0], VYRE_WORD_OP_HANDLE), count);
}

#else
#define vyre_count_at_once(worker, slots, most) 0u
#define vyre_claim_at_once(worker, slots, count, won)
#endif

/* Claims a slot by itself; false when it was lost or may not be claimed. */
static bool vyre_claim_one(vyre_worker *w, uint slot) {
    vyre_trace_look(w->trace, began);
    return vyre_may_claim(w, slot) && vyre_took(w, slot, vyre_claim(w->ring, slot));
}

/* Gives a claimed slot its turns and publishes; the class it must queue in, or VYRE_RESTS. `at_once` says
 * that it was claimed beside others because it seemed to hold an operation that ends at once. */
static uint vyre_turns(vyre_worker *w, uint slot, uint turns, bool at_once) {
    vyre_ending ending;
    if (at_once && vyre_is_op_at_once(*VYRE_WORD(w->ring, slot, VYRE_WORD_OP_HANDLE)))
        ending = vyre_end_turn(w, slot, vyre_done(), false, false);
    else
        ending = vyre_run_turns(w, slot, turns, false);
    vyre_publish_ending(w, slot, ending);
    return ending.class;
}

#endif
