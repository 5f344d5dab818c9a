/* vyre_sync.h - every atomic and every fence of the device code.
 *
 * The host picks one rung for a device by try-building, never by version, and defines VYRE_RUNG:
 *
 *   1  C11 atomics, acquire and release at device scope
 *   2  OpenCL 1.2 atomics between the vendor's device-wide fences (NVIDIA: membar.gl)
 *   3  OpenCL 1.2 atomics alone: no word written by one group may be relied on by another within a kernel
 *
 * The order and the scope stand in each name; all are at device scope. mem_fence is used nowhere: it reaches
 * the work-group at most (NVIDIA) or emits nothing (PoCL), so it never publishes anything.
 */
#ifndef VYRE_SYNC_H
#define VYRE_SYNC_H

#ifndef VYRE_RUNG
#define VYRE_RUNG 3
#endif

typedef volatile __global uint *vyre_word_ptr;

#if VYRE_RUNG == 1

#define VYRE_ATOMIC(p) ((volatile __global atomic_uint *)(p))

/* Replaces `expected` by `desired`. On success everything published before the word it met is visible. */
static bool vyre_cas_acquire(vyre_word_ptr p, uint expected, uint desired) {
    return atomic_compare_exchange_strong_explicit(VYRE_ATOMIC(p), &expected, desired, memory_order_acq_rel,
                                                   memory_order_acquire, memory_scope_device);
}

/* Makes every earlier write of this work-item visible to whoever acquires the word. */
static void vyre_store_release(vyre_word_ptr p, uint value) {
    atomic_store_explicit(VYRE_ATOMIC(p), value, memory_order_release, memory_scope_device);
}

static uint vyre_load_acquire(vyre_word_ptr p) {
    return atomic_load_explicit(VYRE_ATOMIC(p), memory_order_acquire, memory_scope_device);
}

static uint vyre_load_relaxed(vyre_word_ptr p) {
    return atomic_load_explicit(VYRE_ATOMIC(p), memory_order_relaxed, memory_scope_device);
}

static void vyre_store_relaxed(vyre_word_ptr p, uint value) {
    atomic_store_explicit(VYRE_ATOMIC(p), value, memory_order_relaxed, memory_scope_device);
}

/* Each returns the word it replaced. */
static uint vyre_add_relaxed(vyre_word_ptr p, uint value) {
    return atomic_fetch_add_explicit(VYRE_ATOMIC(p), value, memory_order_relaxed, memory_scope_device);
}

static uint vyre_max_relaxed(vyre_word_ptr p, uint value) {
    return atomic_fetch_max_explicit(VYRE_ATOMIC(p), value, memory_order_relaxed, memory_scope_device);
}

static uint vyre_cas_value_acq_rel(vyre_word_ptr p, uint expected, uint desired) {
    atomic_compare_exchange_strong_explicit(VYRE_ATOMIC(p), &expected, desired, memory_order_acq_rel,
                                            memory_order_acquire, memory_scope_device);
    return expected;
}

/* Orders nothing by itself: for a batch of claims that one vyre_fence_acq_rel follows. */
static uint vyre_cas_value_relaxed(vyre_word_ptr p, uint expected, uint desired) {
    atomic_compare_exchange_strong_explicit(VYRE_ATOMIC(p), &expected, desired, memory_order_relaxed,
                                            memory_order_relaxed, memory_scope_device);
    return expected;
}

/* Orders all that this work-item did before it against all that it does after it: one for a batch of relaxed
 * words. */
static void vyre_fence_acq_rel(void) {
    atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_acq_rel, memory_scope_device);
}

#else

#if VYRE_RUNG == 2
#if !defined(__NV_CL_C_VERSION) && !defined(cl_nv_pragma_unroll)
#error "rung 2 is written for NVIDIA's compiler; others drop or refuse its fence"
#endif
static void vyre_device_fence(void) { __asm__ volatile("membar.gl;" ::: "memory"); }
#else
static void vyre_device_fence(void) {}
#endif

static bool vyre_cas_acquire(vyre_word_ptr p, uint expected, uint desired) {
    const uint met = atomic_cmpxchg(p, expected, desired);
    vyre_device_fence();
    return met == expected;
}

static void vyre_store_release(vyre_word_ptr p, uint value) {
    vyre_device_fence();
    atomic_xchg(p, value);
}

static uint vyre_load_acquire(vyre_word_ptr p) {
    const uint value = *p;
    vyre_device_fence();
    return value;
}

static uint vyre_load_relaxed(vyre_word_ptr p) { return *p; }

static void vyre_store_relaxed(vyre_word_ptr p, uint value) { *p = value; }

static uint vyre_add_relaxed(vyre_word_ptr p, uint value) { return atomic_add(p, value); }

static uint vyre_max_relaxed(vyre_word_ptr p, uint value) { return atomic_max(p, value); }

static uint vyre_cas_value_acq_rel(vyre_word_ptr p, uint expected, uint desired) {
    vyre_device_fence();
    const uint met = atomic_cmpxchg(p, expected, desired);
    vyre_device_fence();
    return met;
}

static uint vyre_cas_value_relaxed(vyre_word_ptr p, uint expected, uint desired) {
    return atomic_cmpxchg(p, expected, desired);
}

static void vyre_fence_acq_rel(void) { vyre_device_fence(); }

#endif

/* Two neighbouring words, the first of which has an even number, in one store; either is whole for itself. */
static void vyre_store_pair_relaxed(vyre_word_ptr p, uint first, uint second) {
    *(volatile __global ulong *)p = (ulong)second << 32 | first;
}

/* A counter in the work-group's own memory; ordered by the barrier that ends the phase it is counted in. */
static void vyre_local_add(volatile __local uint *p, uint value) { atomic_add(p, value); }

/* Hands out numbers within a work-group; returns the word it replaced. */
static uint vyre_local_fetch_add(volatile __local uint *p, uint value) { return atomic_add(p, value); }

#endif
