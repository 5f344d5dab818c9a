/* probe.cl - what the host asks a device before the first launch on it.
 *
 * Phases: one work-item writes the layout of all that kernels and host share (vyre_probe_layout: the
 * questions of vyre_engine.h, then the byte order); one claims and publishes a word with every primitive of
 * the rung (vyre_probe_atomics), so that a rung that builds but does nothing is not chosen.
 * The host guarantees: answers has a word a question and one more; words has 4.
 */
#include "vyre_op.h"
#include "vyre_kernels.h"

#define VYRE_ASK_SIZE(record) answers[at++] = (uint)sizeof(record);
#define VYRE_ASK_OFFSET(record, member)                                           \
    {                                                                             \
        record one;                                                               \
        answers[at++] = (uint)((const uchar *)&one.member - (const uchar *)&one); \
    }
#define VYRE_ASK_NUMBER(number) answers[at++] = (number);

__kernel void vyre_probe_layout(VYRE_PROBE_LAYOUT_PARAMETERS) {
    uint at = 0u;
    VYRE_QUESTIONS
    const uint one = 1u;
    answers[at] = *(const uchar *)&one; /* 1 on a little-endian device */
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
