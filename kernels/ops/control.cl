/* control.cl - the control opcodes of spec 3.3. Arguments are the words input_handle, output_handle, param.
 *
 * Every index is checked before anything is written; an index outside the control buffer faults the task and has no effect.
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

VYRE_OP(0x4, compare_swap, "observable[input_handle] = control[input_handle], replaced by param if it was output_handle") {
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

VYRE_OP(0xFFFFFFFF, shutdown, "asks every worker to leave") {
    vyre_store_relaxed(task->env->control + VYRE_CONTROL_SHUTDOWN, 1u);
    return vyre_done();
}
