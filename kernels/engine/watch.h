/* watch.h - what a worker has in hand, for whoever looks: one record a work-item, written by it alone.
 *
 * Layout in vyre_live.h (generated). At the beginning of a turn a worker writes the operation, the count of its turns and slot + 1; when it
 * finds nothing to do, and when it leaves, 0 for the slot. Nothing is written at the end of a turn: the next one follows at once, and a
 * reader that must know looks at the slot's state. The count goes on from kernel to kernel.
 *
 * Memory order: relaxed stores; a reader may see a slot with the operation of the turn before, for a moment.
 * The host guarantees: `records` > 0 records from word `first` on; workers beyond them share the last. Without VYRE_WATCH everything here
 * is empty.
 */
#ifndef VYRE_WATCH_H
#define VYRE_WATCH_H

#include "vyre_live.h"
#include "vyre_sync.h"

#ifndef VYRE_WATCH
#define VYRE_WATCH 0
#endif

#if VYRE_WATCH

#if VYRE_DRIVER_GROUP
#define VYRE_WATCH_WORDS VYRE_LIVE_WATCH_GROUP_WORDS
#else
#define VYRE_WATCH_WORDS VYRE_LIVE_WATCH_LANE_WORDS
#endif

typedef struct {
    vyre_word_ptr record;
    uint turns;
    uint polls;
} vyre_watch;

#define vyre_watch_to(worker, words, first, records, number)                                                      \
    do {                                                                                                          \
        (worker)->watch.record = (words) + (first) + (ulong)min((uint)(number), (records) - 1u) * VYRE_WATCH_WORDS; \
        (worker)->watch.turns = vyre_load_relaxed((worker)->watch.record + VYRE_LIVE_WATCH_TURN);                 \
        (worker)->watch.polls = vyre_load_relaxed((worker)->watch.record + VYRE_LIVE_WATCH_POLLS);                \
    } while (0)

/* A turn of a task begins. */
static void vyre_watch_turn(vyre_watch *watch, uint slot, uint op_handle) {
    vyre_store_relaxed(watch->record + VYRE_LIVE_WATCH_OP, op_handle);
    vyre_store_relaxed(watch->record + VYRE_LIVE_WATCH_TURN, ++watch->turns);
    vyre_store_relaxed(watch->record + VYRE_LIVE_WATCH_SLOT, slot + 1u);
}

/* Nothing is in hand any more. */
static void vyre_watch_rest(vyre_watch *watch) { vyre_store_relaxed(watch->record + VYRE_LIVE_WATCH_SLOT, 0u); }

/* A look for work in vain. */
static void vyre_watch_poll(vyre_watch *watch) {
    vyre_watch_rest(watch);
    vyre_store_relaxed(watch->record + VYRE_LIVE_WATCH_POLLS, ++watch->polls);
}

#else

#define vyre_watch_to(worker, words, first, records, number)
#define vyre_watch_turn(watch, slot, op_handle)
#define vyre_watch_rest(watch)
#define vyre_watch_poll(watch)

#endif

#endif
