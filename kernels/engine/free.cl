/* free.cl - lines up the Empty slots of a ring for tasks that spawn children; built with VYRE_HAS_FAMILY
 * only.
 *
 * Phases: one work-group a chunk, after vyre_index. A chunk's Empty slots go to the part of its share of the
 * queue that its claimable tasks left unused, in slot order where the group is one work-item; their number
 * and place go to `family`. The host turns the numbers into sums.
 * Memory order: word 0 of a slot by relaxed load; the rest plain, one writer each.
 * The host guarantees: queue and counts as vyre_index left them; family as vyre_family.h draws it. Nothing
 * here faults.
 */
#include "family.h"
#include "vyre_kernels.h"

__kernel void vyre_index_free(VYRE_INDEX_FREE_PARAMETERS) {
    __local uint next;
    const uint chunks = (slots + chunk_slots - 1u) / chunk_slots, chunk = get_group_id(0);
    const uint first = chunk * chunk_slots, count = min(slots - first, chunk_slots);
    uint used = 0u;
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) used += counts[class * chunks + chunk];
    if (get_local_id(0) == 0u) next = 0u;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = get_local_id(0); i < count; i += get_local_size(0))
        if (vyre_load_relaxed(VYRE_WORD(ring, first + i, VYRE_WORD_STATE)) == VYRE_STATE_EMPTY) {
            const uint place = used + vyre_local_fetch_add(&next, 1u);
            if (place < count) queue[first + place] = first + i;
        }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (get_local_id(0) != 0u) return;
    family[VYRE_FAMILY_BEGINS + chunk] = min(next, count - min(used, count));
    family[VYRE_FAMILY_BEGINS + chunks + 1u + chunk] = first + used;
}
