/* probe.cl - what the host asks a device before the first launch on it.
 *
 * Phases: one work-item writes the layout of the shared records (vyre_probe_layout); one claims and publishes a word with every
 * primitive of the rung (vyre_probe_atomics), so that a rung that builds but does nothing is not chosen.
 * The host guarantees: answers has 32 words; words has 4.
 */
#include "vyre_op.h"
#include "vyre_kernels.h"

__kernel void vyre_probe_layout(VYRE_PROBE_LAYOUT_PARAMETERS) {
    const vyre_slot slot = {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 11u, 12u, 13u, 14u, 15u};
    const uchar *base = (const uchar *)&slot;
    answers[0] = (uint)sizeof(vyre_slot);
    answers[1] = (uint)sizeof(vyre_buffer);
    answers[2] = (uint)((const uchar *)&slot.state - base);
    answers[3] = (uint)((const uchar *)&slot.op_handle - base);
    answers[4] = (uint)((const uchar *)&slot.tenant_id - base);
    answers[5] = (uint)((const uchar *)&slot.priority - base);
    answers[6] = (uint)((const uchar *)&slot.input_handle - base);
    answers[7] = (uint)((const uchar *)&slot.output_handle - base);
    answers[8] = (uint)((const uchar *)&slot.param - base);
    answers[9] = (uint)((const uchar *)&slot.continuation_pc - base);
    answers[10] = (uint)((const uchar *)&slot.continuation_data - base);
    answers[11] = (uint)((const uchar *)&slot.resume_epoch - base);
    answers[12] = (uint)((const uchar *)&slot.task_id - base);
    answers[13] = (uint)((const uchar *)&slot.parent_task_id - base);
    answers[14] = (uint)((const uchar *)&slot.age_ticks - base);
    answers[15] = (uint)((const uchar *)&slot.requeue_count - base);
    answers[16] = (uint)((const uchar *)&slot.yield_count - base);
    answers[17] = (uint)((const uchar *)&slot.flags - base);
    const uint one = 1u;
    answers[18] = *(const uchar *)&one; /* 1 on a little-endian device */
}

__kernel void vyre_probe_atomics(VYRE_PROBE_ATOMICS_PARAMETERS) {
    if (get_global_id(0)) return;
    const bool won = vyre_cas_acquire(words, 5u, 6u);
    const bool lost = vyre_cas_acquire(words, 5u, 7u);
    vyre_store_release(words + 1, vyre_load_acquire(words) + 1u);
    vyre_add_relaxed(words + 2, 9u);
    vyre_max_relaxed(words + 2, 4u);
    const uint met = vyre_cas_value_acq_rel(words + 3, 11u, 12u);
    words[0] = won && !lost && met == 11u ? 6u : 0u;
}
