/* filter.h - which tasks a launch may claim: chosen at its start, of a tenant that is let in.
 *
 * Memory order: the control buffer by plain reads; a change of it counts from the next index or inbox slot
 * on.
 */
#ifndef VYRE_FILTER_H
#define VYRE_FILTER_H

#include "core.h"

typedef struct {
    __global uint *ring;
    __global const uint *control;
    __global const uchar *selected;
    uint has_selected;
    uint gate;
    uint epoch;
    uint age_threshold;
} vyre_filter;

static bool vyre_tenant_may_run(const vyre_filter *filter, uint tenant) {
    return !filter->gate || (tenant < VYRE_CONTROL_TENANT_MASKS_WORDS &&
                             filter->control[VYRE_CONTROL_TENANT_MASKS + tenant]);
}

/* Whether a slot is among those that this launch may claim. */
static bool vyre_is_selected(const vyre_filter *filter, uint slot) {
    return !filter->has_selected || filter->selected[slot];
}

static vyre_filter vyre_make_filter(__global uint *ring, __global const uint *control, uint gate,
                                    __global const uchar *selected, uint has_selected, uint age_threshold) {
    vyre_filter filter;
    filter.ring = ring;
    filter.control = control;
    filter.selected = selected;
    filter.has_selected = has_selected;
    filter.gate = gate;
    filter.epoch = control[VYRE_CONTROL_EPOCH];
    filter.age_threshold = age_threshold;
    return filter;
}

#endif
