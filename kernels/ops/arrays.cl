/* arrays.cl - operations over whole buffers or strided ranges of them.
 *
 * Each does at most VYRE_TURN elements in a turn, then yields with pc = next element. Elements are 4-byte
 * words. All but sum are group operations: the work-items of a group share the elements of a turn.
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

/* out[i] = value for i < count, where x is in[i] and y is out[i], the work-items of a group sharing the
 * elements. A group takes four elements at a time where both ranges allow it, and has VYRE_READS reads of
 * each under way before the first write. */
#if VYRE_DRIVER_GROUP
#define VYRE_READS 4u
#define VYRE_MAP(type, in, out, count, x, y, value)                                                          \
    do {                                                                                                     \
        const uint vyre_step = vyre_lanes();                                                                 \
        uint vyre_at = vyre_lane(), vyre_done_so_far = 0u;                                                   \
        if ((((ulong)(in) | (ulong)(out)) & 15u) == 0u) {                                                    \
            const uint vyre_fours = (count) / 4u;                                                            \
            __global const type##4 *vyre_in = (__global const type##4 *)(in);                                \
            __global type##4 *vyre_out = (__global type##4 *)(out);                                          \
            for (; vyre_at + (VYRE_READS - 1u) * vyre_step < vyre_fours;                                     \
                 vyre_at += VYRE_READS * vyre_step) {                                                        \
                type##4 vyre_x[VYRE_READS], vyre_y[VYRE_READS];                                              \
                for (uint vyre_k = 0; vyre_k < VYRE_READS; ++vyre_k) {                                       \
                    vyre_x[vyre_k] = vyre_in[vyre_at + vyre_k * vyre_step];                                  \
                    vyre_y[vyre_k] = vyre_out[vyre_at + vyre_k * vyre_step];                                 \
                }                                                                                            \
                for (uint vyre_k = 0; vyre_k < VYRE_READS; ++vyre_k) {                                       \
                    const type##4 x = vyre_x[vyre_k], y = vyre_y[vyre_k];                                    \
                    vyre_out[vyre_at + vyre_k * vyre_step] = (value);                                        \
                }                                                                                            \
            }                                                                                                \
            for (; vyre_at < vyre_fours; vyre_at += vyre_step) {                                             \
                const type##4 x = vyre_in[vyre_at], y = vyre_out[vyre_at];                                   \
                vyre_out[vyre_at] = (value);                                                                 \
            }                                                                                                \
            vyre_done_so_far = vyre_fours * 4u;                                                              \
        }                                                                                                    \
        for (vyre_at = vyre_done_so_far + vyre_lane(); vyre_at < (count); vyre_at += vyre_step) {            \
            const type x = (in)[vyre_at], y = (out)[vyre_at];                                                \
            (out)[vyre_at] = (value);                                                                        \
        }                                                                                                    \
    } while (0)
#else
#define VYRE_MAP(type, in, out, count, x, y, value)             \
    do {                                                        \
        for (uint vyre_at = 0; vyre_at < (count); ++vyre_at) {  \
            const type x = (in)[vyre_at], y = (out)[vyre_at];   \
            (out)[vyre_at] = (value);                           \
        }                                                       \
    } while (0)
#endif

VYRE_GROUP_OP(0x1000, scale,
              "output[i] = input[i] * param; float32 (param = the factor's bits) or 32-bit integers") {
    const ulong total = vyre_length(task, task->input_handle);
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    if (vyre_type(task, task->input_handle) == VYRE_TYPE_F32) {
        const float factor = as_float(task->param);
        __global const float *in = vyre_read_f32(task, task->input_handle, task->pc, count);
        __global float *out = vyre_write_f32(task, task->output_handle, task->pc, count);
        VYRE_CHECK(task);
        VYRE_MAP(float, in, out, count, x, y, x * factor);
    } else {
        __global const uint *in = vyre_read_u32(task, task->input_handle, task->pc, count);
        __global uint *out = vyre_write_u32(task, task->output_handle, task->pc, count);
        VYRE_CHECK(task);
        VYRE_MAP(uint, in, out, count, x, y, x * task->param);
    }
    return vyre_next(task, total, count, task->data);
}

VYRE_GROUP_OP(0x1001, copy,
              "output[i] = input[i] for the first param words, all when param is 0; any 4-byte type, the "
              "same on both sides") {
    const ulong length = vyre_length(task, task->input_handle);
    const ulong total = task->param ? (ulong)task->param : length;
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    if (vyre_type(task, task->input_handle) != vyre_type(task, task->output_handle))
        return vyre_refuse(task, VYRE_FAULT_BAD_TYPE);
    __global const uint *in = vyre_words(task, task->input_handle, task->pc, count, false);
    __global uint *out = vyre_words(task, task->output_handle, task->pc, count, true);
    VYRE_CHECK(task);
    VYRE_MAP(uint, in, out, count, x, y, x);
    return vyre_next(task, total, count, task->data);
}

VYRE_GROUP_OP(0x1002, fill,
              "output[i] = param (a 32-bit integer or a float32), bit for bit, over the whole output; any "
              "4-byte type") {
    const ulong total = vyre_length(task, task->output_handle);
    const uint count = vyre_turn(total, task->pc, VYRE_TURN);
    __global uint *out = vyre_words(task, task->output_handle, task->pc, count, true);
    VYRE_CHECK(task);
    for (uint i = vyre_lane(); i < count; i += vyre_lanes()) out[i] = task->param;
    return vyre_next(task, total, count, task->data);
}

VYRE_ONCE_GROUP_OP(0x1003, saxpy,
                   "output[j] = a * input[j] + output[j], float32, j = offset + i * stride for i < length; "
                   "param = argument record (offset, length, stride, a)") {
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
        VYRE_MAP(float, in, out, count, x, y, a * x + y);
    } else {
        for (uint i = vyre_lane(); i < count; i += vyre_lanes()) {
            const ulong j = (ulong)i * range.stride;
            out[j] = a * in[j] + out[j];
        }
    }
    return vyre_next(task, total, count, task->data);
}

VYRE_OP(0x1004, sum,
        "output[param] = sum of input modulo 2^32, 32-bit integers; yields every 4096 elements (pc = next "
        "element, data = sum so far)") {
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
