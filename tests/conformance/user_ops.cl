/* user_ops.cl - operations that end in every way there is, and in some that there are not. */

#include "vyre_op.h"

VYRE_OP(0x20000, ends, "ends as param says: 0-4 the outcomes, 5-7 what the wire cannot hold") {
    switch (task->param) {
        case 0: return vyre_done();
        case 1: return task->pc ? vyre_done() : vyre_yield(11u, 12u);
        case 2: return task->pc ? vyre_done() : vyre_pause(21u, 22u, 23u);
        case 3: return task->pc ? vyre_done() : vyre_requeue(31u, 32u, 4u);
        case 4: return vyre_fault(41u);
        case 5: return vyre_requeue(51u, 52u, 5u);
        case 6: return vyre_fault(0xFFFFFF00u);
        default: return vyre_make_outcome(task->param, 71u, 72u, 73u);
    }
}

VYRE_OP(0x20001, forgetful, "yields in spite of an accessor that failed before") {
    vyre_read_u32(task, task->input_handle, 0, 1000);
    vyre_write_f32(task, 77u, 0, 1);
    return vyre_yield(1u, 2u);
}

VYRE_OP(0x20002, scribbler, "changes its private copy of every word") {
    task->slot = 0u;
    task->op_handle = 6u;
    task->tenant_id = 30u;
    task->priority = 4u;
    task->input_handle = task->output_handle = task->param = 0u;
    task->pc = task->data = task->resume_epoch = 9u;
    task->task_id = task->parent_task_id = 9u;
    return vyre_done();
}

VYRE_OP(0x20004, teller, "leaves two records in the debug log, then yields once") {
    vyre_debug(task, 7u, task->param, task->pc);
    vyre_debug(task, 8u, task->tenant_id, 2u);
    return task->pc ? vyre_done() : vyre_yield(1u, 0u);
}

VYRE_OP(0x20003, reader, "output[0..2] = type and length of the input, and whether an empty range at its end is fine") {
    __global uint *out = vyre_write_u32(task, task->output_handle, 0, 3);
    VYRE_CHECK(task);
    const ulong length = vyre_length(task, task->input_handle);
    out[0] = vyre_type(task, task->input_handle);
    out[1] = (uint)length;
    out[2] = vyre_words(task, task->input_handle, length, 0, false) != 0;
    return vyre_done();
}
