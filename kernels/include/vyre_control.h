/* vyre_control.h - how the control opcodes (spec 3.3) reach the control buffer.
 *
 * Indices come from a ring and are never trusted: one that is outside the buffer becomes a fault. The
 * engine's own words (queue heads, positions, tallies) lie in another buffer that no opcode can name.
 */
#ifndef VYRE_CONTROL_H
#define VYRE_CONTROL_H

#include "vyre_op.h"

/* The address of one control word, or NULL and a fault. */
static vyre_word_ptr vyre_control_word(vyre_task *task, ulong index) {
    if (index >= task->env->control_words) {
        if (!task->fault) task->fault = VYRE_FAULT_OUT_OF_RANGE;
        return 0;
    }
    return task->env->control + index;
}

/* The address of one observable word, counted from word 160. */
static vyre_word_ptr vyre_observable(vyre_task *task, uint index) {
    return vyre_control_word(task, (ulong)VYRE_OBSERVABLE_FIRST + index);
}

#endif
