/* arrays.cl - operations over whole buffers or strided ranges of them.
 *
 * Each does at most VYRE_TURN elements in a turn, then yields with pc = next element. Elements are 4-byte words. All but sum are
 * group operations: the work-items of a group share the elements of a turn.
 */

#define VYRE_TURN 65536u
#define VYRE_SUM_TURN 4096u

/* How many elements this turn covers. */
static uint vyre_turn(ulong total, uint pc, uint most) {
    return pc >= total ? 0u : (uint)min((ulong)most, total - pc);
}

/* Finished, or on with the next element; a range that pc cannot count is refused. */
static vyre_outcome vyre_next(vyre_task *task, ulong total, uint count, uint data) {
    const ulong next = (ulong)task->pc + count;
    if (next >= total) return vyre_done();
    if (next > VYRE_U32_MAX) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    return vyre_yield((uint)next, data);
}

VYRE_GROUP_OP(0x1000, scale, "output[i] = input[i] * param; float32 (param = the factor's bits) or 32-bit integers") {
    const ulong total = vyre_length(task, task->input_handle);
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    if (vyre_type(task, task->input_handle) == VYRE_TYPE_F32) {
        const float factor = as_float(task->param);
        __global const float *in = vyre_read_f32(task, task->input_handle, task->pc, count);
        __global float *out = vyre_write_f32(task, task->output_handle, task->pc, count);
        VYRE_CHECK(task);
        for (uint i = vyre_lane(); i < count; i += vyre_lanes()) out[i] = in[i] * factor;
    } else {
        __global const uint *in = vyre_read_u32(task, task->input_handle, task->pc, count);
        __global uint *out = vyre_write_u32(task, task->output_handle, task->pc, count);
        VYRE_CHECK(task);
        for (uint i = vyre_lane(); i < count; i += vyre_lanes()) out[i] = in[i] * task->param;
    }
    return vyre_next(task, total, count, task->data);
}

VYRE_GROUP_OP(0x1001, copy, "output[i] = input[i] for the first param words, all when param is 0; any 4-byte type, the same on both sides") {
    const ulong length = vyre_length(task, task->input_handle);
    const ulong total = task->param ? (ulong)task->param : length;
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    if (vyre_type(task, task->input_handle) != vyre_type(task, task->output_handle))
        return vyre_refuse(task, VYRE_FAULT_BAD_TYPE);
    __global const uint *in = vyre_words(task, task->input_handle, task->pc, count, false);
    __global uint *out = vyre_words(task, task->output_handle, task->pc, count, true);
    VYRE_CHECK(task);
    for (uint i = vyre_lane(); i < count; i += vyre_lanes()) out[i] = in[i];
    return vyre_next(task, total, count, task->data);
}

VYRE_GROUP_OP(0x1002, fill, "output[i] = param, bit for bit, over the whole output; any 4-byte type") {
    const ulong total = vyre_length(task, task->output_handle);
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    __global uint *out = vyre_words(task, task->output_handle, task->pc, count, true);
    VYRE_CHECK(task);
    for (uint i = vyre_lane(); i < count; i += vyre_lanes()) out[i] = task->param;
    return vyre_next(task, total, count, task->data);
}

VYRE_GROUP_OP(0x1003, saxpy, "output[j] = a * input[j] + output[j], float32, j = offset + i * stride for i < length; param = argument record (offset, length, stride, a)") {
    vyre_arguments range = vyre_argument_record(task, task->param);
    VYRE_CHECK(task);
    const float a = as_float(range.scalar);
    const uint total = range.length;
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    const ulong first = (ulong)range.offset + (ulong)task->pc * range.stride;
    range.length = count;
    __global const float *in = vyre_read_f32(task, task->input_handle, first, vyre_span(range));
    __global float *out = vyre_write_f32(task, task->output_handle, first, vyre_span(range));
    VYRE_CHECK(task);
    if (range.stride == 1u) {
        for (uint i = vyre_lane(); i < count; i += vyre_lanes()) out[i] = a * in[i] + out[i];
    } else {
        for (uint i = vyre_lane(); i < count; i += vyre_lanes()) {
            const ulong j = (ulong)i * range.stride;
            out[j] = a * in[j] + out[j];
        }
    }
    return vyre_next(task, total, count, task->data);
}

VYRE_OP(0x1004, sum, "output[param] = sum of input modulo 2^32, 32-bit integers; yields every 4096 elements (pc = next element, data = sum so far)") {
    const ulong total = vyre_length(task, task->input_handle);
    const uint count = vyre_turn(total, task->pc, VYRE_SUM_TURN);
    __global const uint *in = vyre_read_u32(task, task->input_handle, task->pc, count);
    __global uint *out = vyre_write_u32(task, task->output_handle, task->param, 1u);
    VYRE_CHECK(task);
    uint sum = task->pc ? task->data : 0u;
    for (uint i = 0; i < count; ++i) sum += in[i];
    const vyre_outcome outcome = vyre_next(task, total, count, sum);
    if (outcome.kind == VYRE_DONE && !task->fault) out[0] = sum;
    return outcome;
}
