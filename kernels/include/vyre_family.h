/* vyre_family.h - children of a task: how an operation gets one, and what it waits for.
 *
 *   free list  | chunk 0: its Empty slots, in slot order | chunk 1: ... |   in the part of the claim queue
 *              that no task needs
 *   family     | head | spawned | joined | first id | slots, chunks | begins (chunks + 1) | places (chunks) |
 *              links, 3 words a slot |
 *   links      the parent's slot + 1; children that are still to end, less one while the slot is at its join;
 *              next in a line
 *
 * A child takes the next slot of the free list by an add of the head, then wins it by compare-and-swap from
 * Empty to Running, since others may publish there too. It is counted at its parent, then written, then
 * published as Ready; its worker queues it when the parent's turn is over. It has no operation until all its
 * other words are written, so that one that is half made does nothing.
 *
 * Without VYRE_HAS_FAMILY, and where no worker may hand work to another, no slot is ever free.
 * Memory order: head relaxed; counts relaxed, between fences where they decide something; the rest of links
 * by one worker each.
 * The host guarantees: VYRE_FAMILY_BEGINS + 2 * chunks + 1 + VYRE_LINK_WORDS * slots words; begins ascend and
 * count the slots of the list.
 */
#ifndef VYRE_FAMILY_H
#define VYRE_FAMILY_H

#define VYRE_FULL VYRE_U32_MAX /* what vyre_spawn returns when no slot is free */

#if VYRE_HAS_FAMILY

/* Generated: whether an operation may have children. */
static bool vyre_is_spawning_op(uint op_handle);

/* What a worker needs to make children and to queue them. */
typedef struct vyre_nursery {
    __global uint *ring;
    __global uint *family;
    __global const uint *queue;
    uint slots;
    uint chunks;
    uint first_born, last_born; /* tasks that must queue, slot + 1, linked by VYRE_LINK_NEXT */
} vyre_nursery;

static vyre_nursery vyre_make_nursery(__global uint *ring, __global uint *family,
                                      __global const uint *queue) {
    const vyre_nursery nursery = {ring, family, queue, family[VYRE_FAMILY_SLOTS], family[VYRE_FAMILY_CHUNKS],
                                  0u,   0u};
    return nursery;
}

static __global uint *vyre_link(const vyre_nursery *nursery, uint slot, uint word) {
    return nursery->family + VYRE_FAMILY_BEGINS + 2u * (ulong)nursery->chunks + 1u +
           (ulong)slot * VYRE_LINK_WORDS + word;
}

/* Puts a slot at the end of the line of those that this worker must queue. */
static void vyre_bear(vyre_nursery *nursery, uint slot) {
    *vyre_link(nursery, slot, VYRE_LINK_NEXT) = 0u;
    if (nursery->first_born)
        *vyre_link(nursery, nursery->last_born - 1u, VYRE_LINK_NEXT) = slot + 1u;
    else
        nursery->first_born = slot + 1u;
    nursery->last_born = slot + 1u;
}

/* The slot at a place of the free list; the list that holds it is found by halving. */
static uint vyre_free_slot(const vyre_nursery *nursery, uint place) {
    __global const uint *begins = nursery->family + VYRE_FAMILY_BEGINS,
                        *places = begins + nursery->chunks + 1u;
    uint low = 0u, high = nursery->chunks;
    while (high - low > 1u) {
        const uint middle = low + (high - low) / 2u;
        if (begins[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    return nursery->queue[places[low] + (place - begins[low])];
}

/* An Empty slot that is now this worker's, or VYRE_FULL. */
static uint vyre_take_free(const vyre_nursery *nursery) {
    const uint all = nursery->family[VYRE_FAMILY_BEGINS + nursery->chunks];
    while (vyre_load_relaxed(nursery->family + VYRE_FAMILY_HEAD) < all) {
        const uint place = vyre_add_relaxed(nursery->family + VYRE_FAMILY_HEAD, 1u);
        if (place >= all) break;
        const uint slot = vyre_free_slot(nursery, place);
        if (slot >= nursery->slots) continue;
        if (vyre_cas_acquire(nursery->ring + (ulong)slot * VYRE_SLOT_WORDS, VYRE_STATE_EMPTY,
                             VYRE_STATE_RUNNING))
            return slot;
    }
    return VYRE_FULL;
}

#endif

/* Makes a child of the task: its slot, or VYRE_FULL when no Empty slot is left; the operation then does the
 * child's work itself, or yields, or faults. The child has the tenant of its parent, whose task_id is its
 * parent_task_id, and a task_id of its own. It may run as soon as this turn of its parent is over. Only an
 * operation declared with VYRE_SPAWNING_OP may call it. */
static uint vyre_spawn(vyre_task *task, uint op_handle, uint priority, uint input_handle, uint output_handle,
                       uint param) {
#if VYRE_HAS_FAMILY && (VYRE_RUNG < 3 || VYRE_DRIVER_EXACT)
    if (!vyre_is_spawning_op(task->op_handle)) {
        if (!task->fault) task->fault = VYRE_FAULT_BAD_OUTCOME;
        return VYRE_FULL;
    }
    vyre_nursery *nursery = task->env->nursery;
    const uint child = vyre_take_free(nursery), parent = task->slot - task->env->first_slot;
    if (child == VYRE_FULL) return VYRE_FULL;
    __global uint *words = nursery->ring + (ulong)child * VYRE_SLOT_WORDS;
    __global const uint *own = nursery->ring + (ulong)parent * VYRE_SLOT_WORDS;
    vyre_store_relaxed(words + VYRE_WORD_OP_HANDLE, VYRE_OP_NOP);
    vyre_fence_acq_rel();
    for (uint word = VYRE_WORD_TENANT_ID; word < VYRE_SLOT_WORDS; ++word) words[word] = 0u;
    words[VYRE_WORD_TENANT_ID] = own[VYRE_WORD_TENANT_ID];
    words[VYRE_WORD_PRIORITY] = priority;
    words[VYRE_WORD_INPUT_HANDLE] = input_handle;
    words[VYRE_WORD_OUTPUT_HANDLE] = output_handle;
    words[VYRE_WORD_PARAM] = param;
    words[VYRE_WORD_TASK_ID] = nursery->family[VYRE_FAMILY_FIRST_ID] + child;
    words[VYRE_WORD_PARENT_TASK_ID] = own[VYRE_WORD_TASK_ID];
    *vyre_link(nursery, child, VYRE_LINK_PARENT) = parent + 1u;
    *vyre_link(nursery, child, VYRE_LINK_WAITS) = 0u;
    vyre_add_relaxed(vyre_link(nursery, parent, VYRE_LINK_WAITS), 1u);
    vyre_add_relaxed(nursery->family + VYRE_FAMILY_SPAWNED, 1u);
    vyre_bear(nursery, child);
    vyre_store_release(words + VYRE_WORD_OP_HANDLE, op_handle);
    vyre_store_release(words, VYRE_STATE_READY);
    return child;
#else
    return VYRE_FULL;
#endif
}

/* Ends the turn: the task goes on at pc with data once every child of it is Done or Faulted. Until then it is
 * Paused with a resume_epoch of 0xFFFFFFFF; in an operation that may spawn, vyre_pause with that epoch is the
 * same. */
static vyre_outcome vyre_join(uint pc, uint data) {
#if VYRE_HAS_FAMILY
    return vyre_pause(pc, data, VYRE_NEVER_EPOCH);
#else
    return vyre_yield(pc, data);
#endif
}

#endif
