/* watch.h - what a worker has in hand, for whoever looks: one seat a work-item, written by it alone.
 *
 * Layout in vyre_live.h (generated). A work-item that is a worker of its own (lane.cl, exact.cl) has the
 * words of its seat side by side in a line of its own; those of a group (group.cl) have each word beside
 * the same word of their neighbours, so that what they store together goes to memory together.
 *
 * At the beginning of a turn a worker counts it and writes slot + 1, and the operation where it is not the
 * one before; when it finds nothing to do, and when it leaves, 0 for the slot. Nothing is written at the end
 * of a turn: the next one follows at once, and a reader that must know looks at the slot's state. Turns of
 * operations that end at once are counted several at a time, with the slot of the first. The count goes on
 * from kernel to kernel.
 *
 * Memory order: relaxed stores; a reader may see a slot with the operation or the count of the turn before,
 * for a moment.
 * The host guarantees: `seats` > 0 seats from word `first` on, which is even; workers beyond them write
 * nothing. Without VYRE_WATCH everything here is empty.
 */
#ifndef VYRE_WATCH_H
#define VYRE_WATCH_H

#include "vyre_live.h"
#include "vyre_sync.h"

#ifndef VYRE_WATCH
#define VYRE_WATCH 0
#endif

#if VYRE_WATCH

typedef struct {
    vyre_word_ptr seat; /* its first word; NULL where there is none for this worker */
#if VYRE_DRIVER_GROUP
    uint seats;
    uint named; /* slot + 1, as the seat says */
#endif
    uint turns;
    uint polls;
    uint op_handle; /* the one that the seat names */
} vyre_watch;

#if VYRE_DRIVER_GROUP
#define VYRE_WATCH_WORD(watch, word) ((watch)->seat + (ulong)(word) * (watch)->seats)
#else
#define VYRE_WATCH_WORD(watch, word) ((watch)->seat + (word))
#endif

/* The watch of worker `number`. */
static vyre_watch vyre_make_watch(vyre_word_ptr words, uint first, uint seats, uint number) {
    vyre_watch watch;
    watch.seat = 0;
    watch.turns = watch.polls = watch.op_handle = 0u;
#if VYRE_DRIVER_GROUP
    watch.seats = seats;
    watch.named = 0u;
    if (number < seats) watch.seat = words + first + number;
#else
    if (number < seats) watch.seat = words + first + (ulong)number * VYRE_LIVE_WATCH_LANE_WORDS;
#endif
    if (!watch.seat) return watch;
    watch.turns = vyre_load_relaxed(VYRE_WATCH_WORD(&watch, VYRE_LIVE_WATCH_TURN));
    watch.polls = vyre_load_relaxed(VYRE_WATCH_WORD(&watch, VYRE_LIVE_WATCH_POLLS));
    watch.op_handle = vyre_load_relaxed(VYRE_WATCH_WORD(&watch, VYRE_LIVE_WATCH_OP));
    return watch;
}

#define vyre_watch_to(worker, words, first, seats, number) \
    (worker)->watch = vyre_make_watch(words, first, seats, (uint)(number))

/* Turns begin: of a task, or of `turns` tasks of operations that end at once, the first of which is named. */
static void vyre_watch_turns(vyre_watch *watch, uint slot, uint op_handle, uint turns) {
    if (!watch->seat) return;
    watch->turns += turns;
    if (op_handle != watch->op_handle) {
        watch->op_handle = op_handle;
        vyre_store_relaxed(VYRE_WATCH_WORD(watch, VYRE_LIVE_WATCH_OP), op_handle);
    }
#if VYRE_DRIVER_GROUP
    vyre_store_relaxed(VYRE_WATCH_WORD(watch, VYRE_LIVE_WATCH_TURN), watch->turns);
    if (watch->named == slot + 1u) return;
    watch->named = slot + 1u;
    vyre_store_relaxed(VYRE_WATCH_WORD(watch, VYRE_LIVE_WATCH_SLOT), slot + 1u);
#else
    vyre_store_pair_relaxed(watch->seat + VYRE_LIVE_WATCH_TURN, watch->turns, slot + 1u);
#endif
}

#define vyre_watch_turn(watch, slot, op_handle) vyre_watch_turns(watch, slot, op_handle, 1u)

/* Turns are over that nobody could have seen. */
static void vyre_watch_past(vyre_watch *watch, uint turns) {
    if (!watch->seat || !turns) return;
    watch->turns += turns;
    vyre_store_relaxed(VYRE_WATCH_WORD(watch, VYRE_LIVE_WATCH_TURN), watch->turns);
}

/* Nothing is in hand any more. */
static void vyre_watch_rest(vyre_watch *watch) {
#if VYRE_DRIVER_GROUP
    if (!watch->named) return;
    watch->named = 0u;
#else
    if (!watch->seat) return;
#endif
    vyre_store_relaxed(VYRE_WATCH_WORD(watch, VYRE_LIVE_WATCH_SLOT), 0u);
}

/* A look for work in vain. */
static void vyre_watch_poll(vyre_watch *watch) {
    if (!watch->seat) return;
    vyre_watch_rest(watch);
    vyre_store_relaxed(VYRE_WATCH_WORD(watch, VYRE_LIVE_WATCH_POLLS), ++watch->polls);
}

#else

#define vyre_watch_to(worker, words, first, seats, number)
#define vyre_watch_turns(watch, slot, op_handle, turns)
#define vyre_watch_turn(watch, slot, op_handle)
#define vyre_watch_past(watch, turns)
#define vyre_watch_rest(watch)
#define vyre_watch_poll(watch)

#endif

#endif
