/* trace.h - notes when a turn was made, if the program is built with VYRE_TRACE.
 *
 *   words   | asked for, clock numbers, (rest of a line unused) | record 0 | record 1 | ...
 *   record  four times of 64 bits (turned to the slot, claimed, ran, about to publish), then slot, task_id, op_handle, priority, outcome,
 *           work-group, work-item, requeue_count; TRACE_DTYPE of vyrectl/engine/trace.py
 *
 * A record is reserved by a relaxed add and written plainly by its one owner; the host reads them when the kernel is over. One that has
 * no room is counted and dropped. Without VYRE_TRACE everything here is empty.
 * The host guarantees: room for `capacity` records behind the head, whose words are 0 at the start of a launch.
 */
#ifndef VYRE_TRACE_H
#define VYRE_TRACE_H

#include "vyre_abi.h"

#ifndef VYRE_TRACE
#define VYRE_TRACE 0
#endif

#if VYRE_TRACE

#include "vyre_clock.h"

#define VYRE_TRACE_LINE 16u

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
#define vyre_trace_look(trace, what) ((trace).what = vyre_clock((trace).words + 1u))

/* Keeps a turn that is about to be published; the next of the same worker begins. `slot_words` are those of the slot. */
static void vyre_trace_turn(vyre_trace *trace, uint slot, __global const uint *slot_words, uint kind) {
    const ulong now = vyre_clock(trace->words + 1u);
    const uint at = vyre_add_relaxed(trace->words, 1u);
    if (at < trace->capacity) {
        __global uint *record = trace->words + VYRE_TRACE_LINE + (ulong)at * VYRE_TRACE_LINE;
        const ulong times[4] = {trace->began, trace->claimed, trace->ran, now};
        for (uint k = 0; k < 4u; ++k) {
            record[2u * k] = (uint)times[k];
            record[2u * k + 1u] = (uint)(times[k] >> 32);
        }
        record[8] = slot;
        record[9] = slot_words[VYRE_WORD_TASK_ID];
        record[10] = slot_words[VYRE_WORD_OP_HANDLE];
        record[11] = slot_words[VYRE_WORD_PRIORITY];
        record[12] = kind;
        record[13] = get_group_id(0);
        record[14] = get_local_id(0);
        record[15] = slot_words[VYRE_WORD_REQUEUE_COUNT];
    }
    trace->began = now;
}

#else

#define vyre_trace_to(worker, to_words, to_capacity)
#define vyre_trace_look(trace, what)
#define vyre_trace_turn(trace, slot, slot_words, kind)

#endif

#endif
