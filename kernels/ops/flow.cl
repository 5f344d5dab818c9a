/* flow.cl - operations that show a lifecycle step and need no buffer. */

VYRE_OP(0x0, nop, "does nothing") { return vyre_done(); }

#define VYRE_SPIN_TURN 1048576u

VYRE_OP(0x1005, spin,
        "param steps of integer work; yields every 1048576 steps (pc = steps made, data = generator)") {
    const uint left = task->param - min(task->pc, task->param);
    const uint steps = min(left, VYRE_SPIN_TURN);
    uint x = task->pc ? task->data : (task->task_id * 2654435761u) | 1u;
    for (uint i = 0; i < steps; ++i) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    if (left > steps) return vyre_yield(task->pc + steps, x);
    /* The generator reaches 0 from 0 alone, which only a forged data word holds; the test keeps the loop in
     * the program. */
    return x ? vyre_done() : vyre_fault(1u);
}

VYRE_OP(0x1006, wait, "pauses until the epoch reaches param, then finishes (pc = 1 once it has paused)") {
    return task->pc ? vyre_done() : vyre_pause(1u, task->data, task->param);
}

VYRE_OP(0x1007, requeue_n, "requeues itself param times, each time a priority lower (pc = times requeued)") {
    if (task->pc >= task->param) return vyre_done();
    const uint lower = min(min(task->priority, VYRE_PRIORITY_IDLE) + 1u, VYRE_PRIORITY_IDLE);
    return vyre_requeue(task->pc + 1u, task->data, lower);
}

VYRE_OP(0x1008, fault, "faults with code param") { return vyre_fault(task->param); }
