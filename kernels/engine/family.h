/* family.h - what a turn's end means for parents and children; who must queue because of it.
 *
 * A parent waits by a count (vyre_family.h): its children that are still to end, and one more until it is
 * published at its join.
 * Whoever takes the count to its end makes the parent Ready and queues it. So the count is taken from after
 * the slot it is about has been published: a child's results and a parent's continuation are then there for
 * whoever goes on.
 *
 * Memory order: a count between two fences, so that the last child's worker sees what all the others wrote;
 * the parent by compare-and-swap and release store.
 * Every slot number out of links is checked: a forged ring makes tasks wait or go on too early, never more.
 * Without VYRE_HAS_FAMILY everything here is empty.
 */
#ifndef VYRE_ENGINE_FAMILY_H
#define VYRE_ENGINE_FAMILY_H

#include "core.h"

#if VYRE_HAS_FAMILY

#define vyre_family_to(worker, nursery_of_it, family_words, claim_queue)                     \
    vyre_nursery nursery_of_it = vyre_make_nursery((worker)->ring, family_words, claim_queue); \
    (worker)->env.nursery = &nursery_of_it
#define vyre_count_family(worker, slot, state, joins)                                                        \
    vyre_count_turn((worker)->env.nursery, slot, state, joins)

/* Whether this end of a turn is a join. */
static bool vyre_is_join(__global const uint *words, vyre_outcome outcome) {
    return outcome.kind == VYRE_PAUSE && outcome.extra == VYRE_NEVER_EPOCH &&
           vyre_is_spawning_op(words[VYRE_WORD_OP_HANDLE]);
}

/* Makes a parent at its join Ready; false when it is not Paused any more. */
static bool vyre_end_wait(const vyre_nursery *nursery, uint parent) {
    __global uint *words = VYRE_WORD(nursery->ring, parent, 0u);
    if (!vyre_cas_acquire(words, VYRE_STATE_PAUSED, VYRE_STATE_RUNNING)) return false;
    *vyre_link(nursery, parent, VYRE_LINK_WAITS) = 0u;
    words[VYRE_WORD_FLAGS] = (words[VYRE_WORD_FLAGS] | VYRE_RESUME_SET_FLAGS) & ~VYRE_RESUME_CLEAR_FLAGS;
    vyre_store_release(words, VYRE_STATE_READY);
    return true;
}

/* Once a turn's end is published: counts a child that ended or a parent that waits from now on. */
static void vyre_count_turn(vyre_nursery *nursery, uint slot, uint state, bool joins) {
    uint waiting = joins ? slot + 1u : 0u;
    if (state == VYRE_STATE_DONE || state == VYRE_STATE_FAULTED) {
        waiting = *vyre_link(nursery, slot, VYRE_LINK_PARENT);
        *vyre_link(nursery, slot, VYRE_LINK_PARENT) = 0u;
    }
    if (!waiting || waiting > nursery->slots) return;
    vyre_fence_acq_rel();
    const uint waits = vyre_add_relaxed(vyre_link(nursery, waiting - 1u, VYRE_LINK_WAITS), VYRE_U32_MAX);
    vyre_fence_acq_rel();
    if (waits || !vyre_end_wait(nursery, waiting - 1u)) return;
    vyre_add_relaxed(nursery->family + VYRE_FAMILY_JOINED, 1u);
    vyre_bear(nursery, waiting - 1u);
}

/* Takes the first task that must queue, as slot + 1; 0 when there is none. */
static uint vyre_next_born(vyre_nursery *nursery) {
    const uint born = nursery->first_born;
    if (!born || born > nursery->slots) return 0u;
    nursery->first_born = *vyre_link(nursery, born - 1u, VYRE_LINK_NEXT);
    return born;
}

/* Class in which a task queues that was born or has ended its wait. */
static uint vyre_class_of(const vyre_nursery *nursery, uint slot, uint age_threshold) {
    __global const uint *words = VYRE_WORD(nursery->ring, slot, 0u);
    return vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], age_threshold);
}

#else

#define vyre_family_to(worker, nursery_of_it, family_words, claim_queue)
#define vyre_count_family(worker, slot, state, joins)
#define vyre_is_join(words, outcome) false

#endif

#endif
