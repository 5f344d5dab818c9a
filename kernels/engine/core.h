/* core.h - one task's turn: claim, run, publish. Every scheduler of the engine is built on these three.
 *
 * Memory order of the words of a slot
 *   word 0       compare-and-swap (acquire) to Running by the claimer; release store of the outcome, after
 *                the payload
 *   words 1-15   plain; written only between a won claim and the release store, by the claimer alone
 *
 * The host guarantees: `slot` < number of slots, the buffer table describes the arena truthfully, control has
 * at least 160 words.
 * A fault of any kind (unknown operation, bad handle, range, counter at its end) ends the task as Faulted
 * with the code in continuation_data; nothing is ever read or written outside a buffer.
 */
#ifndef VYRE_CORE_H
#define VYRE_CORE_H

#include "engine.h"
#include "vyre_control.h"

#ifndef VYRE_VERIFY
#define VYRE_VERIFY 0
#endif

#define VYRE_WORD(ring, slot, word) ((ring) + (ulong)(slot) * VYRE_SLOT_WORDS + (word))

/* Asks for a line that will be written, or only read; not every compiler knows the builtin. */
#if VYRE_HAS_PREFETCH
#define VYRE_PREFETCH(p) __builtin_prefetch((__global const void *)(p), 1)
#define VYRE_PREFETCH_READ(p) __builtin_prefetch((__global const void *)(p), 0)
#else
#define VYRE_PREFETCH(p)
#define VYRE_PREFETCH_READ(p)
#endif

/* Generated from the operations of this program. */
static uint vyre_tally_row(uint op_handle);
static bool vyre_is_op_at_once(uint op_handle); /* it does nothing but end as Done */
static vyre_outcome vyre_dispatch(vyre_task *task);
VYRE_APART static vyre_outcome vyre_dispatch_team(vyre_task *task);
static vyre_outcome vyre_dispatch_whole(vyre_task *task);

static bool vyre_is_schedulable(uint state) {
    return state < VYRE_STATE_COUNT && ((VYRE_SCHEDULABLE_STATES >> state) & 1u);
}

/* Class at an enqueue: the priority, lifted by one for each age_threshold ticks; an unknown priority queues
 * as Idle. */
static uint vyre_class(uint priority, uint age_ticks, uint age_threshold) {
    const uint base = min(priority, VYRE_PRIORITY_IDLE);
    if (!age_threshold || age_ticks < age_threshold)
        return base; /* most tasks are young, and a division is slow */
    const uint lift = age_ticks / age_threshold;
    return base > lift ? base - lift : 0u;
}

/* Takes a schedulable slot; false when it is not schedulable or somebody else was quicker. A claim changes
 * word 0 and nothing else.
 * Most tasks are Ready: that is tried first, without a look. */
static bool vyre_claim(__global uint *ring, uint slot) {
    vyre_word_ptr state = VYRE_WORD(ring, slot, VYRE_WORD_STATE);
    const uint met = vyre_cas_value_acq_rel(state, VYRE_STATE_READY, VYRE_STATE_RUNNING);
    if (met == VYRE_STATE_READY) return true;
    return vyre_is_schedulable(met) && vyre_cas_acquire(state, met, VYRE_STATE_RUNNING);
}

/* The same without order, for a batch of claims that one vyre_fence_acq_rel follows; `likely` is the state to
 * try first. */
static bool vyre_claim_relaxed(__global uint *ring, uint slot, uint likely) {
    vyre_word_ptr state = VYRE_WORD(ring, slot, VYRE_WORD_STATE);
    const uint met = vyre_cas_value_relaxed(state, likely, VYRE_STATE_RUNNING);
    if (met == likely) return true;
    return vyre_is_schedulable(met) && vyre_cas_value_relaxed(state, met, VYRE_STATE_RUNNING) == met;
}

#if VYRE_DRIVER_GROUP
#define VYRE_SHARE_TASK(task, own, of) ((task).lane = (own), (task).lanes = (of))
#else
#define VYRE_SHARE_TASK(task, own, of)
#endif

/* A task of the words of its slot, wherever these are. */
#define VYRE_MAKE_TASK(task, words, number, environment)            \
    do {                                                            \
        (task).slot = (environment)->first_slot + (number);         \
        (task).op_handle = (words)[VYRE_WORD_OP_HANDLE];            \
        (task).tenant_id = (words)[VYRE_WORD_TENANT_ID];            \
        (task).priority = (words)[VYRE_WORD_PRIORITY];              \
        (task).input_handle = (words)[VYRE_WORD_INPUT_HANDLE];      \
        (task).output_handle = (words)[VYRE_WORD_OUTPUT_HANDLE];    \
        (task).param = (words)[VYRE_WORD_PARAM];                    \
        (task).pc = (words)[VYRE_WORD_CONTINUATION_PC];             \
        (task).data = (words)[VYRE_WORD_CONTINUATION_DATA];         \
        (task).resume_epoch = (words)[VYRE_WORD_RESUME_EPOCH];      \
        (task).task_id = (words)[VYRE_WORD_TASK_ID];                \
        (task).parent_task_id = (words)[VYRE_WORD_PARENT_TASK_ID];  \
        (task).age_ticks = (words)[VYRE_WORD_AGE_TICKS];            \
        (task).requeue_count = (words)[VYRE_WORD_REQUEUE_COUNT];    \
        (task).yield_count = (words)[VYRE_WORD_YIELD_COUNT];        \
        (task).flags = (words)[VYRE_WORD_FLAGS];                    \
        (task).fault = 0u;                                          \
        (task).env = (environment);                                 \
    } while (0)

static vyre_task vyre_load_task(__global const uint *ring, uint slot, const vyre_env *env) {
    __global const uint *words = VYRE_WORD(ring, slot, 0u);
    vyre_task task;
    VYRE_MAKE_TASK(task, words, slot, env);
    VYRE_SHARE_TASK(task, 0u, 1u);
    return task;
}

/* Notes a won claim; it must find no owner. */
static void vyre_witness_claim(__global vyre_witness *witness, uint slot, uint worker) {
#if VYRE_VERIFY
    __global vyre_witness *mine = witness + slot;
    vyre_add_relaxed(&mine->claims, 1u);
    if (vyre_cas_value_acq_rel(&mine->owner, 0u, worker + 1u) != 0u)
        vyre_max_relaxed(&mine->violations, VYRE_CLAIMED_TWICE);
#endif
}

/* Notes the end of a turn before it is published; it must find the claimer. */
static void vyre_witness_end(__global vyre_witness *witness, uint slot, uint worker, uint kind) {
#if VYRE_VERIFY
    __global vyre_witness *mine = witness + slot;
    vyre_add_relaxed(&mine->ends[kind], 1u);
    if (vyre_cas_value_acq_rel(&mine->owner, worker + 1u, 0u) != worker + 1u)
        vyre_max_relaxed(&mine->violations, VYRE_ENDED_BY_OTHER);
#endif
}

static vyre_outcome vyre_engine_fault(uint code) { return vyre_make_outcome(VYRE_FAULT, 0u, 0u, code); }

/* How a run of an operation ended; a failed accessor decides. */
static vyre_outcome vyre_ended(const vyre_task *task, vyre_outcome outcome) {
    return task->fault ? vyre_engine_fault(task->fault) : outcome;
}

/* Runs the operation by this work-item alone. */
static vyre_outcome vyre_run_op(vyre_task *task) { return vyre_ended(task, vyre_dispatch(task)); }

/* Turns whatever the wire cannot hold into a fault, so that publishing cannot fail. The operation may have
 * written its private copy of the words: the counters are those of the slot. */
static vyre_outcome vyre_admit(__global const uint *words, vyre_outcome outcome) {
    switch (outcome.kind) {
        case VYRE_DONE:
        case VYRE_PAUSE:
        case VYRE_FAULT: return outcome;
        case VYRE_YIELD:
            return words[VYRE_WORD_YIELD_COUNT] == VYRE_U32_MAX
                       ? vyre_engine_fault(VYRE_FAULT_COUNTER_OVERFLOW)
                       : outcome;
        case VYRE_REQUEUE:
            if (outcome.extra >= VYRE_PRIORITY_COUNT) return vyre_engine_fault(VYRE_FAULT_BAD_OUTCOME);
            if (words[VYRE_WORD_REQUEUE_COUNT] == VYRE_U32_MAX || words[VYRE_WORD_AGE_TICKS] == VYRE_U32_MAX)
                return vyre_engine_fault(VYRE_FAULT_COUNTER_OVERFLOW);
            return outcome;
        default: return vyre_engine_fault(VYRE_FAULT_BAD_OUTCOME);
    }
}

static uint vyre_outcome_state(uint kind) {
    switch (kind) {
        case VYRE_DONE: return VYRE_STATE_DONE;
        case VYRE_YIELD: return VYRE_STATE_YIELDED;
        case VYRE_PAUSE: return VYRE_STATE_PAUSED;
        case VYRE_REQUEUE: return VYRE_STATE_REQUEUED;
        default: return VYRE_STATE_FAULTED;
    }
}

/* The flags that an outcome leaves (spec 1.6). */
static uint vyre_flags_after(uint flags, uint kind) {
    switch (kind) {
        case VYRE_DONE: return (flags | VYRE_COMPLETE_SET_FLAGS) & ~VYRE_COMPLETE_CLEAR_FLAGS;
        case VYRE_YIELD: return (flags | VYRE_YIELD_SET_FLAGS) & ~VYRE_YIELD_CLEAR_FLAGS;
        case VYRE_PAUSE: return (flags | VYRE_PAUSE_SET_FLAGS) & ~VYRE_PAUSE_CLEAR_FLAGS;
        case VYRE_REQUEUE: return (flags | VYRE_REQUEUE_SET_FLAGS) & ~VYRE_REQUEUE_CLEAR_FLAGS;
        default: return flags;
    }
}

/* Writes all that an outcome sets but the state (spec 1.6), for a slot that this work-item holds; the state
 * that is left to publish. `clean` says that the slot's flags are known to be 0 without a look. */
static uint vyre_write_payload(__global uint *words, vyre_outcome outcome, bool clean) {
    const uint flags = clean ? 0u : words[VYRE_WORD_FLAGS];
    if (outcome.kind == VYRE_DONE) {
        /* Most tasks finish without flags, and a word that is not written leaves its half of the
         * slot clean. */
        const uint after = vyre_flags_after(flags, VYRE_DONE);
        if (after != flags) words[VYRE_WORD_FLAGS] = after;
    } else if (outcome.kind == VYRE_FAULT) {
        words[VYRE_WORD_CONTINUATION_DATA] = outcome.extra;
    } else {
        words[VYRE_WORD_CONTINUATION_PC] = outcome.pc;
        words[VYRE_WORD_CONTINUATION_DATA] = outcome.data;
        if (outcome.kind == VYRE_YIELD) {
            words[VYRE_WORD_YIELD_COUNT] += 1u;
            words[VYRE_WORD_FLAGS] = vyre_flags_after(flags, VYRE_YIELD);
        } else if (outcome.kind == VYRE_PAUSE) {
            words[VYRE_WORD_RESUME_EPOCH] = outcome.extra;
            words[VYRE_WORD_FLAGS] = vyre_flags_after(flags, VYRE_PAUSE);
        } else {
            words[VYRE_WORD_PRIORITY] = outcome.extra;
            words[VYRE_WORD_REQUEUE_COUNT] += 1u;
            words[VYRE_WORD_AGE_TICKS] += 1u;
            words[VYRE_WORD_FLAGS] = vyre_flags_after(flags, VYRE_REQUEUE);
        }
    }
    return vyre_outcome_state(outcome.kind);
}

/* Spec 1.6 for a slot that this work-item holds: payload first, then the state. */
static void vyre_publish(__global uint *ring, uint slot, vyre_outcome outcome) {
    __global uint *words = VYRE_WORD(ring, slot, 0u);
    const uint state = vyre_write_payload(words, outcome, false);
    vyre_store_release(words + VYRE_WORD_STATE, state);
}

#endif
