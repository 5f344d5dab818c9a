/* trace.h - notes when a turn was made, if the program is built with VYRE_TRACE.
 *
 *   words   | head (VYRE_TRACE_WORDS) | vyre_trace_record | vyre_trace_record | ...
 *
 * A record is reserved by a relaxed add and written plainly by its one owner; the host reads them when the
 * kernel is over. One that has no room is counted and dropped. Without VYRE_TRACE everything here is empty.
 * The host guarantees: room for `capacity` records behind the head, whose words are 0 at the start of a
 * launch.
 */
#ifndef VYRE_TRACE_H
#define VYRE_TRACE_H

#include "vyre_abi.h"
#include "vyre_engine.h"

#ifndef VYRE_TRACE
#define VYRE_TRACE 0
#endif

#if VYRE_TRACE

#include "vyre_clock.h"

/* What a worker remembers of the turn it is at. */
typedef struct {
    __global uint *words;
    uint capacity;
    ulong began;
    ulong claimed;
    ulong ran;
} vyre_trace;

#define vyre_trace_to(worker, to_words, to_capacity) \
    do {                                             \
        (worker)->trace.words = (to_words);          \
        (worker)->trace.capacity = (to_capacity);    \
    } while (0)
#define vyre_trace_look(trace, what) ((trace).what = vyre_clock((trace).words + VYRE_TRACE_CLOCK))

/* Keeps a turn that is about to be published; the next of the same worker begins. `slot_words` are those of
 * the slot. */
static void vyre_trace_turn(vyre_trace *trace, uint slot, __global const uint *slot_words, uint kind) {
    const ulong now = vyre_clock(trace->words + VYRE_TRACE_CLOCK);
    const uint at = vyre_add_relaxed(trace->words + VYRE_TRACE_ASKED, 1u);
    if (at < trace->capacity) {
        __global vyre_trace_record *record =
            (__global vyre_trace_record *)(trace->words + VYRE_TRACE_WORDS) + at;
        record->began = trace->began;
        record->claimed = trace->claimed;
        record->ran = trace->ran;
        record->ended = now;
        record->slot = slot;
        record->task_id = slot_words[VYRE_WORD_TASK_ID];
        record->op_handle = slot_words[VYRE_WORD_OP_HANDLE];
        record->priority = slot_words[VYRE_WORD_PRIORITY];
        record->outcome = kind;
        record->group = get_group_id(0);
        record->item = get_local_id(0);
        record->requeue_count = slot_words[VYRE_WORD_REQUEUE_COUNT];
    }
    trace->began = now;
}

#else

#define vyre_trace_to(worker, to_words, to_capacity)
#define vyre_trace_look(trace, what)
#define vyre_trace_turn(trace, slot, slot_words, kind)

#endif

#endif
