/* vyre_step.h - what the author of a transfer step sees (spec 1.8).
 *
 *   VYRE_STEP(spread, "next[i] = the largest of current[i - 1], current[i], current[i + 1]") {
 *       uint most = vyre_current(step, index);
 *       if (index > 0u) most = max(most, vyre_current(step, index - 1u));
 *       if (index + 1u < step->words) most = max(most, vyre_current(step, index + 1u));
 *       return most;
 *   }
 *
 * A step is one function: a name and a line of documentation. It is called once for every word of the vector
 * in every iteration, with `index` from 0 to step->words - 1 in no order, and returns next[index]. It may
 * read every word of `current` and of the operands, which are arrays of 32-bit words that the launch lends to
 * it (as_float reads one as a float). It writes nothing: `next` and `changed` belong to the loop, and so no
 * two calls can disturb each other. Its answer may depend on nothing else; the loop calls it again where it
 * wants to know what went wrong.
 *
 * Every read is checked: one outside its array gives 0 and a fault in `step`, and the whole run ends with an
 * error that names the word, whatever the step returns. There is no barrier and no local memory inside a
 * step. Floating-point contraction is off.
 */
#ifndef VYRE_STEP_H
#define VYRE_STEP_H

#include "vyre_engine.h"
#include "vyre_sync.h"

#pragma OPENCL FP_CONTRACT OFF

typedef struct {
    __global const uint *current;
    uint words; /* of the vector */
    uint operand_count;
    __global const uint *arena;
    __global const vyre_operand_row *operands;
    uint fault;         /* VYRE_STEP_SOUND, or what was read outside its bounds first */
    uint fault_operand; /* which operand that was */
    ulong fault_word;   /* and which word of it */
} vyre_step;

#define VYRE_STEP(name, doc) static uint vyre_step_##name(vyre_step *step, const uint index)

static uint vyre_note_fault(vyre_step *step, uint fault, uint operand, ulong word) {
    if (step->fault == VYRE_STEP_SOUND) {
        step->fault = fault;
        step->fault_operand = operand;
        step->fault_word = word;
    }
    return 0u;
}

/* One word of the vector, as the iteration before left it. */
static uint vyre_current(vyre_step *step, ulong word) {
    if (word >= step->words) return vyre_note_fault(step, VYRE_STEP_PAST_CURRENT, 0u, word);
    return step->current[word];
}

/* How many words an operand has; 0 when there is no such operand. */
static ulong vyre_operand_words(vyre_step *step, uint operand) {
    return operand < step->operand_count ? step->operands[operand].words : 0u;
}

/* One word of an operand. */
static uint vyre_operand(vyre_step *step, uint operand, ulong word) {
    if (word >= vyre_operand_words(step, operand))
        return vyre_note_fault(step, VYRE_STEP_PAST_OPERAND, operand, word);
    return step->arena[step->operands[operand].first + word];
}

#endif
