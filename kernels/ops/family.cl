/* family.cl - operations that have children: a sum by halves, a quicksort, a stencil that steps through
 * epochs.
 *
 * Each goes on without children where no slot is free for them (VYRE_FULL): it does their work itself.
 * Children write words of their own and the parent reads them after its join, so that the result does not
 * depend on who runs what.
 */

#define VYRE_FORK_LEAF 4096u

/* First element and number of elements below a node of a binary heap over `leaves` leaves,
 * numbered from 0. */
static void vyre_heap_range(uint node, uint leaves, ulong *first, ulong *count) {
    const uint depth = 31u - clz(node + 1u);
    const ulong width = (ulong)(leaves >> depth) * VYRE_FORK_LEAF;
    *first = (node + 1u - (1u << depth)) * width;
    *count = width;
}

static uint vyre_heap_sum(__global const uint *in, ulong total, uint node, uint leaves) {
    ulong first, count;
    vyre_heap_range(node, leaves, &first, &count);
    uint sum = 0u;
    for (ulong i = first; i < min(first + count, total); ++i) sum += in[i];
    return sum;
}

VYRE_SPAWNING_OP(0x1010, fork_sum,
                 "output[0] = sum of input modulo 2^32, 32-bit integers, by halves down to 4096 elements; "
                 "param = 0 (a child's: its node of the heap in output)") {
    const ulong total = vyre_length(task, task->input_handle);
    const ulong blocks = (total + VYRE_FORK_LEAF - 1u) / VYRE_FORK_LEAF;
    if (blocks > 1u << 30) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    const uint leaves = blocks > 1u ? 1u << (32u - clz((uint)blocks - 1u)) : 1u, node = task->param;
    if (!task->fault && node >= 2u * leaves - 1u) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    __global uint *out = vyre_write_u32(task, task->output_handle, 0u, 2u * leaves - 1u);
    __global const uint *in = vyre_read_u32(task, task->input_handle, 0u, total);
    VYRE_CHECK(task);
    if (node >= leaves - 1u) {
        out[node] = vyre_heap_sum(in, total, node, leaves);
        return vyre_done();
    }
    if (task->pc) {
        out[node] = out[2u * node + 1u] + out[2u * node + 2u];
        return vyre_done();
    }
    for (uint side = 2u * node + 1u; side <= 2u * node + 2u; ++side)
        if (vyre_spawn(task, 0x1010u, task->priority, task->input_handle, task->output_handle, side) ==
            VYRE_FULL)
            out[side] = vyre_heap_sum(in, total, side, leaves);
    return vyre_join(1u, 0u);
}

#define VYRE_SORT_LEAF 32u

/* Signed words become unsigned ones of the same order when their highest bit is turned over. */
static uint vyre_sort_key(__global const uint *words, ulong at, uint turned) { return words[at] ^ turned; }

static void vyre_swap_words(__global uint *words, ulong one, ulong other) {
    const uint word = words[one];
    words[one] = words[other];
    words[other] = word;
}

static void vyre_insertion_sort(__global uint *words, uint count, uint turned) {
    for (uint i = 1u; i < count; ++i)
        for (uint k = i; k > 0u && vyre_sort_key(words, k - 1u, turned) > vyre_sort_key(words, k, turned);
             --k)
            vyre_swap_words(words, k - 1u, k);
}

/* Lets the word at `at` sink to its place in a heap whose largest word is on top. */
static void vyre_sift(__global uint *words, ulong at, ulong count, uint turned) {
    while (2u * at + 1u < count) {
        ulong child = 2u * at + 1u;
        if (child + 1u < count &&
            vyre_sort_key(words, child, turned) < vyre_sort_key(words, child + 1u, turned))
            ++child;
        if (vyre_sort_key(words, at, turned) >= vyre_sort_key(words, child, turned)) return;
        vyre_swap_words(words, at, child);
        at = child;
    }
}

/* What a task does itself where it finds no slot for a child: no stack, no bad case. */
static void vyre_heap_sort(__global uint *words, ulong count, uint turned) {
    for (ulong at = count / 2u; at > 0u; --at) vyre_sift(words, at - 1u, count, turned);
    for (ulong end = count; end > 1u; --end) {
        vyre_swap_words(words, 0u, end - 1u);
        vyre_sift(words, 0u, end - 1u, turned);
    }
}

/* Hoare's, around the median of first, middle and last: words before the split are at most those behind it.
 * Bounded even where somebody else writes the words meanwhile. */
static ulong vyre_partition(__global uint *words, ulong count, uint turned) {
    const uint first = vyre_sort_key(words, 0u, turned), last = vyre_sort_key(words, count - 1u, turned);
    const uint middle = vyre_sort_key(words, (count - 1u) / 2u, turned);
    const uint pivot = max(min(first, middle), min(max(first, middle), last));
    ulong left = 0u, right = count - 1u;
    while (true) {
        while (left < count - 1u && vyre_sort_key(words, left, turned) < pivot) ++left;
        while (right > 0u && vyre_sort_key(words, right, turned) > pivot) --right;
        if (left >= right) return min(right + 1u, count - 1u);
        vyre_swap_words(words, left++, right--);
    }
}

VYRE_ONCE_SPAWNING_OP(0x1011, quicksort,
                      "sorts 32-bit integers of output in place: all when param is 0, else param words from "
                      "word input_handle on") {
    if (task->pc) return vyre_done();
    const ulong first = task->param ? task->input_handle : 0u;
    const ulong count = task->param ? task->param : vyre_length(task, task->output_handle);
    if (count > VYRE_U32_MAX) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    __global uint *words = vyre_write_u32(task, task->output_handle, first, count);
    VYRE_CHECK(task);
    const uint turned = vyre_type(task, task->output_handle) == VYRE_TYPE_I32 ? 0x80000000u : 0u;
    if (count <= VYRE_SORT_LEAF) {
        vyre_insertion_sort(words, (uint)count, turned);
        return vyre_done();
    }
    const ulong split = vyre_partition(words, count, turned);
    const ulong starts[3] = {0u, split, count};
    for (uint k = 0; k < 2u; ++k) {
        const ulong length = starts[k + 1u] - starts[k];
        if (vyre_spawn(task, 0x1011u, task->priority, (uint)(first + starts[k]), task->output_handle,
                       (uint)length) == VYRE_FULL)
            vyre_heap_sort(words + starts[k], length, turned);
    }
    return vyre_join(1u, 0u);
}

#define VYRE_STRIP 1024u
#define VYRE_STENCIL_ADVANCES 1u /* pc once the strips of a step are under way: the next thing is the epoch */

/* The words of a strip after one more step, out of plane `plane` of the two into the other. */
static void vyre_strip_step(vyre_task *task, uint plane, uint strip) {
    const ulong length = vyre_length(task, task->output_handle) / 2u, begin = (ulong)strip * VYRE_STRIP;
    __global uint *words = vyre_write_u32(task, task->output_handle, 0u, 2u * length);
    if (!task->fault && (plane > 1u || begin >= length)) task->fault = VYRE_FAULT_BAD_ARGUMENT;
    if (task->fault) return;
    __global const uint *from = words + plane * length;
    __global uint *to = words + (1u - plane) * length;
    for (ulong i = begin; i < min(begin + VYRE_STRIP, length); ++i)
        to[i] = from[i ? i - 1u : length - 1u] + from[i] + from[i + 1u < length ? i + 1u : 0u];
}

VYRE_OP(0x1013, stencil_strip,
        "one step of a strip of 1024 words for stencil: input_handle = plane to read, param = strip") {
    vyre_strip_step(task, task->input_handle, task->param);
    return vyre_done();
}

VYRE_SPAWNING_OP(0x1012, stencil,
                 "param steps of next[i] = now[i-1] + now[i] + now[i+1] modulo 2^32 on a circle, from one "
                 "half of output to the other and back; one epoch a step (data = steps made)") {
    const ulong length = vyre_length(task, task->output_handle) / 2u;
    vyre_write_u32(task, task->output_handle, 0u, 2u * length);
    if (length > VYRE_U32_MAX) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    VYRE_CHECK(task);
    if (task->pc == VYRE_STENCIL_ADVANCES) {
        vyre_word_ptr epoch = task->env->control + VYRE_CONTROL_EPOCH;
        const uint next = vyre_load_relaxed(epoch) + 1u;
        if (vyre_spawn(task, VYRE_OP_BATCH_FENCE, task->priority, 0u, task->data + 1u, 0u) == VYRE_FULL)
            vyre_add_relaxed(epoch, 1u);
        return vyre_pause(0u, task->data + 1u, next);
    }
    if (task->data >= task->param || !length) return vyre_done();
    for (uint strip = 0; strip < (length + VYRE_STRIP - 1u) / VYRE_STRIP; ++strip)
        if (vyre_spawn(task, 0x1013u, task->priority, task->data & 1u, task->output_handle, strip) ==
            VYRE_FULL)
            vyre_strip_step(task, task->data & 1u, strip);
    return vyre_join(VYRE_STENCIL_ADVANCES, task->data);
}
