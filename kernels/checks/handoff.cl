/* handoff.cl - whether what one group publishes reaches another, and whether the host reaches a running
 * kernel: seen, not believed.
 *
 *   vyre_handoff_groups   the first two groups to come hand a baton back and forth, each time with a payload
 *                         of plain words; the others leave, and are there because a device may give groups
 *                         that follow one another to one unit
 *   vyre_handoff_host     one work-item waits for the host's answer
 *
 * A compiler may keep a polled word in a register, and none of what a device says about itself tells. An
 * atomic add of 0 shows the word as it is: where it does and a load does not, the load is blind. Everything
 * gives up after `polls` polls.
 *
 * Memory order: the baton by release store and acquire load; presence and the counters by relaxed adds;
 * payload plain, before and behind them. The host's words as in live.h: relaxed loads of what the host
 * writes, a release store for the host.
 * The host guarantees: words has VYRE_HANDOFF_WORDS words and payload VYRE_HANDOFF_PAYLOAD, all 0; two groups
 * at least. Nothing here faults.
 */
#include "vyre_engine.h"
#include "vyre_sync.h"
#include "vyre_kernels.h"

__kernel void vyre_handoff_groups(VYRE_HANDOFF_GROUPS_PARAMETERS) {
    if (get_local_id(0)) return;
    const uint mine = vyre_add_relaxed(words + VYRE_HANDOFF_PRESENT, 1u);
    if (mine > 1u) return;
    uint left = polls;
    while (left && vyre_add_relaxed(words + VYRE_HANDOFF_PRESENT, 0u) < 2u) --left;
    if (!left) { /* no other has come: none need stay that comes later */
        vyre_add_relaxed(words + VYRE_HANDOFF_PRESENT, 2u);
        return;
    }
    for (uint turn = 0u; turn < turns; ++turn) {
        if ((turn & 1u) == mine) {
            for (uint i = 0u; i < VYRE_HANDOFF_PAYLOAD; ++i)
                payload[i] = turn * VYRE_HANDOFF_PAYLOAD + i + 1u;
            vyre_store_release(words + VYRE_HANDOFF_BATON, turn + 1u);
            continue;
        }
        left = polls;
        while (left && vyre_load_acquire(words + VYRE_HANDOFF_BATON) <= turn) --left;
        if (!left) {
            if (vyre_add_relaxed(words + VYRE_HANDOFF_BATON, 0u) > turn)
                vyre_add_relaxed(words + VYRE_HANDOFF_BLIND, 1u);
            return;
        }
        uint wrong = 0u;
        for (uint i = 0u; i < VYRE_HANDOFF_PAYLOAD; ++i)
            wrong |= payload[i] ^ (turn * VYRE_HANDOFF_PAYLOAD + i + 1u);
        if (wrong) vyre_add_relaxed(words + VYRE_HANDOFF_STALE, 1u);
    }
    vyre_add_relaxed(words + VYRE_HANDOFF_ENDED, 1u);
}

__kernel void vyre_handoff_host(VYRE_HANDOFF_HOST_PARAMETERS) {
    if (get_global_id(0)) return;
    vyre_store_release(words + VYRE_HANDOFF_HELLO, 1u);
    uint left = polls;
    while (left && !vyre_load_relaxed(words + VYRE_HANDOFF_ANSWER)) --left;
    vyre_store_release(words + VYRE_HANDOFF_SEEN, left ? 1u : 2u);
}
