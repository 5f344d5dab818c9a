/* vyre_engine.h: what the engine's kernels and the host share beside the wire, for OpenCL C.
 *
 * Generated from vyrectl/abi/engine.py, checks.py and loop.py: python -m vyrectl.devtools generate
 *
 * Layouts and numbers only. The probe of every device answers VYRE_QUESTIONS before the first launch on it.
 */
#ifndef VYRE_ENGINE_H
#define VYRE_ENGINE_H

#define VYRE_OUTCOMES             5u           /* ways to end a turn */
#define VYRE_DONE                 0u           /* done */
#define VYRE_YIELD                1u           /* yielded */
#define VYRE_PAUSE                2u           /* paused */
#define VYRE_REQUEUE              3u           /* requeued */
#define VYRE_FAULT                4u           /* faulted */
#define VYRE_COUNT_ROWS           7u           /* rows of the index's counts: classes, then */
#define VYRE_COUNT_RESUMED        5u           /* paused tasks that became Ready */
#define VYRE_COUNT_SHUT_OUT       6u           /* schedulable tasks of tenants that are not let in */
#define VYRE_TYPE_OTHER           0u           /* elements of a buffer */
#define VYRE_TYPE_U32             1u
#define VYRE_TYPE_I32             2u
#define VYRE_TYPE_F32             3u
#define VYRE_TYPE_ABSENT          0xffffffffu  /* no buffer was given for this handle */
#define VYRE_CLAIMED_TWICE        1u           /* a claim met an owner */
#define VYRE_ENDED_BY_OTHER       2u           /* a turn's end met another owner than its claimer */
#define VYRE_ROW_NUMBERS          13u          /* numbers of such a row (reduce.cl) */
#define VYRE_LANE_BLOCK           64u          /* slots of a spilled block of lane.cl */
#define VYRE_GROUP_BLOCK          512u         /* and of group.cl */
#define VYRE_MOST_GROUP_TICKET    2048u        /* tasks that a group takes at once, each with a note */
#define VYRE_MOST_LANE_TICKET     1048576u     /* and a lane, so that ticket arithmetic fits into 32 bits */

/* Row of the buffer table: where a handle's bytes lie in the arena. All 64-bit, so that no sum wraps. */
typedef struct {
    ulong offset;                   /* bytes into the arena */
    ulong bytes;                    /* its length */
    uint type;                      /* VYRE_TYPE_* */
    uint writable;                  /* not 0: operations may write it */
} vyre_buffer;

/* What a verifying program keeps for a slot, by atomics of whoever claims it. */
typedef struct {
    uint owner;                     /* 0, or the work-item's number plus 1 */
    uint claims;                    /* claims that were won */
    uint ends[5];                   /* turns by outcome */
    uint violations;                /* the gravest of VYRE_CLAIMED_TWICE, VYRE_ENDED_BY_OTHER */
} vyre_witness;

/* One turn of a trace, written by its worker before it publishes; times are the device's. */
typedef struct {
    ulong began;                    /* the worker turned to the slot */
    ulong claimed;                  /* had claimed it */
    ulong ran;                      /* had run the operation */
    ulong ended;                    /* was about to publish */
    uint slot;                      /* its index */
    uint task_id;                   /* word 10 */
    uint op_handle;                 /* word 1 */
    uint priority;                  /* word 3 */
    uint outcome;                   /* code of the outcome */
    uint group;                     /* work-group */
    uint item;                      /* work-item in it */
    uint requeue_count;             /* word 13 */
} vyre_trace_record;

/* Flow: the round in motion, by atomics of all workers; cleared by the index, quotas (quota.h) follow it. */
#define VYRE_FLOW_HIGH            0u           /* next ticket of classes 0-1 */
#define VYRE_FLOW_LOW             32u          /* next ticket of classes 2-4 */
#define VYRE_FLOW_BUDGET          64u          /* claims left, when they are counted */
#define VYRE_FLOW_TIRED           65u          /* workers that left after idle_polls looks in vain */
#define VYRE_FLOW_BLOCKS          96u          /* spill blocks handed out */
#define VYRE_FLOW_HEADS(class)    (128u + (class) * 32u) /* per class: next block to take */
#define VYRE_FLOW_TAILS(class)    (288u + (class) * 32u) /* per class: next place to publish at */
#define VYRE_FLOW_BUSY            448u         /* workers with work, or blocks not yet published */
#define VYRE_FLOW_WORDS           480u

/* Tally: what a kernel has counted, by atomics of its workers as they leave. */
#define VYRE_TALLY_LOST           0u           /* claims that met a slot somebody else had changed */
#define VYRE_TALLY_PRIORITIES     1u           /* claims of each priority, then of unknown ones */
#define VYRE_TALLY_TENANTS        7u           /* claims, by tenant % 32 */
#define VYRE_TALLY_OPS            39u          /* of each operation, then unknown ones: turns by outcome */

/* Line of a class, in the directory's place: by the one worker of exact.cl, kept from kernel to kernel. */
#define VYRE_LINE_TAKEN(class)    (0u + (class) * 3u) /* per class: tasks of the order that were taken */
#define VYRE_LINE_FIRST(class)    (1u + (class) * 3u) /* first slot + 1 of the list behind them, 0 for none */
#define VYRE_LINE_LAST(class)     (2u + (class) * 3u) /* its last slot + 1 */
#define VYRE_LINE_WORDS           3u

/* Family: the free list and the links of a ring whose tasks may have children (vyre_family.h). */
#define VYRE_FAMILY_HEAD          0u           /* next place of the free list */
#define VYRE_FAMILY_SPAWNED       32u          /* children that were made */
#define VYRE_FAMILY_JOINED        64u          /* parents that went on after their children */
#define VYRE_FAMILY_FIRST_ID      96u          /* task_id of the first child */
#define VYRE_FAMILY_SLOTS         97u          /* slots of the ring */
#define VYRE_FAMILY_CHUNKS        98u          /* chunks of the index */
#define VYRE_FAMILY_BEGINS        128u         /* chunks + 1 words: free slots before each; then its places */

/* Link of a slot, behind the places: one worker at a time writes it. */
#define VYRE_LINK_PARENT          0u           /* the parent's slot + 1, 0 for none */
#define VYRE_LINK_WAITS           1u           /* children still to end, less one while it is at its join */
#define VYRE_LINK_NEXT            2u           /* next slot + 1 in a line of those that must queue */
#define VYRE_LINK_WORDS           3u

/* Head of a trace, one record long; records follow it. */
#define VYRE_TRACE_ASKED          0u           /* turns that wanted to be noted, with room or without */
#define VYRE_TRACE_CLOCK          1u           /* sequence numbers, where the device has no clock */
#define VYRE_TRACE_WORDS          16u

/* Row of a work-group that counts a ring, 64 bits a number: slots of each state, then these (reduce.cl). */
#define VYRE_ROW_UNKNOWN          8u           /* slots of unknown states */
#define VYRE_ROW_FIRST_UNKNOWN    9u           /* the first of them */
#define VYRE_ROW_AGE              10u          /* largest age_ticks */
#define VYRE_ROW_REQUEUES_LOW     11u          /* sum of the requeue_counts: low half */
#define VYRE_ROW_REQUEUES_HIGH    12u          /* and high half */

/* Hand-off: what groups, and the host and a kernel, tell each other (handoff.cl). */
#define VYRE_HANDOFF_PRESENT      0u           /* groups that came */
#define VYRE_HANDOFF_BATON        32u          /* turns that were published */
#define VYRE_HANDOFF_BLIND        64u          /* a load did not show the baton that was there */
#define VYRE_HANDOFF_STALE        96u          /* the baton came before its payload */
#define VYRE_HANDOFF_ENDED        128u         /* groups that made all turns */
#define VYRE_HANDOFF_HELLO        160u         /* 1 once the kernel runs */
#define VYRE_HANDOFF_ANSWER       192u         /* the host writes 1 */
#define VYRE_HANDOFF_SEEN         224u         /* 1: the kernel saw the answer; 2: it gave up */
#define VYRE_HANDOFF_WORDS        256u

#define VYRE_HANDOFF_PAYLOAD      16u          /* words that go along with the baton */

/* Doctor: what the host and one of its two kernels tell each other (doctor.cl). */
#define VYRE_DOCTOR_HELLO         0u           /* 1 once the kernel runs */
#define VYRE_DOCTOR_ANSWER        32u          /* the host writes 1 */
#define VYRE_DOCTOR_SEEN          64u          /* 1: the kernel saw the answer; 2: it gave up */
#define VYRE_DOCTOR_ARRIVED       0u           /* groups that came; the other kernel's words */
#define VYRE_DOCTOR_LEFT          32u          /* groups that left */
#define VYRE_DOCTOR_MOST          64u          /* most groups at a time, as far as one of them saw */
#define VYRE_DOCTOR_WORDS         96u

/* Row of an operand: where its words lie in the arena that holds them all. */
typedef struct {
    ulong first;                    /* first word */
    ulong words;                    /* its length in words */
} vyre_operand_row;

/* State of a loop, 0 at its start (loop.cl). */
#define VYRE_LOOP_ITERATIONS      0u           /* iterations that were made */
#define VYRE_LOOP_ENDED           1u           /* how the loop ended, VYRE_ENDED_* */
#define VYRE_LOOP_STOP            2u           /* not 0: it should end; written beside the kernel */
#define VYRE_LOOP_FAULT           3u           /* ~(lowest word whose step failed), 0 for none */
#define VYRE_LOOP_FAULT_KIND      4u           /* what it did, VYRE_STEP_* */
#define VYRE_LOOP_FAULT_OPERAND   5u           /* which operand it read */
#define VYRE_LOOP_FAULT_WORD      6u           /* which word: low half, then high half */
#define VYRE_LOOP_WORDS           8u

#define VYRE_ENDED_BOUND          0u           /* max_iterations */
#define VYRE_ENDED_CONVERGED      1u           /* converged */
#define VYRE_ENDED_STOPPED        2u           /* stopped */
#define VYRE_ENDED_FAULTED        3u           /* faulted */
#define VYRE_STEP_SOUND           0u           /* what a step read: nothing wrong */
#define VYRE_STEP_PAST_CURRENT    1u           /* past the vector */
#define VYRE_STEP_PAST_OPERAND    2u           /* past an operand, also one that is not there */

/* What the probe asks, in the order of its answers. */
#define VYRE_QUESTIONS \
    VYRE_ASK_SIZE(vyre_slot) \
    VYRE_ASK_OFFSET(vyre_slot, state) \
    VYRE_ASK_OFFSET(vyre_slot, op_handle) \
    VYRE_ASK_OFFSET(vyre_slot, tenant_id) \
    VYRE_ASK_OFFSET(vyre_slot, priority) \
    VYRE_ASK_OFFSET(vyre_slot, input_handle) \
    VYRE_ASK_OFFSET(vyre_slot, output_handle) \
    VYRE_ASK_OFFSET(vyre_slot, param) \
    VYRE_ASK_OFFSET(vyre_slot, continuation_pc) \
    VYRE_ASK_OFFSET(vyre_slot, continuation_data) \
    VYRE_ASK_OFFSET(vyre_slot, resume_epoch) \
    VYRE_ASK_OFFSET(vyre_slot, task_id) \
    VYRE_ASK_OFFSET(vyre_slot, parent_task_id) \
    VYRE_ASK_OFFSET(vyre_slot, age_ticks) \
    VYRE_ASK_OFFSET(vyre_slot, requeue_count) \
    VYRE_ASK_OFFSET(vyre_slot, yield_count) \
    VYRE_ASK_OFFSET(vyre_slot, flags) \
    VYRE_ASK_SIZE(vyre_buffer) \
    VYRE_ASK_OFFSET(vyre_buffer, offset) \
    VYRE_ASK_OFFSET(vyre_buffer, bytes) \
    VYRE_ASK_OFFSET(vyre_buffer, type) \
    VYRE_ASK_OFFSET(vyre_buffer, writable) \
    VYRE_ASK_SIZE(vyre_witness) \
    VYRE_ASK_OFFSET(vyre_witness, owner) \
    VYRE_ASK_OFFSET(vyre_witness, claims) \
    VYRE_ASK_OFFSET(vyre_witness, ends) \
    VYRE_ASK_OFFSET(vyre_witness, violations) \
    VYRE_ASK_SIZE(vyre_trace_record) \
    VYRE_ASK_OFFSET(vyre_trace_record, began) \
    VYRE_ASK_OFFSET(vyre_trace_record, claimed) \
    VYRE_ASK_OFFSET(vyre_trace_record, ran) \
    VYRE_ASK_OFFSET(vyre_trace_record, ended) \
    VYRE_ASK_OFFSET(vyre_trace_record, slot) \
    VYRE_ASK_OFFSET(vyre_trace_record, task_id) \
    VYRE_ASK_OFFSET(vyre_trace_record, op_handle) \
    VYRE_ASK_OFFSET(vyre_trace_record, priority) \
    VYRE_ASK_OFFSET(vyre_trace_record, outcome) \
    VYRE_ASK_OFFSET(vyre_trace_record, group) \
    VYRE_ASK_OFFSET(vyre_trace_record, item) \
    VYRE_ASK_OFFSET(vyre_trace_record, requeue_count) \
    VYRE_ASK_NUMBER(VYRE_FLOW_HIGH) \
    VYRE_ASK_NUMBER(VYRE_FLOW_LOW) \
    VYRE_ASK_NUMBER(VYRE_FLOW_BUDGET) \
    VYRE_ASK_NUMBER(VYRE_FLOW_TIRED) \
    VYRE_ASK_NUMBER(VYRE_FLOW_BLOCKS) \
    VYRE_ASK_NUMBER(VYRE_FLOW_HEADS(0u)) \
    VYRE_ASK_NUMBER(VYRE_FLOW_HEADS(1u)) \
    VYRE_ASK_NUMBER(VYRE_FLOW_TAILS(0u)) \
    VYRE_ASK_NUMBER(VYRE_FLOW_TAILS(1u)) \
    VYRE_ASK_NUMBER(VYRE_FLOW_BUSY) \
    VYRE_ASK_NUMBER(VYRE_FLOW_WORDS) \
    VYRE_ASK_NUMBER(VYRE_TALLY_LOST) \
    VYRE_ASK_NUMBER(VYRE_TALLY_PRIORITIES) \
    VYRE_ASK_NUMBER(VYRE_TALLY_TENANTS) \
    VYRE_ASK_NUMBER(VYRE_TALLY_OPS) \
    VYRE_ASK_NUMBER(VYRE_LINE_TAKEN(0u)) \
    VYRE_ASK_NUMBER(VYRE_LINE_TAKEN(1u)) \
    VYRE_ASK_NUMBER(VYRE_LINE_FIRST(0u)) \
    VYRE_ASK_NUMBER(VYRE_LINE_FIRST(1u)) \
    VYRE_ASK_NUMBER(VYRE_LINE_LAST(0u)) \
    VYRE_ASK_NUMBER(VYRE_LINE_LAST(1u)) \
    VYRE_ASK_NUMBER(VYRE_LINE_WORDS) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_HEAD) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_SPAWNED) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_JOINED) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_FIRST_ID) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_SLOTS) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_CHUNKS) \
    VYRE_ASK_NUMBER(VYRE_FAMILY_BEGINS) \
    VYRE_ASK_NUMBER(VYRE_LINK_PARENT) \
    VYRE_ASK_NUMBER(VYRE_LINK_WAITS) \
    VYRE_ASK_NUMBER(VYRE_LINK_NEXT) \
    VYRE_ASK_NUMBER(VYRE_LINK_WORDS) \
    VYRE_ASK_NUMBER(VYRE_TRACE_ASKED) \
    VYRE_ASK_NUMBER(VYRE_TRACE_CLOCK) \
    VYRE_ASK_NUMBER(VYRE_TRACE_WORDS) \
    VYRE_ASK_NUMBER(VYRE_ROW_UNKNOWN) \
    VYRE_ASK_NUMBER(VYRE_ROW_FIRST_UNKNOWN) \
    VYRE_ASK_NUMBER(VYRE_ROW_AGE) \
    VYRE_ASK_NUMBER(VYRE_ROW_REQUEUES_LOW) \
    VYRE_ASK_NUMBER(VYRE_ROW_REQUEUES_HIGH) \
    VYRE_ASK_NUMBER(VYRE_OUTCOMES) \
    VYRE_ASK_NUMBER(VYRE_DONE) \
    VYRE_ASK_NUMBER(VYRE_YIELD) \
    VYRE_ASK_NUMBER(VYRE_PAUSE) \
    VYRE_ASK_NUMBER(VYRE_REQUEUE) \
    VYRE_ASK_NUMBER(VYRE_FAULT) \
    VYRE_ASK_NUMBER(VYRE_COUNT_ROWS) \
    VYRE_ASK_NUMBER(VYRE_COUNT_RESUMED) \
    VYRE_ASK_NUMBER(VYRE_COUNT_SHUT_OUT) \
    VYRE_ASK_NUMBER(VYRE_TYPE_OTHER) \
    VYRE_ASK_NUMBER(VYRE_TYPE_U32) \
    VYRE_ASK_NUMBER(VYRE_TYPE_I32) \
    VYRE_ASK_NUMBER(VYRE_TYPE_F32) \
    VYRE_ASK_NUMBER(VYRE_TYPE_ABSENT) \
    VYRE_ASK_NUMBER(VYRE_CLAIMED_TWICE) \
    VYRE_ASK_NUMBER(VYRE_ENDED_BY_OTHER) \
    VYRE_ASK_NUMBER(VYRE_ROW_NUMBERS) \
    VYRE_ASK_NUMBER(VYRE_LANE_BLOCK) \
    VYRE_ASK_NUMBER(VYRE_GROUP_BLOCK) \
    VYRE_ASK_NUMBER(VYRE_MOST_GROUP_TICKET) \
    VYRE_ASK_NUMBER(VYRE_MOST_LANE_TICKET)

#endif /* VYRE_ENGINE_H */
