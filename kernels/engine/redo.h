/* redo.h - how the end of a turn survives the death of its launch: a record in the live sidecar (live.h).
 *
 * Phases of a turn that does not end as Done: the words as they are to be and slot + 1 go into the worker's
 * record; the words go into the slot; the state is published; the record is cleared. Whoever finds a record
 * of a dead launch for a slot that is Running writes the words once more. Done writes flags alone, and may be
 * half-way without harm.
 *
 * A record may outlive its publication for a moment, in which another worker may claim the slot, end a turn
 * and make a record of its own: then the one with more yields and requeues is the later one, and a turn that
 * counts neither (pause, fault) drops the others first.
 *
 * Memory order: the record's words before its first word, that before the slot's words (release, then a
 * fence), the first word is cleared after the state (release). Without VYRE_LIVE everything here is empty.
 */
#ifndef VYRE_REDO_H
#define VYRE_REDO_H

#include "core.h"

#ifndef VYRE_LIVE
#define VYRE_LIVE 0
#endif

#if VYRE_LIVE

#include "live.h"

#define vyre_live_to(worker, to_words, to_capacity, to_workers, to_record)              \
    do {                                                                                \
        const vyre_live to_live = {(to_words), (to_capacity), (to_workers), (to_record)}; \
        (worker)->live = to_live;                                                       \
    } while (0)

/* Notes what a turn is about to write; false when there is nothing to note. */
static bool vyre_redo_begin(const vyre_live *live, uint slot, __global const uint *words,
                            vyre_outcome outcome) {
    const uint kind = outcome.kind;
    if (kind == VYRE_DONE || live->record >= live->workers) return false;
    if (kind == VYRE_PAUSE || kind == VYRE_FAULT) vyre_live_forget(live, slot);
    const bool faults = kind == VYRE_FAULT, requeues = kind == VYRE_REQUEUE;
    vyre_word_ptr record = vyre_live_redo(live, live->record);
    record[VYRE_LIVE_REDO_STATE] = vyre_outcome_state(kind);
    record[VYRE_LIVE_REDO_PRIORITY] = requeues ? outcome.extra : words[VYRE_WORD_PRIORITY];
    record[VYRE_LIVE_REDO_CONTINUATION_PC] = faults ? words[VYRE_WORD_CONTINUATION_PC] : outcome.pc;
    record[VYRE_LIVE_REDO_CONTINUATION_DATA] = faults ? outcome.extra : outcome.data;
    record[VYRE_LIVE_REDO_RESUME_EPOCH] = kind == VYRE_PAUSE ? outcome.extra : words[VYRE_WORD_RESUME_EPOCH];
    record[VYRE_LIVE_REDO_AGE_TICKS] = words[VYRE_WORD_AGE_TICKS] + (requeues ? 1u : 0u);
    record[VYRE_LIVE_REDO_REQUEUE_COUNT] = words[VYRE_WORD_REQUEUE_COUNT] + (requeues ? 1u : 0u);
    record[VYRE_LIVE_REDO_YIELD_COUNT] = words[VYRE_WORD_YIELD_COUNT] + (kind == VYRE_YIELD ? 1u : 0u);
    record[VYRE_LIVE_REDO_FLAGS] = vyre_flags_after(words[VYRE_WORD_FLAGS], kind);
    vyre_store_release(record, slot + 1u);
    vyre_fence_acq_rel();
    return true;
}

/* Clears this worker's record, if it has one. */
static void vyre_redo_end(const vyre_live *live) {
    if (live->record < live->workers) vyre_store_release(vyre_live_redo(live, live->record), 0u);
}

#define VYRE_LIVE_FILTER gate, selected, has_selected
#define VYRE_LIVE_RING_SLOTS ring_slots
#define VYRE_LIVE_IDLE_POLLS idle_polls

#else

/* Of what only a live kernel is given: nobody is shut out, nothing is offered, nobody stays. */
#define VYRE_LIVE_FILTER 0u, 0, 0u
#define VYRE_LIVE_RING_SLOTS 0u
#define VYRE_LIVE_IDLE_POLLS 0u

#define vyre_live_to(worker, to_words, to_capacity, to_workers, to_record)
#define vyre_redo_begin(live, slot, words, outcome) false
#define vyre_redo_end(live)

#endif

#endif
