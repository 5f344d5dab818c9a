/* clock.cl - asks a rung of vyre_clock.h for the time, to see that it builds and goes forward, and to
 * calibrate it.
 *
 * One work-item. The host guarantees: times has four 64-bit words, counter one that is 0.
 */
#include "vyre_clock.h"
#include "vyre_kernels.h"

__kernel void vyre_ask_clock(VYRE_ASK_CLOCK_PARAMETERS) {
    times[0] = vyre_clock(counter);
    uint spin = 1u;
    for (uint i = 0u; i < 1000u; ++i) spin = spin * 1664525u + vyre_load_relaxed(counter);
    times[2] = spin;
    times[1] = vyre_clock(counter);
}
