/* vyre_op.h - what the author of an operation sees.
 *
 *   VYRE_OP(0x20000, halve, "output[i] = input[i] / 2, u32") {
 *       const ulong n = vyre_length(task, task->input_handle);
 *       __global const uint *in = vyre_read_u32(task, task->input_handle, 0, n);
 *       __global uint *out = vyre_write_u32(task, task->output_handle, 0, n);
 *       VYRE_CHECK(task);
 *       for (ulong i = 0; i < n; ++i) out[i] = in[i] >> 1;
 *       return vyre_done();
 *   }
 *
 * Try it: `vyrectl ops --check FILE.cl` reads and compiles it and names every mistake by file and line;
 * `vyrectl launch RING --ops FILE.cl` runs the tasks that name its id.
 *
 * Shape. An operation is one function: an id (8..0xFFF, 0x1100..0xFFEF or 0x10000..0x7FFFFFFF; the others are
 * the wire's and vyrectl's), a name and a line of documentation. The file may hold helper functions
 * (`static`), constants, macros and includes; local includes are looked for beside the file. It need not
 * include this header. Names that begin with vyre_ or VYRE_ are taken.
 *
 * Task. The function gets `task`, a private copy of the slot's words: writing them changes nothing in the
 * ring. `pc` and `data` are the operation's own between two turns; both are 0 in a task that was just
 * published.
 *
 * Ending. The function says how its turn ended by what it returns:
 *
 *   vyre_done()                        finished; the task is Done
 *   vyre_yield(pc, data)               give up the worker, go on later at pc with data; yield_count + 1
 *   vyre_pause(pc, data, epoch)        wait until the epoch reaches `epoch`; 0xFFFFFFFF waits for ever
 *   vyre_requeue(pc, data, priority)   go back to a priority class (0..4), one tick older; requeue_count + 1
 *   vyre_fault(code)                   stop; code below 0xFFFFFF00, shown by `inspect`
 *   vyre_refuse(task, VYRE_FAULT_...)  stop with one of the engine's codes, for example
 *                                      VYRE_FAULT_BAD_ARGUMENT
 *
 * A counter at its end, a priority past 4 or a code that is the engine's makes the task Faulted instead.
 *
 * Long work should yield: a task that runs for seconds keeps its worker, and Ctrl-C has to wait for it. A
 * turn that was cut short by a kill runs again from its last published pc, so let a turn write what a second
 * run of it would write as well.
 *
 * Buffers. They are reached by handle, through accessors that check type, bounds and permission once for a
 * whole range and give a pointer, or NULL and a fault. A failed accessor leaves its fault in task->fault; the
 * task becomes Faulted with it whatever the operation returns, so VYRE_CHECK before the first use of a
 * pointer is all the care that is needed:
 *
 *   vyre_length(task, handle)                     4-byte words of a buffer
 *   vyre_type(task, handle)                       VYRE_TYPE_U32, I32, F32, OTHER, or ABSENT
 *   vyre_read_u32(task, handle, first, count)     words of an int32 or uint32 buffer; `first` and `count` are
 *                                                 ulong
 *   vyre_write_u32(...)                           the same, to be written; a buffer given as an input is
 *                                                 refused
 *   vyre_read_f32(...), vyre_write_f32(...)       the same of a float32 buffer
 *   vyre_words(task, handle, first, count, writes)  words of any type
 *   vyre_argument_record(task, index)             a record of the argument table (--buffer args=FILE.npy)
 *
 * Records. vyre_debug(task, format, first, second) leaves a record in the debug log, as a PRINTF task does;
 * `launch --debug-log` shows it, and `debug` later.
 *
 * An index past the range that was asked for is not checked: inside it the operation is trusted. Tasks run at
 * the same time and in any order, so two that write the same words must do it through atomics.
 *
 * Groups. One work-item runs an operation that is declared with VYRE_OP; there is no barrier and no waiting
 * for other work-items inside it. VYRE_GROUP_OP(id, name, doc) declares a group operation: the work-items of
 * a work-group run it together on the same task, each the elements vyre_lane(), vyre_lane() + vyre_lanes(),
 * ... Accessors, yields and faults must be reached by all of them alike, and vyre_barrier() too, if it is
 * used. A file without a barrier lets a group spread its work-items over several tasks; with one, all of them
 * run each task. On a CPU, where a worker is one work-item, vyre_lanes() is 1. vyre_lane() and vyre_lanes()
 * read `task`: hand it to a function of yours that uses them, under that name.
 *
 *   VYRE_GROUP_OP(0x20001, clear, "output[i] = 0, u32") {
 *       const ulong n = vyre_length(task, task->output_handle);
 *       __global uint *out = vyre_write_u32(task, task->output_handle, 0, n);
 *       VYRE_CHECK(task);
 *       for (ulong i = vyre_lane(); i < n; i += vyre_lanes()) out[i] = 0u;
 *       return vyre_done();
 *   }
 *
 * Children. VYRE_SPAWNING_OP(id, name, doc) declares an operation of one work-item that may make tasks and
 * wait for them:
 *
 *   vyre_spawn(task, op_handle, priority, input_handle, output_handle, param)   the child's slot, or
 *   VYRE_FULL
 *   vyre_join(pc, data)                           go on at pc once every child is Done or Faulted
 *
 * A child takes an Empty slot of the ring. Where none is left vyre_spawn gives VYRE_FULL, and the operation
 * does the child's work itself, yields or faults. Its results are read after the join, where the child wrote
 * them; one that faulted wrote nothing.
 *
 *   VYRE_SPAWNING_OP(0x20002, twice, "runs op param as two children") {
 *       if (task->pc) return vyre_done();
 *       for (uint i = 0; i < 2u; ++i)
 *           if (vyre_spawn(task, task->param, task->priority, task->input_handle, task->output_handle, i) ==
 *               VYRE_FULL) return vyre_fault(1u);
 *       return vyre_join(1u, 0u);
 *   }
 *
 * Floating-point contraction is off: results equal those of every other device, as long as an operation keeps
 * to additions, subtractions and multiplications.
 */
#ifndef VYRE_OP_H
#define VYRE_OP_H

#include "vyre_abi.h"
#include "vyre_engine.h"
#include "vyre_sync.h"

#pragma OPENCL FP_CONTRACT OFF

#ifndef VYRE_HAS_FAMILY
#define VYRE_HAS_FAMILY 0
#endif
#if VYRE_HAS_FAMILY
struct vyre_nursery;
#endif

/* What a launch lends to every task. `control` is not reachable through a handle, nor is the debug log, which
 * has the row of `buffers` behind the last handle's. */
typedef struct {
    __global uchar *arena;
    __global const vyre_buffer *buffers; /* buffer_count + 1 rows */
    uint buffer_count;
    uint argument_handle; /* index of the argument table, or buffer_count when there is none */
    __global uint *control;
    uint control_words;
    uint first_slot; /* of the ring, where the device has a part of it */
#if VYRE_HAS_FAMILY
    struct vyre_nursery *nursery;
#endif
} vyre_env;

/* Which work-item of how many runs a group operation, where `task` is in scope; a lane operation is run by
 * one. */
#if VYRE_DRIVER_GROUP
#define vyre_lane() (task->lane)
#define vyre_lanes() (task->lanes)
#define vyre_barrier() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#else
#define vyre_lane() 0u
#define vyre_lanes() 1u
#define vyre_barrier()
#endif

typedef struct {
    uint slot;
    uint op_handle;
    uint tenant_id;
    uint priority;
    uint input_handle;
    uint output_handle;
    uint param;
    uint pc;
    uint data;
    uint resume_epoch;
    uint task_id;
    uint parent_task_id;
    uint age_ticks;
    uint requeue_count;
    uint yield_count;
    uint flags;
    uint fault; /* 0, or why an accessor failed */
#if VYRE_DRIVER_GROUP
    uint lane; /* of `lanes` work-items that run it */
    uint lanes;
#endif
    const vyre_env *env;
} vyre_task;

/* How a turn ended; made by the functions below. */
typedef struct {
    uint kind; /* VYRE_DONE ... VYRE_FAULT */
    uint pc;
    uint data;
    uint extra; /* pause: epoch; requeue: priority; fault: code */
} vyre_outcome;

/* A function that is called, not inlined, where calls are cheap (VYRE_CALLS: on CPUs): a compiler's time
 * grows faster than what it looks at as one. The host knows which compilers get groups right with calls and
 * which without. What every turn goes through is called in groups alone: in a lane the call takes more than
 * most operations do, and hardly any of the compiler's time. */
#ifdef VYRE_CALLS
#define VYRE_APART __attribute__((noinline))
#else
#define VYRE_APART
#endif
#if VYRE_DRIVER_GROUP
#define VYRE_OP_APART VYRE_APART
#else
#define VYRE_OP_APART
#endif

#define VYRE_OP(id, name, doc) VYRE_OP_APART static vyre_outcome vyre_op_##name(vyre_task *task)
#define VYRE_GROUP_OP(id, name, doc) VYRE_OP_APART static vyre_outcome vyre_op_##name(vyre_task *task)
#define VYRE_SPAWNING_OP(id, name, doc) VYRE_OP_APART static vyre_outcome vyre_op_##name(vyre_task *task)
#define VYRE_ONCE_SPAWNING_OP(id, name, doc) VYRE_OP_APART static vyre_outcome vyre_op_##name(vyre_task *task)
#define VYRE_ONCE_OP(id, name, doc) VYRE_OP_APART static vyre_outcome vyre_op_##name(vyre_task *task)
#define VYRE_ONCE_GROUP_OP(id, name, doc) VYRE_OP_APART static vyre_outcome vyre_op_##name(vyre_task *task)

static vyre_outcome vyre_make_outcome(uint kind, uint pc, uint data, uint extra) {
    vyre_outcome outcome;
    outcome.kind = kind;
    outcome.pc = pc;
    outcome.data = data;
    outcome.extra = extra;
    return outcome;
}

static vyre_outcome vyre_done(void) { return vyre_make_outcome(VYRE_DONE, 0u, 0u, 0u); }

static vyre_outcome vyre_yield(uint pc, uint data) { return vyre_make_outcome(VYRE_YIELD, pc, data, 0u); }

static vyre_outcome vyre_pause(uint pc, uint data, uint epoch) {
    return vyre_make_outcome(VYRE_PAUSE, pc, data, epoch);
}

static vyre_outcome vyre_requeue(uint pc, uint data, uint priority) {
    return vyre_make_outcome(VYRE_REQUEUE, pc, data, priority);
}

static vyre_outcome vyre_fault(uint code) {
    return vyre_make_outcome(VYRE_FAULT, 0u, 0u,
                             code < VYRE_FIRST_ENGINE_FAULT ? code : VYRE_FAULT_BAD_OUTCOME);
}

/* Leaves the operation when an accessor failed. */
#define VYRE_CHECK(task)                  \
    do {                                  \
        if ((task)->fault) return vyre_done(); \
    } while (0)

/* Stops the task with one of the engine's own codes. */
static vyre_outcome vyre_refuse(vyre_task *task, uint engine_fault) {
    if (!task->fault) task->fault = engine_fault;
    return vyre_done();
}

/* VYRE_TYPE_* of a buffer; VYRE_TYPE_ABSENT and a fault when the handle names none. */
static uint vyre_type(vyre_task *task, uint handle) {
    const uint type = handle < task->env->buffer_count ? task->env->buffers[handle].type : VYRE_TYPE_ABSENT;
    if (type == VYRE_TYPE_ABSENT && !task->fault) task->fault = VYRE_FAULT_BAD_HANDLE;
    return type;
}

/* How many whole 4-byte words a buffer has; 0 and a fault when the handle names none. */
static ulong vyre_length(vyre_task *task, uint handle) {
    return vyre_type(task, handle) == VYRE_TYPE_ABSENT ? 0u : task->env->buffers[handle].bytes / 4u;
}

/* Words [first, first + count) of a buffer, checked; NULL and task->fault otherwise. An empty range is fine
 * anywhere inside. */
static __global uint *vyre_words(vyre_task *task, uint handle, ulong first, ulong count, bool writes) {
    const ulong length = vyre_length(task, handle);
    if (task->fault) return 0;
    const vyre_buffer buffer = task->env->buffers[handle];
    if (writes && !buffer.writable)
        task->fault = VYRE_FAULT_READ_ONLY;
    else if (first > length || count > length - first)
        task->fault = VYRE_FAULT_OUT_OF_RANGE;
    if (task->fault) return 0;
    return (__global uint *)(task->env->arena + buffer.offset) + first;
}

static bool vyre_is_typed(vyre_task *task, uint handle, bool wants_float) {
    const uint type = vyre_type(task, handle);
    const bool fits = wants_float ? type == VYRE_TYPE_F32 : type == VYRE_TYPE_U32 || type == VYRE_TYPE_I32;
    if (!fits && !task->fault) task->fault = VYRE_FAULT_BAD_TYPE;
    return fits;
}

/* Words [first, first + count) of a 32-bit integer buffer, to be read; NULL and a fault otherwise. */
static __global const uint *vyre_read_u32(vyre_task *task, uint handle, ulong first, ulong count) {
    return vyre_is_typed(task, handle, false) ? vyre_words(task, handle, first, count, false) : 0;
}

/* The same, to be written. */
static __global uint *vyre_write_u32(vyre_task *task, uint handle, ulong first, ulong count) {
    return vyre_is_typed(task, handle, false) ? vyre_words(task, handle, first, count, true) : 0;
}

/* Elements [first, first + count) of a float32 buffer, to be read; NULL and a fault otherwise. */
static __global const float *vyre_read_f32(vyre_task *task, uint handle, ulong first, ulong count) {
    return vyre_is_typed(task, handle, true)
               ? (__global const float *)vyre_words(task, handle, first, count, false)
               : 0;
}

/* The same, to be written. */
static __global float *vyre_write_f32(vyre_task *task, uint handle, ulong first, ulong count) {
    return vyre_is_typed(task, handle, true) ? (__global float *)vyre_words(task, handle, first, count, true)
                                             : 0;
}

#define VYRE_DEBUG_RECORD_WORDS 4u

/* Appends a record (format, first, second, the slot's first word index) to the debug log. A full log drops it
 * and counts it: the cursor moves all the same. Without a log nothing happens. */
static void vyre_debug(vyre_task *task, uint format, uint first, uint second) {
    const vyre_buffer log = task->env->buffers[task->env->buffer_count];
    __global uint *words = (__global uint *)(task->env->arena + log.offset);
    const ulong length = log.bytes / 4u;
    if (!length) return;
    const ulong at = (ulong)vyre_add_relaxed(words, VYRE_DEBUG_RECORD_WORDS) + 1u;
    if (at + VYRE_DEBUG_RECORD_WORDS > length) return;
    words[at] = format;
    words[at + 1u] = first;
    words[at + 2u] = second;
    words[at + 3u] = task->slot * VYRE_SLOT_WORDS;
}

/* A record of the argument table: what one param word is too small for. */
typedef struct {
    uint offset; /* first element */
    uint length; /* number of elements */
    uint stride; /* distance between elements; 0 reads as 1 */
    uint scalar; /* bits of a scalar, f32 or u32 */
} vyre_arguments;

/* Record `index` of the argument table; zeros and a fault when there is no table or no such record. */
static vyre_arguments vyre_argument_record(vyre_task *task, uint index) {
    vyre_arguments record = {0u, 0u, 0u, 0u};
    __global const uint *words = vyre_words(task, task->env->argument_handle, (ulong)index * 4u, 4u, false);
    if (words) {
        record.offset = words[0];
        record.length = words[1];
        record.stride = words[2] ? words[2] : 1u;
        record.scalar = words[3];
    }
    return record;
}

/* How many words a strided range spans, from its first element to its last; 0 for an empty one. */
static ulong vyre_span(vyre_arguments record) {
    return record.length ? (ulong)(record.length - 1u) * record.stride + 1u : 0u;
}

#include "vyre_family.h"

#endif
