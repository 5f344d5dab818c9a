/* engine.h - in which order to read the engine. A comment and nothing else.
 *
 *   include/vyre_abi.h      the wire: slots, states, control words  (generated)
 *   include/vyre_engine.h   what kernels and host share beside it  (generated)
 *   include/vyre_kernels.h  what each kernel takes  (generated)
 *   include/vyre_sync.h     every atomic and fence, with its order in its name
 *   include/vyre_op.h       what an operation sees and gives back
 *
 *   core.h     one turn of a task: claim, run, publish
 *   turn.h     turns until a task rests, and their counts; quota.h bounds them
 *   order.h    a round: its order, and tickets of it
 *   index.cl   makes that order; filter.h says who is let in
 *   exact.cl   the simplest driver: one worker, one task at a time, the spec to the letter
 *   spill.h    tasks that gave their worker back, in blocks from hand to hand
 *   choose.h   the next piece of work there is; seek.h what a worker does next: takes, waits, leaves
 *   lane.cl    the driver for CPUs: a work-item is a worker
 *   group.cl   the driver for GPUs: a work-group is one
 *
 * What only some programs have, each empty in the others:
 *   settle.cl           a mirror of the ring in which tasks end that only end (order.h)
 *   family.h, free.cl   children and those who wait for them (include/vyre_family.h)
 *   trace.h             when turns were made
 *   watch.h             what a worker has in hand
 *   live.h, redo.h      a ring that others reach while it runs: offers, wishes, what survives a kill
 *
 * checks/ tries a device: probe.cl and handoff.cl before the first launch, selftest.cl for --verify,
 * doctor.cl and clock.cl.
 */
