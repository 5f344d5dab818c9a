/* ceilings.cl - what this device could do at best: the kernels that `vyrectl bench` sets beside the engine's.
 *
 * Each sweep does to every slot what the engine has to do for a no-op task, and nothing else: claim it by
 * compare-and-swap, look at its operation, write the payload of spec 1.6 (complete), publish the state. No
 * index, no order, no priorities, no counters.
 *   vyre_sweep_item   one slot a work-item
 *   vyre_sweep_once   VYRE_BATCH slots a work-item, claimed together, published together behind one fence
 *   vyre_sweep_share  as many work-items as fit; each works through its share, slot by slot
 *   vyre_sweep_batch  the same, VYRE_BATCH slots together
 *   vyre_sweep_listed the same tasks class by class, from a list that lies ready: as many groups as fit take
 *                     tickets of it. What is left of the sweep when the order of priorities says which slot
 *                     comes next
 * A work-item's slots lie `stride` apart, so that neighbours in a group touch neighbouring slots where that
 * pays (GPUs).
 *
 *   vyre_one_task     claims and finishes one task: the whole of an ordinary kernel launch that is spent on
 *                     it
 *   vyre_plain_saxpy1, vyre_plain_saxpy4   what the group tasks do, as one ordinary kernel
 *
 * `looks` says whether the flags word is read first and left alone when it is right: a read in place of a
 * write.
 *
 * Memory order: word 0 by relaxed compare-and-swap, from the state that is expected (a Ready task), else from
 * the one that was met: no payload of this pass was written by another work-item of it, so that a claim has
 * nothing to acquire. Payload plain.
 * Word 0 by release store, or after one fence for the whole batch by relaxed store. Nobody waits for anybody.
 * The host guarantees: slots is the ring's length; list names each slot once; next[0] starts at 0; y and x
 * have n floats.
 */
#include "vyre_op.h"
#include "vyre_kernels.h"

#define VYRE_BATCH 8u
#define VYRE_TICKET 512u
#define VYRE_AHEAD 16u

static bool vyre_may_be_claimed(uint state) {
    return state < VYRE_STATE_COUNT && ((VYRE_SCHEDULABLE_STATES >> state) & 1u);
}

static bool vyre_take(__global uint *words) {
    const uint met = vyre_cas_value_relaxed(words, VYRE_STATE_READY, VYRE_STATE_RUNNING);
    if (met == VYRE_STATE_READY) return true;
    return vyre_may_be_claimed(met) && vyre_cas_value_relaxed(words, met, VYRE_STATE_RUNNING) == met;
}

/* Writes the outcome's payload and gives the state to publish. */
static uint vyre_write_payload(__global uint *words, uint looks) {
    if (words[VYRE_WORD_OP_HANDLE] != 0u) {
        words[VYRE_WORD_CONTINUATION_DATA] = VYRE_FAULT_UNKNOWN_OP;
        return VYRE_STATE_FAULTED;
    }
    if (!looks || words[VYRE_WORD_FLAGS] != VYRE_COMPLETE_SET_FLAGS)
        words[VYRE_WORD_FLAGS] = VYRE_COMPLETE_SET_FLAGS;
    return VYRE_STATE_DONE;
}

static void vyre_finish_one(__global uint *words, uint looks) {
    if (!vyre_take(words)) return;
    const uint state = vyre_write_payload(words, looks);
    vyre_store_release(words, state);
}

/* `count` slots from `words` on, `stride` apart. */
static void vyre_finish_batch(__global uint *words, uint count, ulong stride, uint looks) {
    uint states[VYRE_BATCH];
    for (uint i = 0; i < VYRE_BATCH; ++i)
        states[i] = i < count && vyre_take(words + i * stride * VYRE_SLOT_WORDS) ? VYRE_STATE_RUNNING
                                                                                 : VYRE_STATE_EMPTY;
    for (uint i = 0; i < VYRE_BATCH; ++i)
        if (states[i]) states[i] = vyre_write_payload(words + i * stride * VYRE_SLOT_WORDS, looks);
    vyre_fence_acq_rel();
    for (uint i = 0; i < VYRE_BATCH; ++i)
        if (states[i]) vyre_store_relaxed(words + i * stride * VYRE_SLOT_WORDS, states[i]);
}

static __global uint *vyre_at(__global uint *ring, ulong slot) { return ring + slot * VYRE_SLOT_WORDS; }

__kernel void vyre_sweep_item(VYRE_SWEEP_ITEM_PARAMETERS) {
    const ulong slot = get_global_id(0);
    if (slot < slots) vyre_finish_one(vyre_at(ring, slot), looks);
}

__kernel void vyre_sweep_once(VYRE_SWEEP_ONCE_PARAMETERS) {
    const ulong lanes = get_local_size(0);
    const ulong first = get_group_id(0) * lanes * VYRE_BATCH + get_local_id(0);
    if (first >= slots) return;
    const ulong count = (slots - first + lanes - 1u) / lanes;
    vyre_finish_batch(vyre_at(ring, first), (uint)min(count, (ulong)VYRE_BATCH), lanes, looks);
}

/* A work-item's share: [first, end) in steps of stride; whole groups next to each other, the items of a group
 * in turn. */
typedef struct {
    ulong first;
    ulong end;
    ulong stride;
} vyre_share;

static vyre_share vyre_my_share(uint slots) {
    const ulong group = get_group_id(0), groups = get_num_groups(0);
    vyre_share mine;
    mine.stride = get_local_size(0);
    mine.first = slots * group / groups + get_local_id(0);
    mine.end = slots * (group + 1u) / groups;
    return mine;
}

__kernel void vyre_sweep_share(VYRE_SWEEP_SHARE_PARAMETERS) {
    const vyre_share mine = vyre_my_share(slots);
    for (ulong slot = mine.first; slot < mine.end; slot += mine.stride)
        vyre_finish_one(vyre_at(ring, slot), looks);
}

__kernel void vyre_sweep_batch(VYRE_SWEEP_BATCH_PARAMETERS) {
    const vyre_share mine = vyre_my_share(slots);
    for (ulong slot = mine.first; slot < mine.end; slot += mine.stride * VYRE_BATCH) {
        const ulong count = (mine.end - slot + mine.stride - 1u) / mine.stride;
        vyre_finish_batch(vyre_at(ring, slot), (uint)min(count, (ulong)VYRE_BATCH), mine.stride, looks);
    }
}

#if VYRE_HAS_PREFETCH
#define VYRE_PREFETCH(p) __builtin_prefetch((__global const void *)(p), 1)
#else
#define VYRE_PREFETCH(p)
#endif

__kernel void vyre_sweep_listed(VYRE_SWEEP_LISTED_PARAMETERS) {
    __local uint ticket;
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    for (;;) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane == 0u) ticket = vyre_add_relaxed(next, 1u);
        barrier(CLK_LOCAL_MEM_FENCE);
        const ulong first = (ulong)ticket * VYRE_TICKET;
        if (first >= slots) return;
        const uint end = (uint)min(first + VYRE_TICKET, (ulong)slots);
        for (uint at = (uint)first + lane; at < end; at += lanes) {
            if (lanes == 1u && at + VYRE_AHEAD < end) VYRE_PREFETCH(vyre_at(ring, list[at + VYRE_AHEAD]));
            vyre_finish_one(vyre_at(ring, list[at]), looks);
        }
    }
}

__kernel void vyre_one_task(VYRE_ONE_TASK_PARAMETERS) {
    const uint slot = vyre_add_relaxed(next, 1u);
    if (slot < slots) vyre_finish_one(vyre_at(ring, slot), 0u);
}

__kernel void vyre_plain_saxpy1(VYRE_PLAIN_SAXPY1_PARAMETERS) {
    const ulong i = get_global_id(0);
    if (i < n) y[i] = a * x[i] + y[i];
}

__kernel void vyre_plain_saxpy4(VYRE_PLAIN_SAXPY4_PARAMETERS) {
    const ulong i = get_global_id(0);
    if (i < n / 4u) y[i] = a * x[i] + y[i];
}
