/* quota.h - how many claims the bounded tenants have left in this launch; part of turn.h.
 *
 *   flow[VYRE_FLOW_QUOTAS]           how many tenants are bounded
 *   flow[VYRE_FLOW_QUOTAS + 1 + 2i]  the i-th of them, in rising order
 *   flow[VYRE_FLOW_QUOTAS + 2 + 2i]  claims left to it
 *
 * A claim takes one before it is tried and gives it back when it fails, so that there are never more claims
 * than the host allowed, whoever claims at the same time. A task whose tenant has none left is passed over
 * and left as it is.
 *
 * Memory order: claims left by relaxed compare-and-swap and add; nothing hangs on their order. The host
 * guarantees the order of the tenants and that the words are there when VYRE_HAS_QUOTAS is set; they outlive
 * rounds, and the host reads them between kernels.
 */
#ifndef VYRE_QUOTA_H
#define VYRE_QUOTA_H

#if VYRE_HAS_QUOTAS

#define VYRE_FLOW_QUOTAS VYRE_FLOW_WORDS

/* The word of what a slot's tenant has left, or NULL when it is not bounded. */
static vyre_word_ptr vyre_quota_of(const vyre_worker *w, uint slot) {
    const uint tenant = *VYRE_WORD(w->ring, slot, VYRE_WORD_TENANT_ID);
    volatile __global uint *pairs = w->flow + VYRE_FLOW_QUOTAS + 1u;
    uint low = 0u, high = w->flow[VYRE_FLOW_QUOTAS];
    while (low < high) {
        const uint middle = low + (high - low) / 2u;
        if (pairs[2u * middle] < tenant)
            low = middle + 1u;
        else
            high = middle;
    }
    return low < w->flow[VYRE_FLOW_QUOTAS] && pairs[2u * low] == tenant ? pairs + 2u * low + 1u : 0;
}

/* Takes one claim of the slot's tenant; false when it has none left. */
static bool vyre_within_quota(const vyre_worker *w, uint slot) {
    vyre_word_ptr left = vyre_quota_of(w, slot);
    if (!left) return true;
    uint seen = vyre_load_relaxed(left);
    while (seen) {
        const uint met = vyre_cas_value_relaxed(left, seen, seen - 1u);
        if (met == seen) return true;
        seen = met;
    }
    return false;
}

/* Gives a claim back that was taken and not made. */
static void vyre_return_quota(const vyre_worker *w, uint slot) {
    vyre_word_ptr left = vyre_quota_of(w, slot);
    if (left) vyre_add_relaxed(left, 1u);
}

#else
#define vyre_within_quota(w, slot) true
#define vyre_return_quota(w, slot)
#endif

#endif
