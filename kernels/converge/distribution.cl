/* distribution.cl - how shares of a whole move between the states of a chain, in fixed point.
 *
 * A share is a u32 in units of 2^-31; the words of `current` add up to 2^31, which is 1. Operand 0 is the
 * *cumulative* matrix C, row by row, n x n for n states: C[i][j] is the chance, in units of 2^-31, that state
 * i is followed by one of the states 0..j, so that the last column is 2^31.
 *
 * With the boundary between states 0..j and the states behind them in mind, the flow over it in one step is
 * what lies in 0..j afterwards less what lies there now:
 *
 *     exact_j = sum over i of current[i] * C[i][j] - 2^31 * sum over i <= j of current[i]   in units of 2^-62
 *     flow_j  = exact_j / 2^31, cut off towards 0   in units of 2^-31
 *     next[j] = current[j] + flow_j - flow_(j-1)
 *
 * What is cut off stays where it is, hence: the words always add up to what they added up to before; a state
 * with no way in keeps no share it did not have; a share that is less than a unit away from rest stays, so
 * that the vector comes to rest instead of trembling in its last bits. All sums are 64-bit and wrap alike
 * everywhere; with shares that add up to 2^31 none of them does.
 */
#include "vyre_step.h"

#define VYRE_SHARE_BITS 31

/* The flow over the boundary behind state j, as two's complement. */
static uint vyre_flow(vyre_step *step, ulong j) {
    ulong exact = 0u;
    for (ulong i = 0u; i < step->words; ++i) {
        const ulong share = vyre_current(step, i);
        exact += share * vyre_operand(step, 0u, i * step->words + j);
        if (i <= j) exact -= share << VYRE_SHARE_BITS;
        if (step->fault) return 0u;
    }
    const bool back = (exact >> 63) != 0u;
    const uint size = (uint)((back ? 0u - exact : exact) >> VYRE_SHARE_BITS);
    return back ? 0u - size : size;
}

VYRE_STEP(distribution, "shares of a whole move once under the cumulative transition matrix in operand 0") {
    const uint arriving = index > 0u ? vyre_flow(step, index - 1u) : 0u;
    return vyre_current(step, index) + vyre_flow(step, index) - arriving;
}
