/* vyre_clock.h - what time it is on the device, for traces.
 *
 * The host picks one rung for a device by try-building and running it, and defines VYRE_CLOCK:
 *
 *   1  cl_khr_kernel_clock: the device's own clock
 *   2  NVIDIA: %globaltimer, nanoseconds
 *   3  __builtin_readcyclecounter(): cycles, which the host calibrates
 *   0  none: a number that counts up with each look, by a counter that the caller lends
 *
 * No order is implied: a compiler may move a look past what it does not depend on, so looks stand next to
 * atomics.
 */
#ifndef VYRE_CLOCK_H
#define VYRE_CLOCK_H

#include "vyre_sync.h"

#ifndef VYRE_CLOCK
#define VYRE_CLOCK 0
#endif

#if VYRE_CLOCK == 1
#pragma OPENCL EXTENSION cl_khr_kernel_clock : enable
#endif

static ulong vyre_clock(vyre_word_ptr counter) {
#if VYRE_CLOCK == 1
    return clock_read_device();
#elif VYRE_CLOCK == 2
    ulong now;
    __asm__ volatile("mov.u64 %0, %%globaltimer;" : "=l"(now)::"memory");
    return now;
#elif VYRE_CLOCK == 3
    return (ulong)__builtin_readcyclecounter();
#else
    return vyre_add_relaxed(counter, 1u);
#endif
}

#endif
