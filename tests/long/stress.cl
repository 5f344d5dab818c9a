/* stress.cl - operations whose result does not depend on who runs them, nor when. */

VYRE_OP(0x30000, turns, "yields param times (pc = data = turns made)") {
    if (task->pc >= task->param) return vyre_done();
    return vyre_yield(task->pc + 1u, task->pc + 1u);
}

VYRE_OP(0x30001, to_and_fro, "yields and requeues in turn, param times in all, each requeue to another class") {
    if (task->pc >= task->param) return vyre_done();
    if (task->pc % 2u) return vyre_requeue(task->pc + 1u, task->data, (task->priority + 3u) % VYRE_PRIORITY_COUNT);
    return vyre_yield(task->pc + 1u, task->data);
}

VYRE_OP(0x30002, mark, "output[1 + 2 * slot] = how many tasks ran before, counted in output[0]; then the work-item that ran it") {
    __global uint *out = vyre_write_u32(task, task->output_handle, 0u, 2ul * task->slot + 3u);
    VYRE_CHECK(task);
    out[2u * task->slot + 1u] = vyre_add_relaxed(out, 1u);
    out[2u * task->slot + 2u] = (uint)get_global_id(0);
    return vyre_done();
}
