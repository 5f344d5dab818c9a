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
