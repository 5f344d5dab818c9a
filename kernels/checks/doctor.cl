/* doctor.cl - what `vyrectl doctor` asks of a device beyond the probes of every launch (probe.cl).
 *
 *   vyre_doctor_coherence   does the host see what a running kernel writes into host memory, and does the
 *                           kernel see the host?
 *   vyre_doctor_resident    how many work-groups are on the device at a time?
 *
 * Both poll, and both give up after `polls` polls: nothing here waits for a work-item or a host that may
 * never come.
 * Memory order: every word by release store and acquire load, or by relaxed adds where only a count matters.
 * The host guarantees: words has VYRE_DOCTOR_WORDS words, all 0. Nothing here faults.
 */
#include "vyre_engine.h"
#include "vyre_sync.h"
#include "vyre_kernels.h"

__kernel void vyre_doctor_coherence(VYRE_DOCTOR_COHERENCE_PARAMETERS) {
    if (get_global_id(0)) return;
    vyre_store_release(words + VYRE_DOCTOR_HELLO, 1u);
    uint left = polls;
    while (left && !vyre_load_acquire(words + VYRE_DOCTOR_ANSWER)) --left;
    vyre_store_release(words + VYRE_DOCTOR_SEEN, left ? 1u : 2u);
}

__kernel void vyre_doctor_resident(VYRE_DOCTOR_RESIDENT_PARAMETERS) {
    if (!get_local_id(0)) {
        const uint arrived = vyre_add_relaxed(words + VYRE_DOCTOR_ARRIVED, 1u) + 1u;
        const uint gone = vyre_load_relaxed(words + VYRE_DOCTOR_LEFT);
        vyre_max_relaxed(words + VYRE_DOCTOR_MOST, arrived > gone ? arrived - gone : 0u);
        uint left = polls;
        while (left && vyre_load_relaxed(words + VYRE_DOCTOR_ARRIVED) < groups) --left;
        vyre_add_relaxed(words + VYRE_DOCTOR_LEFT, 1u);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}
