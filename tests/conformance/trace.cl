/* trace.cl - writes down the order in which tasks are claimed. For one work-item only: the log is not atomic. */

VYRE_OP(0x20000, trace, "output[0] counts turns, output[n] = task of turn n; yields, and from there requeues, param times") {
    const ulong length = vyre_length(task, task->output_handle);
    __global uint *log = vyre_write_u32(task, task->output_handle, 0, length);
    VYRE_CHECK(task);
    const uint turn = ++log[0];
    if (turn < length) log[turn] = task->task_id;
    if (task->pc >= task->param) return vyre_done();
    return task->pc % 2u ? vyre_requeue(task->pc + 1u, task->data, (task->priority + 3u) % 5u)
                         : vyre_yield(task->pc + 1u, task->data);
}
