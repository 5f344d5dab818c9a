/* selftest.cl - what `--verify` asks of claim and publish before it trusts them. Built with VYRE_VERIFY only.
 *
 * Phases: none; each kernel is independent. Every work-item makes a bounded number of attempts and waits for
 * nobody, so that both pass trivially on a device that runs one group at a time.
 * Memory order: that of vyre_claim and vyre_publish, which is what is tested.
 * The host guarantees: wins has a word a slot; the relay's ring has one slot, Yielded, with equal pc and
 * data.
 */
#include "core.h"
#include "vyre_kernels.h"

/* Everybody claims everything, every second slot as a batch does it: each slot must be won once. */
__kernel void vyre_selftest_claim(VYRE_SELFTEST_CLAIM_PARAMETERS) {
    for (uint slot = 0; slot < slots; ++slot)
        if (slot % 2u ? vyre_claim_relaxed(ring, slot, VYRE_STATE_READY) : vyre_claim(ring, slot))
            vyre_add_relaxed(wins + slot, 1u);
}

/* One slot goes from hand to hand: whoever claims it must see all that the last holder wrote. */
__kernel void vyre_selftest_relay(VYRE_SELFTEST_RELAY_PARAMETERS) {
    vyre_env env = {0, 0, 0u, 0u, 0, 0u};
    for (uint i = 0; i < attempts; ++i) {
        if (!vyre_claim(ring, 0u)) continue;
        vyre_task task = vyre_load_task(ring, 0u, &env);
        vyre_add_relaxed(answers, 1u);
        if (task.pc != task.data || task.pc != task.yield_count) vyre_add_relaxed(answers + 1, 1u);
        vyre_publish(ring, 0u, vyre_yield(task.pc + 1u, task.data + 1u));
    }
}
