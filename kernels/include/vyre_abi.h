/* vyre_abi.h: the task ring's wire (spec 1.1-1.6, 3.1, 3.3) for C and OpenCL C.
 *
 * Generated from vyrectl/abi/ and vyrectl/task/lifecycle.py: python -m vyrectl.devtools generate
 *
 * Layouts and numbers only. Every word is a little-endian 32-bit unsigned integer.
 */
#ifndef VYRE_ABI_H
#define VYRE_ABI_H

#ifdef __OPENCL_VERSION__
typedef uint vyre_u32;
#else
#include <stdint.h>
typedef uint32_t vyre_u32;
#endif

/* Limits */
#define VYRE_U32_MAX                          0xffffffffu
#define VYRE_WORD_BYTES                       4u
#define VYRE_SLOT_WORDS                       16u
#define VYRE_SLOT_BYTES                       64u
#define VYRE_MAX_SLOTS                        268435455u     /* every word of a ring has a u32 index */
#define VYRE_NEVER_EPOCH                      0xffffffffu    /* a resume_epoch that no epoch reaches */

/* Index of each word of a slot (spec 1.2) */
#define VYRE_WORD_STATE                       0u
#define VYRE_WORD_OP_HANDLE                   1u
#define VYRE_WORD_TENANT_ID                   2u
#define VYRE_WORD_PRIORITY                    3u
#define VYRE_WORD_INPUT_HANDLE                4u
#define VYRE_WORD_OUTPUT_HANDLE               5u
#define VYRE_WORD_PARAM                       6u
#define VYRE_WORD_CONTINUATION_PC             7u
#define VYRE_WORD_CONTINUATION_DATA           8u
#define VYRE_WORD_RESUME_EPOCH                9u
#define VYRE_WORD_TASK_ID                     10u
#define VYRE_WORD_PARENT_TASK_ID              11u
#define VYRE_WORD_AGE_TICKS                   12u
#define VYRE_WORD_REQUEUE_COUNT               13u
#define VYRE_WORD_YIELD_COUNT                 14u
#define VYRE_WORD_FLAGS                       15u

/* One slot. A worker that does not own the slot may touch `state` alone, and that atomically. */
typedef struct vyre_slot {
    vyre_u32 state;                 /* byte 0: lifecycle state; a claim is a compare-and-swap of this word */
    vyre_u32 op_handle;             /* byte 4: operation to run */
    vyre_u32 tenant_id;             /* byte 8: tenant, checked before a claim */
    vyre_u32 priority;              /* byte 12: priority class */
    vyre_u32 input_handle;          /* byte 16: handle of the input buffer */
    vyre_u32 output_handle;         /* byte 20: handle of the output buffer */
    /* byte 24: a value for the operation, or an index into its argument table */
    vyre_u32 param;
    vyre_u32 continuation_pc;       /* byte 28: where the operation resumes */
    vyre_u32 continuation_data;     /* byte 32: scratch kept for the operation; the fault code once Faulted */
    vyre_u32 resume_epoch;          /* byte 36: epoch from which a paused task may resume */
    vyre_u32 task_id;               /* byte 40: stable id */
    vyre_u32 parent_task_id;        /* byte 44: id of the parent, 0 for none */
    vyre_u32 age_ticks;             /* byte 48: scheduler age */
    vyre_u32 requeue_count;         /* byte 52: times requeued */
    vyre_u32 yield_count;           /* byte 56: times yielded */
    vyre_u32 flags;                 /* byte 60: flag bits */
} vyre_slot;
typedef char vyre_slot_is_64_bytes[sizeof(vyre_slot) == 64 ? 1 : -1];

/* States, word 0 (spec 1.3) */
#define VYRE_STATE_EMPTY                      0u             /* no task; the slot may be published into */
#define VYRE_STATE_READY                      1u             /* published, may be claimed */
#define VYRE_STATE_RUNNING                    2u             /* claimed by a worker */
#define VYRE_STATE_DONE                       3u             /* finished */
#define VYRE_STATE_PAUSED                     4u             /* waits for its resume epoch */
#define VYRE_STATE_YIELDED                    5u             /* gave up its worker, may be claimed again */
/* went back to a priority class, may be claimed again */
#define VYRE_STATE_REQUEUED                   6u
/* stopped by a fault; runs no more unless repaired */
#define VYRE_STATE_FAULTED                    7u

/* Sets of states; bit n stands for state n */
#define VYRE_STATE_COUNT                      8u             /* words from here on are unknown */
#define VYRE_SCHEDULABLE_STATES               0x00000062u    /* a worker may claim these */
#define VYRE_TRANSITIONABLE_STATES            0x00000076u    /* every action but resume starts here */

/* Priorities, word 3 (spec 1.4) */
#define VYRE_PRIORITY_CRITICAL                0u
#define VYRE_PRIORITY_HIGH                    1u
#define VYRE_PRIORITY_NORMAL                  2u
#define VYRE_PRIORITY_LOW                     3u
#define VYRE_PRIORITY_IDLE                    4u
#define VYRE_PRIORITY_COUNT                   5u             /* words from here on are unknown */

/* Flag bits, word 15 (spec 1.5) */
#define VYRE_FLAG_PAUSED                      0x00000001u
#define VYRE_FLAG_YIELDED                     0x00000002u
#define VYRE_FLAG_REQUEUE_REQUESTED           0x00000004u
#define VYRE_FLAG_RESUME_READY                0x00000008u

/* What each action does to flags: flags = (flags | SET) & ~CLEAR (spec 1.6) */
#define VYRE_PAUSE_SET_FLAGS                  0x00000001u    /* wait for an epoch */
#define VYRE_PAUSE_CLEAR_FLAGS                0x00000008u
#define VYRE_RESUME_SET_FLAGS                 0x00000008u    /* make a paused task claimable again */
#define VYRE_RESUME_CLEAR_FLAGS               0x00000003u
#define VYRE_YIELD_SET_FLAGS                  0x00000002u    /* give up the worker and keep the progress */
#define VYRE_YIELD_CLEAR_FLAGS                0x00000000u
#define VYRE_REQUEUE_SET_FLAGS                0x00000004u    /* go back to a priority class, one tick older */
#define VYRE_REQUEUE_CLEAR_FLAGS              0x00000000u
#define VYRE_COMPLETE_SET_FLAGS               0x00000000u    /* finish */
#define VYRE_COMPLETE_CLEAR_FLAGS             0xffffffffu
#define VYRE_FAULT_SET_FLAGS                  0x00000000u    /* stop with a fault code */
#define VYRE_FAULT_CLEAR_FLAGS                0x00000000u

/* Control opcodes, word 1 (spec 3.3) */
#define VYRE_OP_NOP                           0x00000000u    /* does nothing */
#define VYRE_OP_STORE_U32                     0x00000001u    /* control[output_handle] = input_handle */
#define VYRE_OP_ATOMIC_ADD                    0x00000002u    /* control[output_handle] += input_handle */
/* observable[output_handle] = control[input_handle] */
#define VYRE_OP_LOAD_U32                      0x00000003u
/* observable[input_handle] = CAS(control[input_handle], output_handle -> param) */
#define VYRE_OP_COMPARE_SWAP                  0x00000004u
/* copies param control words from input_handle to output_handle, ascending */
#define VYRE_OP_MEMCPY                        0x00000005u
#define VYRE_OP_DFA_STEP                      0x00000006u    /* reserved by the wire; no built-in body */
#define VYRE_OP_BATCH_FENCE                   0x00000007u    /* epoch += 1, observable[0] = output_handle */
#define VYRE_OP_LOAD_MISS                     0x0000fffdu    /* device-initiated load; needs an I/O queue */
#define VYRE_OP_PRINTF                        0x0000fffeu    /* appends one debug record */
#define VYRE_OP_PACKED_SLOT                   0x80000001u    /* several small operations in one slot */
#define VYRE_OP_SHUTDOWN                      0xffffffffu    /* asks every worker to leave */
#define VYRE_OP_SHIPPED_FIRST                 0x00001000u    /* operations that come with vyrectl */
#define VYRE_OP_SHIPPED_LAST                  0x000010ffu
#define VYRE_METRIC_OPCODES                   32u            /* opcodes below have a metric word */

/* Fault codes of the engine, word 8 of a Faulted slot */
#define VYRE_FIRST_ENGINE_FAULT               0xffffff00u    /* an operation's own codes stay below */
#define VYRE_FAULT_UNKNOWN_OP                 0xffffff01u    /* no operation has this op_handle */
#define VYRE_FAULT_BAD_HANDLE                 0xffffff02u    /* a handle names no buffer of this launch */
#define VYRE_FAULT_OUT_OF_RANGE               0xffffff03u    /* an access would leave its buffer */
/* yield_count, requeue_count or age_ticks is at 4294967295 */
#define VYRE_FAULT_COUNTER_OVERFLOW           0xffffff04u
/* the operation cannot work with this param or argument record */
#define VYRE_FAULT_BAD_ARGUMENT               0xffffff05u
/* a buffer's element type does not suit the operation */
#define VYRE_FAULT_BAD_TYPE                   0xffffff06u
/* the operation ended in a way the wire cannot hold */
#define VYRE_FAULT_BAD_OUTCOME                0xffffff07u
/* the wire reserves this opcode and gives it no body */
#define VYRE_FAULT_RESERVED_OP                0xffffff08u
/* the operation writes a buffer that was given as an input */
#define VYRE_FAULT_READ_ONLY                  0xffffff09u
/* its launch died over it; ended by recover --as faulted, or may not run twice */
#define VYRE_FAULT_ORPHANED                   0xffffff0au
/* it waited for children, and its task_id no longer tells which they are */
#define VYRE_FAULT_LOST_CHILDREN              0xffffff0bu

/* Control buffer: first word of each region, and its length past one (spec 3.1) */
/* non-zero: workers leave at their next iteration */
#define VYRE_CONTROL_SHUTDOWN                 0u
#define VYRE_CONTROL_DONE_COUNT               1u             /* one more for each drained slot */
#define VYRE_CONTROL_TENANT_BASE              2u             /* word index of the tenant table */
#define VYRE_CONTROL_TENANT_MASKS             3u             /* per tenant: 0 shuts it out */
#define VYRE_CONTROL_TENANT_MASKS_WORDS       29u
#define VYRE_CONTROL_TENANT_QUOTA             32u            /* per tenant: claims it may make */
#define VYRE_CONTROL_TENANT_QUOTA_WORDS       32u
#define VYRE_CONTROL_TENANT_FAIRNESS          64u            /* claims per tenant, index tenant % 32 */
#define VYRE_CONTROL_TENANT_FAIRNESS_WORDS    32u
#define VYRE_CONTROL_METRICS                  96u            /* executions per opcode, opcodes 0-31 */
#define VYRE_CONTROL_METRICS_WORDS            32u
#define VYRE_CONTROL_EPOCH                    128u           /* count of batch fences */
/* first slot of each priority partition, then the slot total */
#define VYRE_CONTROL_PRIORITY_OFFSETS         129u
#define VYRE_CONTROL_PRIORITY_OFFSETS_WORDS   6u
#define VYRE_CONTROL_PRIORITY_STARVATION      135u           /* consecutive claims at Critical or High */
#define VYRE_CONTROL_PRIORITY_FAIRNESS        136u           /* claims per priority */
#define VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS  5u
#define VYRE_OBSERVABLE_FIRST                 160u           /* also the least length of a control buffer */
#define VYRE_STARVATION_LIMIT                 16u            /* claims above Normal in a row */

#endif /* VYRE_ABI_H */
