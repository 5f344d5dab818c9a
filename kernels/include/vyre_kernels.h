/* vyre_kernels.h: what each kernel takes, as its parameter list.
 *
 * Generated from vyrectl/abi/kernels.py: python -m vyrectl.devtools generate
 *
 *   __kernel void vyre_run(VYRE_RUN_PARAMETERS) { ... }
 *
 * The host passes the arguments by the names that stand here.
 */
#ifndef VYRE_KERNELS_H
#define VYRE_KERNELS_H

#if VYRE_HAS_FAMILY
#define VYRE_RUN_FAMILY_PARAMETERS \
    , \
    __global uint *family                /* families and the free list (vyre_family.h) */
#else
#define VYRE_RUN_FAMILY_PARAMETERS
#endif
#if VYRE_TRACE
#define VYRE_RUN_TRACE_PARAMETERS \
    , \
    __global uint *trace_words,          /* head and records of the trace (trace.h) */ \
    const uint trace_capacity            /* records that there is room for */
#else
#define VYRE_RUN_TRACE_PARAMETERS
#endif
#if VYRE_WATCH
#define VYRE_RUN_WATCH_PARAMETERS \
    , \
    vyre_word_ptr watch_words,           /* memory with the seats (watch.h) */ \
    const uint watch_first,              /* word of the first seat */ \
    const uint watch_seats               /* seats, at least one */
#else
#define VYRE_RUN_WATCH_PARAMETERS
#endif
#if VYRE_LIVE
#define VYRE_RUN_LIVE_PARAMETERS \
    , \
    vyre_word_ptr live_words,            /* the live sidecar (live.h) */ \
    const uint live_capacity,            /* places of its inbox, a power of two */ \
    const uint live_workers,             /* its redo records */ \
    const uint ring_slots,               /* slots of the ring */ \
    const uint gate,                     /* not 0: tenant masks decide who may run */ \
    __global const uchar *selected,      /* a byte a slot: not 0 for those to run */ \
    const uint has_selected,             /* not 0: selected counts */ \
    const uint idle_polls                /* looks in vain before a worker leaves */
#else
#define VYRE_RUN_LIVE_PARAMETERS
#endif
#if VYRE_MIRROR
#define VYRE_RUN_MIRROR_PARAMETERS \
    , \
    __global const uint *tags,           /* what the index saw of each slot, beside queue (order.h) */ \
    __global uchar *mirror               /* a byte a slot: not 0 for one that is to be settled */
#else
#define VYRE_RUN_MIRROR_PARAMETERS
#endif
#define VYRE_RUN_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    __global const uint *queue,          /* a word a slot: the lists of the round (order.h) */ \
    __global const uint *begins,         /* tasks before each list, and their number */ \
    __global const uint *places,         /* where each list is in queue */ \
    const uint chunks,                   /* chunks of the index */ \
    const uint ticket,                   /* tasks of a ticket */ \
    const int claims_each,               /* claims of a worker in this kernel */ \
    const uint counts_budget,            /* not 0: claims are limited exactly, by flow */ \
    const uint age_threshold,            /* ticks that lift a task by one class, 0 for never */ \
    vyre_word_ptr flow,                  /* heads, tails and counts of the round (turn.h) */ \
    __global uint *pool,                 /* slots of the spilled blocks (spill.h) */ \
    __global uint *sizes,                /* tasks of each block */ \
    __global uint *directory,            /* published blocks of each class; lines of exact.cl */ \
    const uint blocks,                   /* blocks of the pool, 0 where nothing is handed on */ \
    const uint block_places,             /* places of a class in the directory */ \
    __global uint *tally,                /* counts of the kernel (turn.h) */ \
    __global uchar *arena,               /* all buffers of the job */ \
    __global const vyre_buffer *buffers, /* where each handle's buffer lies in the arena */ \
    const uint buffer_count,             /* handles */ \
    const uint argument_handle,          /* handle of the argument records */ \
    __global uint *control,              /* the control buffer */ \
    const uint control_words,            /* its words */ \
    const uint first_slot,               /* what slot 0 is called: more than 0 in a shard */ \
    __global vyre_witness *witness       /* a record a slot, with VYRE_VERIFY */ \
    VYRE_RUN_FAMILY_PARAMETERS \
    VYRE_RUN_TRACE_PARAMETERS \
    VYRE_RUN_WATCH_PARAMETERS \
    VYRE_RUN_LIVE_PARAMETERS \
    VYRE_RUN_MIRROR_PARAMETERS

#if VYRE_MIRROR
#define VYRE_INDEX_MIRROR_PARAMETERS \
    , \
    __global uint *tags,                 /* what it saw of each slot, beside queue (order.h) */ \
    __global uchar *mirror               /* a byte a slot, cleared */
#else
#define VYRE_INDEX_MIRROR_PARAMETERS
#endif
#define VYRE_INDEX_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint chunk_slots,              /* slots of a chunk of the index */ \
    __global const uint *control,        /* the control buffer */ \
    const uint gate,                     /* not 0: tenant masks decide who may run */ \
    __global const uchar *selected,      /* a byte a slot: not 0 for those to run */ \
    const uint has_selected,             /* not 0: selected counts */ \
    const uint age_threshold,            /* ticks that lift a task by one class, 0 for never */ \
    __global uint *counts,               /* a row of chunks a class, and two for other counts */ \
    __global uint *queue,                /* a word a slot: the lists of the round (order.h) */ \
    __global uint *begins,               /* tasks before each list, and their number */ \
    __global uint *places,               /* where each list is in queue */ \
    __global uint *totals,               /* the sum of each row of counts */ \
    vyre_word_ptr flow,                  /* heads, tails and counts of the round, cleared */ \
    __global uint *directory,            /* published blocks of each class, cleared */ \
    const uint directory_words           /* its words */ \
    VYRE_INDEX_MIRROR_PARAMETERS

#define VYRE_INDEX_SCAN_PARAMETERS \
    __global const uint *restrict counts, /* a row of chunks a class, and two for other counts */ \
    const uint slots,                    /* slots of the ring */ \
    const uint chunk_slots,              /* slots of a chunk of the index */ \
    __global uint *restrict begins,      /* tasks before each list, and their number */ \
    __global uint *restrict places,      /* where each list is in queue */ \
    __global uint *restrict totals,      /* the sum of each row of counts */ \
    __local uint *sums                   /* a word a work-item, and one a row at least */

#define VYRE_INDEX_FREE_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint chunk_slots,              /* slots of a chunk of the index */ \
    __global const uint *counts,         /* a row of chunks for each class */ \
    __global uint *queue,                /* what the lists leave of it becomes the free list */ \
    __global uint *family                /* families and the free list (vyre_family.h) */

#define VYRE_SETTLE_MIRROR_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    __global const uchar *mirror         /* a byte a slot: not 0 for one that is Done */

#define VYRE_PROBE_LAYOUT_PARAMETERS \
    __global uint *answers               /* a word a question, then the byte order */

#define VYRE_PROBE_ATOMICS_PARAMETERS \
    vyre_word_ptr words                  /* 4 words, one for each question */

#define VYRE_SELFTEST_CLAIM_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    __global uint *wins                  /* a word a slot: claims that were won */

#define VYRE_SELFTEST_RELAY_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint attempts,                 /* claims that each work-item tries */ \
    __global uint *answers               /* claims that were won, and those that met a torn slot */

#define VYRE_HANDOFF_GROUPS_PARAMETERS \
    vyre_word_ptr words,                 /* who came and what was seen */ \
    __global uint *payload,              /* what goes along with the baton */ \
    const uint turns,                    /* how often the baton changes hands */ \
    const uint polls                     /* looks before it gives up */

#define VYRE_HANDOFF_HOST_PARAMETERS \
    vyre_word_ptr words,                 /* what kernel and host tell each other */ \
    const uint polls                     /* looks before it gives up */

#define VYRE_DOCTOR_COHERENCE_PARAMETERS \
    vyre_word_ptr words,                 /* what kernel and host tell each other */ \
    const uint polls                     /* looks before it gives up */

#define VYRE_DOCTOR_RESIDENT_PARAMETERS \
    vyre_word_ptr words,                 /* who came, who left, the most at a time */ \
    const uint groups,                   /* groups to wait for */ \
    const uint polls                     /* looks before it gives up */

#define VYRE_ASK_CLOCK_PARAMETERS \
    __global ulong *times,               /* the clock at two moments, and what keeps them apart */ \
    __global uint *counter               /* sequence numbers, for a device without a clock */

#define VYRE_REDUCE_PARAMETERS \
    __global const uint *ring,           /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    __global ulong *rows,                /* a row of numbers for each work-group */ \
    __local uint *meeting                /* a row of numbers for each work-item, and one more */

#define VYRE_CONVERGE_PARAMETERS \
    __global uint *current,              /* the vector */ \
    __global uint *next,                 /* as long as the vector */ \
    const uint words,                    /* words of the vector */ \
    __global const uint *arena,          /* all operands */ \
    __global const vyre_operand_row *operands, /* where each lies in the arena */ \
    const uint operand_count,            /* operands */ \
    const uint max_iterations,           /* when to end at the latest */ \
    vyre_word_ptr state                  /* how it went, and the wish that it stop */

#define VYRE_SWEEP_ITEM_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint looks                     /* not 0: read the flags, and write them only where they differ */

#define VYRE_SWEEP_ONCE_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint looks                     /* not 0: read the flags, and write them only where they differ */

#define VYRE_SWEEP_SHARE_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint looks                     /* not 0: read the flags, and write them only where they differ */

#define VYRE_SWEEP_BATCH_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint looks                     /* not 0: read the flags, and write them only where they differ */

#define VYRE_SWEEP_LISTED_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    const uint looks,                    /* not 0: read the flags, and write them only where they differ */ \
    __global const uint *list,           /* each slot once, class by class */ \
    __global uint *next                  /* tickets that were taken */

#define VYRE_ONE_TASK_PARAMETERS \
    __global uint *ring,                 /* the slots */ \
    const uint slots,                    /* slots of the ring */ \
    __global uint *next                  /* slots that were taken */

#define VYRE_PLAIN_SAXPY1_PARAMETERS \
    const float a,                       /* the factor */ \
    __global const float *x,             /* n floats */ \
    __global float *y,                   /* n floats, a * x is added to them */ \
    const ulong n                        /* how many */

#define VYRE_PLAIN_SAXPY4_PARAMETERS \
    const float a,                       /* the factor */ \
    __global const float4 *x,            /* n floats */ \
    __global float4 *y,                  /* n floats, a * x is added to them */ \
    const ulong n                        /* how many */

#endif /* VYRE_KERNELS_H */
