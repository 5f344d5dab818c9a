/* live.h - the workers' side of the live sidecar: inbox, the wish that they leave, redo records.
 *
 * Layout in vyre_live.h (generated); the host's side is vyrectl/live/sidecar.py. The host maps the file and
 * gives everything before the control buffer as `words`; capacity and workers come as kernel arguments, never
 * out of the file, which others can write.
 *
 * Inbox: a queue of slot numbers, many producers (processes) and many consumers (workers). A place holds its
 * lap of the queue, modulo 16, and slot + 1, or 0 for nothing. Filling and emptying a place is one
 * compare-and-swap of it; head and tail only say where to look, and whoever meets a place that has moved on
 * moves them too. So nobody waits, and who dies half-way leaves no hole.
 *
 *   producer at tail   (lap, 0)        -> (lap, slot + 1)      then tail + 1
 *   worker at head     (lap, slot + 1) -> (lap + 1, 0)         then head + 1
 *
 * A slot in the inbox is a hint: it is claimed like any other, and one that the queue has no place for is
 * found by the next index.
 *
 * Redo: before a worker overwrites the words of a slot it holds, it writes them to its own line, then slot +
 * 1 as its first word; when the slot is published the first word becomes 0. Who meets the record of a dead
 * worker writes it again.
 *
 * Memory order: places by acquire-release compare-and-swap; a record's first word by release stores; LEAVE
 * and FOLLOW relaxed.
 */
#ifndef VYRE_LIVE_ENGINE_H
#define VYRE_LIVE_ENGINE_H

#include "vyre_abi.h"
#include "vyre_live.h"
#include "vyre_sync.h"

typedef struct {
    vyre_word_ptr words;
    uint capacity; /* places of the inbox, a power of two */
    uint workers;  /* redo records */
    uint record;   /* this worker's */
} vyre_live;

#define VYRE_LIVE_TRIES 64u /* of one worker at one place, before it looks elsewhere */

static uint vyre_live_lap(const vyre_live *live, uint position) {
    return (position / live->capacity) & VYRE_LIVE_LAP_MASK;
}

/* Takes the first slot of the inbox; false when it is empty, or too many others want it. The slot may be any
 * number below 2^28. */
static bool vyre_live_take_one(const vyre_live *live, uint *slot) {
    vyre_word_ptr head_word = live->words + VYRE_LIVE_INBOX_HEAD;
    for (uint tries = 0u; tries < VYRE_LIVE_TRIES; ++tries) {
        const uint head = vyre_load_relaxed(head_word);
        vyre_word_ptr place = live->words + VYRE_LIVE_HEADER_WORDS + (head & (live->capacity - 1u));
        const uint held = vyre_load_acquire(place), lap = vyre_live_lap(live, head);
        const uint ahead = ((held >> VYRE_LIVE_LAP_SHIFT) - lap) & VYRE_LIVE_LAP_MASK;
        if (!ahead) {
            if (!(held & VYRE_LIVE_SLOT_MASK)) return false;
            const uint emptied = ((lap + 1u) & VYRE_LIVE_LAP_MASK) << VYRE_LIVE_LAP_SHIFT;
            if (vyre_cas_value_acq_rel(place, held, emptied) != held) continue;
            *slot = (held & VYRE_LIVE_SLOT_MASK) - 1u;
        } else if (ahead > VYRE_LIVE_LAP_MASK / 2u) {
            if (vyre_load_relaxed(head_word) == head) return false;
            continue;
        }
        vyre_cas_value_relaxed(head_word, head, head + 1u);
        if (!ahead) return true;
    }
    return false;
}

/* Takes up to `most` slots that are inside the ring; how many. */
static uint vyre_live_take(const vyre_live *live, uint ring_slots, uint *slots, uint most) {
    uint taken = 0u, slot;
    while (taken < most && vyre_live_take_one(live, &slot))
        if (slot < ring_slots) slots[taken++] = slot;
    return taken;
}

/* Whether the inbox seems to hold something: one look, for workers that poll. */
static bool vyre_live_waits(const vyre_live *live) {
    return vyre_load_relaxed(live->words + VYRE_LIVE_INBOX_HEAD) !=
           vyre_load_relaxed(live->words + VYRE_LIVE_INBOX_TAIL);
}

/* Workers stay when they find nothing. */
static bool vyre_live_follows(const vyre_live *live) {
    return vyre_load_relaxed(live->words + VYRE_LIVE_FOLLOW) != 0u;
}

/* The host's wish: VYRE_LIVE_STAY, LEAVE_IDLE (who finds no work) or LEAVE_NOW (who holds none). */
static uint vyre_live_wish(const vyre_live *live) { return vyre_load_relaxed(live->words + VYRE_LIVE_LEAVE); }

static vyre_word_ptr vyre_live_redo(const vyre_live *live, uint worker) {
    return live->words + VYRE_LIVE_HEADER_WORDS + live->capacity + (ulong)worker * VYRE_LIVE_REDO_WORDS;
}

/* Drops other workers' records of a slot that this one holds: they are published, and theirs would be written
 * over newer words. */
static void vyre_live_forget(const vyre_live *live, uint slot) {
    for (uint other = 0u; other < live->workers; ++other) {
        vyre_word_ptr mark = vyre_live_redo(live, other);
        if (other != live->record && vyre_load_relaxed(mark) == slot + 1u)
            vyre_cas_value_acq_rel(mark, slot + 1u, 0u);
    }
}

#endif
