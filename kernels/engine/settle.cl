/* settle.cl - brings into the ring what a run has noted in the mirror; built with VYRE_MIRROR only.
 *
 * Phases: after vyre_run, one work-item a slot (several were slower): where the mirror's byte is set, the
 * slot becomes Done. Its flags are 0 already: the index has seen that (order.h). Slots are written in memory
 * order, which costs less than half of writing them class by class.
 *
 * Memory order: all plain; the run that wrote the mirror is over, and nobody else touches the ring of such a
 * program. Settling twice changes nothing. The host guarantees: mirror as vyre_index cleared it and vyre_run
 * left it. Nothing here faults.
 */
#include "core.h"

__kernel void vyre_settle_mirror(VYRE_SETTLE_MIRROR_PARAMETERS) {
    const ulong slot = get_global_id(0);
    if (slot < slots && mirror[slot]) *VYRE_WORD(ring, slot, VYRE_WORD_STATE) = VYRE_STATE_DONE;
}
