/* control.cl - the control opcodes of spec 3.3. Arguments are the words input_handle, output_handle, param.
 *
 * Every index is checked before anything is written; an index outside the control buffer faults the task and
 * has no effect.
 * A packed slot (spec 3.4) runs its first four inner operations, those whose three arguments lie inside the
 * payload. They are operations with ids below 256, and each ends at once: one that faults, or does not end,
 * faults the whole slot and the rest do not run.
 */

VYRE_OP(0x1, store_u32, "control[output_handle] = input_handle") {
    vyre_word_ptr word = vyre_control_word(task, task->output_handle);
    VYRE_CHECK(task);
    vyre_store_relaxed(word, task->input_handle);
    return vyre_done();
}

VYRE_OP(0x2, atomic_add, "control[output_handle] += input_handle, modulo 2^32") {
    vyre_word_ptr word = vyre_control_word(task, task->output_handle);
    VYRE_CHECK(task);
    vyre_add_relaxed(word, task->input_handle);
    return vyre_done();
}

VYRE_OP(0x3, load_u32, "observable[output_handle] = control[input_handle]") {
    vyre_word_ptr from = vyre_control_word(task, task->input_handle);
    vyre_word_ptr to = vyre_observable(task, task->output_handle);
    VYRE_CHECK(task);
    vyre_store_relaxed(to, vyre_load_relaxed(from));
    return vyre_done();
}

VYRE_OP(0x4, compare_swap,
        "observable[input_handle] = control[input_handle], replaced by param if it was output_handle") {
    vyre_word_ptr word = vyre_control_word(task, task->input_handle);
    vyre_word_ptr met = vyre_observable(task, task->input_handle);
    VYRE_CHECK(task);
    vyre_store_relaxed(met, vyre_cas_value_acq_rel(word, task->output_handle, task->param));
    return vyre_done();
}

VYRE_OP(0x5, memcpy, "copies param control words from input_handle to output_handle, ascending") {
    if (!task->param) return vyre_done();
    vyre_control_word(task, (ulong)task->input_handle + task->param - 1u);
    vyre_control_word(task, (ulong)task->output_handle + task->param - 1u);
    VYRE_CHECK(task);
    for (uint i = 0; i < task->param; ++i)
        vyre_store_relaxed(task->env->control + task->output_handle + i,
                           vyre_load_relaxed(task->env->control + task->input_handle + i));
    return vyre_done();
}

VYRE_OP(0x6, dfa_step, "reserved by the wire and without a body: faults") {
    return vyre_refuse(task, VYRE_FAULT_RESERVED_OP);
}

VYRE_OP(0x7, batch_fence, "epoch += 1 and observable[0] = output_handle") {
    vyre_word_ptr tag = vyre_observable(task, 0u);
    VYRE_CHECK(task);
    vyre_store_relaxed(tag, task->output_handle);
    vyre_add_relaxed(task->env->control + VYRE_CONTROL_EPOCH, 1u);
    return vyre_done();
}

VYRE_OP(0xFFFE, printf,
        "appends (input_handle, output_handle, param, slot's first word index) to the debug log") {
    vyre_debug(task, task->input_handle, task->output_handle, task->param);
    return vyre_done();
}

#define VYRE_PAYLOAD_WORDS 12u
#define VYRE_PACKED_RUNS 4u
#define VYRE_PACKED_ARGUMENTS 3u

/* Generated: the operations of this program whose ids fit into a byte. */
static vyre_outcome vyre_dispatch_inner(vyre_task *task);

static uint vyre_payload_byte(const uint *payload, uint at) {
    return (payload[at >> 2] >> (8u * (at & 3u))) & 0xFFu;
}

/* Runs one inner operation; false when it faulted or did not end, with the fault in the task. */
static bool vyre_run_inner(vyre_task *task, uint opcode, const uint *arguments) {
    task->op_handle = opcode;
    task->input_handle = arguments[0];
    task->output_handle = arguments[1];
    task->param = arguments[2];
    task->pc = task->data = 0u;
    const vyre_outcome outcome = vyre_dispatch_inner(task);
    if (!task->fault && outcome.kind != VYRE_DONE)
        task->fault = outcome.kind == VYRE_FAULT ? outcome.extra : VYRE_FAULT_BAD_OUTCOME;
    if (task->fault) return false;
    if (opcode < VYRE_CONTROL_METRICS_WORDS)
        vyre_add_relaxed(task->env->control + VYRE_CONTROL_METRICS + opcode, 1u);
    return true;
}

VYRE_OP(0x80000001, packed_slot, "runs up to four small operations that are packed into the payload words") {
    const uint payload[VYRE_PAYLOAD_WORDS] = {
        task->input_handle, task->output_handle, task->param,       task->pc,
        task->data,         task->resume_epoch,  task->task_id,     task->parent_task_id,
        task->age_ticks,    task->requeue_count, task->yield_count, task->flags};
    const uint count = vyre_payload_byte(payload, 0u);
    const uint first = (2u + 2u * count + 3u) / 4u;
    for (uint i = 0; i < min(count, VYRE_PACKED_RUNS); ++i) {
        const uint at = first + vyre_payload_byte(payload, 3u + 2u * i);
        if (at + VYRE_PACKED_ARGUMENTS > VYRE_PAYLOAD_WORDS) continue;
        if (!vyre_run_inner(task, vyre_payload_byte(payload, 2u + 2u * i), payload + at)) break;
    }
    return vyre_done();
}

VYRE_OP(0xFFFFFFFF, shutdown, "asks every worker to leave") {
    vyre_store_relaxed(task->env->control + VYRE_CONTROL_SHUTDOWN, 1u);
    return vyre_done();
}
