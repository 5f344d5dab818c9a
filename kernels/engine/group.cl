/* group.cl - the driver for GPUs: a work-group is a worker; its work-items turn different slots of one ticket
 * at a time.
 *
 * Phases, again and again
 *   1  the leader (work-item 0) takes a ticket or a block, or finds nothing
 *   1a with VYRE_MIRROR, of a ticket: every work-item ends those tasks of its stride that their tags say all
 *   of (order.h)
 *   2  every work-item claims VYRE_BATCH slots of its stride, gives them their turns, publishes them behind
 *      one fence; slots of group operations and tasks that must queue are noted in local memory
 *   3  group tasks, VYRE_GROUP_BATCH at a time: claimed by as many work-items, run without a barrier in
 *      between, published by as many work-items. Each is run by a team: the whole group for one task or where
 *      the operation has a barrier of its own, down to VYRE_LEAST_TEAM work-items for many, so that what
 *      every task begins with is waited for by fewer
 *   4  the notes become spilled blocks, all work-items writing
 * A group leaves like a lane does (choose.h). Every barrier is reached by all work-items of a group: what
 * decides is read from local memory between two barriers.
 *
 * Memory order: as in lane.cl, but for claims of the order's own slots, which nobody has written in this
 * kernel: they are relaxed, and one fence stands before the batch is read where somebody may have (blocks).
 * Local memory is ordered by the barriers. What the work-items of a group wrote in a group task is published
 * by a release store behind a barrier with the global fence.
 * The host guarantees: as for lane.cl, with blocks of VYRE_BLOCK; ticket <= VYRE_NOTES.
 */
#define VYRE_BLOCK VYRE_GROUP_BLOCK
#define VYRE_POLLS 16u

#ifndef VYRE_NOTES
#define VYRE_NOTES VYRE_MOST_GROUP_TICKET
#endif

#if VYRE_LIVE
#define VYRE_BATCH 1u /* a redo record holds one slot */
#endif

#ifndef VYRE_BATCH
#define VYRE_BATCH 2u
#endif

#ifndef VYRE_GROUP_BATCH
#define VYRE_GROUP_BATCH 128u
#endif
#define VYRE_LEAST_TEAM 32u
#define VYRE_NOTE_CLASS_SHIFT 28u /* a slot index has 28 bits */

#define VYRE_OFFERED 64u
#define VYRE_OFFERED_AT __local
#define VYRE_OFFERS_QUEUE 1 /* their classes' blocks are the only way to them */

#include "seek.h"
#include "vyre_kernels.h"

/* Blocks that a group is filling, one a class; local memory, written by the leader and by phase 4. */
typedef struct {
    uint block[VYRE_PRIORITY_COUNT]; /* the one being filled */
    uint size[VYRE_PRIORITY_COUNT];  /* how full it is */
    uint added[VYRE_PRIORITY_COUNT]; /* notes of this ticket */
    uint next[VYRE_PRIORITY_COUNT];  /* places handed out in phase 4 */
    uint more[VYRE_PRIORITY_COUNT][VYRE_NOTES / VYRE_BLOCK]; /* blocks for what the first does not hold */
    vyre_kept kept;
} vyre_open_blocks;

/* The highest class with an open block, or VYRE_PRIORITY_COUNT. */
static uint vyre_first_open(__local const vyre_open_blocks *open) {
    uint class = 0u;
    while (class < VYRE_PRIORITY_COUNT && !open->size[class]) ++class;
    return class;
}

static uint vyre_new_block(const vyre_spill *spill, volatile __global uint *flow,
                           __local vyre_open_blocks *open) {
    if (open->kept.count) return open->kept.block[--open->kept.count];
    vyre_kept none;
    none.count = 0u;
    return vyre_open_block(spill, flow, &none);
}

/* What a group notes of one ticket: from the front the tasks that must queue, with their classes; from the
 * end the slots of group operations, which are claimed when their turn comes. Local memory. */
typedef struct {
    uint note[VYRE_NOTES];
    uint count;
    uint group_tasks;
} vyre_notes;

static void vyre_note_queued(__local vyre_notes *notes, __local vyre_open_blocks *open, uint slot,
                             uint class) {
    vyre_local_add(&open->added[class], 1u);
    notes->note[vyre_local_fetch_add(&notes->count, 1u)] = slot | class << VYRE_NOTE_CLASS_SHIFT;
}

static void vyre_note_group_task(__local vyre_notes *notes, uint slot) {
    notes->note[VYRE_NOTES - 1u - vyre_local_fetch_add(&notes->group_tasks, 1u)] = slot;
}

/* By all: notes of one ticket into blocks; a full block is published. */
static void vyre_spill_notes(const vyre_spill *spill, volatile __global uint *flow,
                             __local vyre_open_blocks *open, __local const uint *notes, uint count) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    if (lane == 0u)
        for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) {
            const uint size = open->size[class], total = size + open->added[class];
            open->next[class] = size;
            if (!open->added[class]) continue;
            if (!size) open->block[class] = vyre_new_block(spill, flow, open);
            for (uint k = 1u; k * VYRE_BLOCK < total; ++k)
                open->more[class][k - 1u] = vyre_new_block(spill, flow, open);
        }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = lane; i < count; i += lanes) {
        const uint class = notes[i] >> VYRE_NOTE_CLASS_SHIFT;
        const uint place = vyre_local_fetch_add(&open->next[class], 1u);
        const uint block =
            place < VYRE_BLOCK ? open->block[class] : open->more[class][place / VYRE_BLOCK - 1u];
        if (block != VYRE_NO_BLOCK)
            spill->pool[block * VYRE_BLOCK + place % VYRE_BLOCK] = notes[i] & VYRE_ENTRY_SLOT;
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    if (lane == 0u)
        for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) {
            if (!open->added[class]) continue;
            open->added[class] = 0u;
            uint rest = open->next[class];
            for (uint k = 0;; ++k) {
                const uint block = k ? open->more[class][k - 1u] : open->block[class];
                if (rest < VYRE_BLOCK) {
                    /* A block that could not be had drops its tasks: their states bring them into the next
                     * round. */
                    open->block[class] = block;
                    open->size[class] = block == VYRE_NO_BLOCK ? 0u : rest;
                    break;
                }
                if (block != VYRE_NO_BLOCK) vyre_publish_block(spill, flow, class, block, VYRE_BLOCK);
                rest -= VYRE_BLOCK;
                if (!rest) {
                    open->size[class] = 0u;
                    break;
                }
            }
        }
}

#if VYRE_HAS_FAMILY

#define VYRE_BORN_NOTES 1024u

/* Tasks that were born, or whose wait ended, while the group turned a ticket; local memory. Those that find
 * no room are left to the next round by their state. */
typedef struct {
    uint note[VYRE_BORN_NOTES];
    uint count;
} vyre_born_notes;

static void vyre_forget_born(__local vyre_born_notes *born) { born->count = 0u; }

/* By each: notes its own of them. */
static void vyre_note_born(vyre_worker *w, __local vyre_born_notes *born) {
    for (uint slot; (slot = vyre_next_born(w->env.nursery));) {
        const uint at = vyre_local_fetch_add(&born->count, 1u);
        const uint class = vyre_class_of(w->env.nursery, slot - 1u, w->age_threshold);
        if (at < VYRE_BORN_NOTES) born->note[at] = (slot - 1u) | class << VYRE_NOTE_CLASS_SHIFT;
    }
}

/* By all: puts what was born behind the other notes of the ticket, as far as there is room; how many notes
 * there are then. Without blocks they are left to the next round too. */
static uint vyre_join_born(vyre_worker *w, const vyre_spill *spill, __local vyre_born_notes *born,
                           __local vyre_notes *notes, __local vyre_open_blocks *open) {
    const uint noted = notes->count;
    vyre_note_born(w, born);
    barrier(CLK_LOCAL_MEM_FENCE);
    const uint more = spill->blocks ? min(min(born->count, VYRE_BORN_NOTES), VYRE_NOTES - noted) : 0u;
    for (uint i = get_local_id(0); i < more; i += get_local_size(0)) {
        notes->note[noted + i] = born->note[i];
        vyre_local_add(&open->added[born->note[i] >> VYRE_NOTE_CLASS_SHIFT], 1u);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return noted + more;
}

#else

typedef struct {
    uint none;
} vyre_born_notes;
static void vyre_forget_born(__local vyre_born_notes *born) {}
static uint vyre_join_born(vyre_worker *w, const vyre_spill *spill, __local vyre_born_notes *born,
                           __local vyre_notes *notes, __local vyre_open_blocks *open) {
    return notes->count;
}

#endif

#if VYRE_HAS_GROUP_OPS

/* Tasks that a group runs together; local memory. */
typedef struct {
    uint slot[VYRE_GROUP_BATCH];
    uint words[VYRE_GROUP_BATCH][VYRE_SLOT_WORDS];
    vyre_outcome outcome[VYRE_GROUP_BATCH];
    uint held[VYRE_GROUP_BATCH]; /* claimed, and its turns are not over */
    uint any;
} vyre_group_tasks;

/* By work-items `item` of `items`: copies the words of tasks to where the group reads them. */
static void vyre_fetch_words(const vyre_worker *w, __local vyre_group_tasks *tasks, __local const uint *slots,
                             uint count, uint item, uint items) {
    for (uint k = item; k < count * VYRE_SLOT_WORDS; k += items)
        tasks->words[k / VYRE_SLOT_WORDS][k % VYRE_SLOT_WORDS] =
            *VYRE_WORD(w->ring, slots[k / VYRE_SLOT_WORDS], k % VYRE_SLOT_WORDS);
}

/* By one: ends the turn of a group task; one that must queue is noted. */
static void vyre_end_group_turn(vyre_worker *w, __local vyre_group_tasks *tasks, uint i, bool may_go_on,
                                           __local vyre_notes *notes, __local vyre_open_blocks *open) {
    const uint slot = tasks->slot[i];
    __global uint *words = VYRE_WORD(w->ring, slot, 0u);
    const vyre_ending ending = vyre_end_turn(w, slot, vyre_admit(words, tasks->outcome[i]), may_go_on, false);
    if (ending.goes_on) {
        tasks->any = 1u;
        return;
    }
    tasks->held[i] = 0u;
    vyre_publish_ending(w, slot, ending);
    if (ending.class != VYRE_RESTS) vyre_note_queued(notes, open, slot, ending.class);
}

/* By all: claims and runs up to VYRE_GROUP_BATCH noted group tasks; tasks that must queue are noted.
 * `unwritten` says that nobody has written the slots' words in this kernel: then those who have nothing to
 * claim read them meanwhile. */
static void vyre_group_turns(vyre_worker *w, __local vyre_group_tasks *tasks, __local const uint *entries,
                             uint count, bool unwritten, __local vyre_notes *notes,
                             __local vyre_open_blocks *open) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    uint teams = 1u;
    while (teams * 2u <= count && lanes % (teams * 2u) == 0u && lanes / (teams * 2u) >= VYRE_LEAST_TEAM)
        teams *= 2u;
    const uint team_lanes = lanes / teams, team = lane / team_lanes;
    vyre_trace_look(w->trace, began);
    const uint claimers = (count + VYRE_LEAST_TEAM - 1u) / VYRE_LEAST_TEAM * VYRE_LEAST_TEAM;
    const bool fetched = unwritten && claimers < lanes;
    if (fetched && lane >= claimers)
        vyre_fetch_words(w, tasks, entries, count, lane - claimers, lanes - claimers);
    for (uint i = lane; i < count; i += lanes) {
        const uint slot = entries[i];
        tasks->slot[i] = slot;
        tasks->held[i] =
            vyre_spend_claim_of(w, slot) && vyre_took(w, slot, vyre_claim(w->ring, slot)) ? 1u : 0u;
    }
    for (uint turn = 1u;; ++turn) {
        if (lane == 0u) tasks->any = 0u;
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (turn > 1u || !fetched) vyre_fetch_words(w, tasks, tasks->slot, count, lane, lanes);
        barrier(CLK_LOCAL_MEM_FENCE);
        vyre_trace_look(w->trace, claimed);
        for (uint i = team; i < count; i += teams) {
            if (!tasks->held[i] || vyre_is_whole_op(tasks->words[i][VYRE_WORD_OP_HANDLE])) continue;
            vyre_task task;
            VYRE_MAKE_TASK(task, tasks->words[i], tasks->slot[i], &w->env);
            VYRE_SHARE_TASK(task, lane - team * team_lanes, team_lanes);
            if (task.lane == 0u) vyre_watch_turn(&w->watch, task.slot, task.op_handle);
            const vyre_outcome outcome = vyre_ended(&task, vyre_dispatch_team(&task));
            if (task.lane == 0u) tasks->outcome[i] = outcome;
        }
#if VYRE_HAS_BARRIER_OPS
        for (uint i = 0; i < count; ++i) {
            if (!tasks->held[i] || !vyre_is_whole_op(tasks->words[i][VYRE_WORD_OP_HANDLE])) continue;
            vyre_task task;
            VYRE_MAKE_TASK(task, tasks->words[i], tasks->slot[i], &w->env);
            VYRE_SHARE_TASK(task, lane, lanes);
            if (lane == 0u) vyre_watch_turn(&w->watch, task.slot, task.op_handle);
            const vyre_outcome outcome = vyre_ended(&task, vyre_dispatch_whole(&task));
            if (lane == 0u) tasks->outcome[i] = outcome;
        }
#endif
        vyre_watch_rest(&w->watch);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        vyre_trace_look(w->trace, ran);
        for (uint i = lane; i < count; i += lanes)
            if (tasks->held[i]) vyre_end_group_turn(w, tasks, i, turn < VYRE_TURNS, notes, open);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        const uint goes_on = tasks->any;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (!goes_on) break;
    }
}

#else

typedef struct {
    uint none;
} vyre_group_tasks;

#endif

#if VYRE_MIRROR

#ifndef VYRE_AHEAD
#define VYRE_AHEAD 8u /* entries that a work-item has loads in flight of */
#endif

#define VYRE_TENANT_COPIES 8u /* of each count, so that neighbours of one tenant do not wait for each other */

/* Counts of tasks that were ended by their tags; local memory. */
typedef struct {
    uint of[VYRE_CONTROL_TENANT_FAIRNESS_WORDS * VYRE_TENANT_COPIES];
} vyre_tenant_counts;

/* By all, before a barrier. */
static void vyre_forget_tenants(__local vyre_tenant_counts *tenants) {
    for (uint i = get_local_id(0); i < VYRE_CONTROL_TENANT_FAIRNESS_WORDS * VYRE_TENANT_COPIES;
         i += get_local_size(0))
        tenants->of[i] = 0u;
}

/* By all: brings them into the tally. */
static void vyre_count_tenants(__local const vyre_tenant_counts *tenants, vyre_tally_ptr counts) {
    for (uint i = get_local_id(0); i < VYRE_CONTROL_TENANT_FAIRNESS_WORDS * VYRE_TENANT_COPIES;
         i += get_local_size(0))
        if (tenants->of[i])
            vyre_tally_add(counts, VYRE_TALLY_TENANTS + i / VYRE_TENANT_COPIES, tenants->of[i]);
}

static void vyre_count_tag(vyre_worker *w, __local vyre_tenant_counts *tenants, uint tag) {
    const uint tenant = (tag >> VYRE_TAG_TENANT_SHIFT) % VYRE_CONTROL_TENANT_FAIRNESS_WORDS;
    const uint priority = (tag >> VYRE_TAG_PRIORITY_SHIFT) & 7u;
    vyre_local_add(tenants->of + tenant * VYRE_TENANT_COPIES + get_local_id(0) % VYRE_TENANT_COPIES, 1u);
    vyre_count_run(w->tally, VYRE_TALLY_PRIORITIES + priority, &w->priority_word, &w->priority_run);
    vyre_count_run(w->tally, VYRE_TALLY_OPS + (tag & VYRE_TAG_ROW) * VYRE_OUTCOMES + VYRE_DONE, &w->op_word,
                   &w->op_run);
}

typedef struct {
    __global const uint *tags; /* beside the order's entries */
    __global uchar *mirror;
    __local vyre_tenant_counts *tenants;
} vyre_tagging;

/* Whether the task at a place ends by its tag alone. */
static bool vyre_is_tagged(const vyre_tagging *tagging, uint place) {
    return (tagging->tags[place] & VYRE_TAG_AT_ONCE) != 0u;
}

/* By each: ends the tasks of its stride of a ticket that need nothing but their tags; says whether others are
 * left. The ticket itself is the claim: nobody else takes these entries, and nobody else writes the ring. */
static bool vyre_end_tagged(vyre_worker *w, const vyre_order *order, const vyre_pick *pick,
                            const vyre_tagging *tagging) {
    const uint lanes = get_local_size(0);
    vyre_cursor cursor = pick->start;
    uint ended = 0u;
    bool left = false;
    for (uint i = get_local_id(0); i < pick->count; i += lanes * VYRE_AHEAD) {
        uint tags[VYRE_AHEAD], entries[VYRE_AHEAD];
        for (uint k = 0; k < VYRE_AHEAD; ++k) {
            const uint at = vyre_place_at(order, &cursor, pick->begin + min(i + k * lanes, pick->count - 1u));
            tags[k] = tagging->tags[at];
            entries[k] = order->queue[at];
        }
        for (uint k = 0; k < VYRE_AHEAD && i + k * lanes < pick->count; ++k) {
            const uint slot = entries[k] & VYRE_ENTRY_SLOT;
            if (!(tags[k] & VYRE_TAG_AT_ONCE)) {
                left = true;
                continue;
            }
            vyre_witness_claim(w->witness, slot, w->worker);
            vyre_count_tag(w, tagging->tenants, tags[k]);
            vyre_witness_end(w->witness, slot, w->worker, VYRE_DONE);
            tagging->mirror[slot] = 1u;
            ++ended;
        }
    }
    vyre_watch_past(&w->watch, ended);
    return left;
}

#else

typedef struct {
    uint none;
} vyre_tenant_counts;
static void vyre_forget_tenants(__local vyre_tenant_counts *tenants) {}
static void vyre_count_tenants(__local const vyre_tenant_counts *tenants, vyre_tally_ptr counts) {}

typedef struct {
    uint none;
} vyre_tagging;
static bool vyre_is_tagged(const vyre_tagging *tagging, uint place) { return false; }
static bool vyre_end_tagged(vyre_worker *w, const vyre_order *order, const vyre_pick *pick,
                            const vyre_tagging *tagging) {
    return true;
}

#endif

/* Claims in flight of one work-item. */
typedef struct {
    uint slot[VYRE_BATCH];
    uint
        state[VYRE_BATCH]; /* Running once claimed, then what is to be published; Empty where there is none */
    uint class[VYRE_BATCH];
    bool clean[VYRE_BATCH];
    bool joins[VYRE_BATCH];
} vyre_batch;

static void vyre_run_batch(vyre_worker *w, vyre_batch *batch, bool written) {
    if (written) vyre_fence_acq_rel();
    for (uint k = 0; k < VYRE_BATCH; ++k) {
        batch->class[k] = VYRE_RESTS;
        if (!batch->state[k]) continue;
        const vyre_ending ending = vyre_run_turns(w, batch->slot[k], VYRE_TURNS, batch->clean[k]);
        batch->state[k] = ending.state;
        batch->class[k] = ending.class;
        batch->joins[k] = ending.joins;
    }
    vyre_fence_acq_rel();
    for (uint k = 0; k < VYRE_BATCH; ++k)
        if (batch->state[k])
            vyre_store_relaxed(VYRE_WORD(w->ring, batch->slot[k], VYRE_WORD_STATE), batch->state[k]);
    vyre_redo_end(&w->live);
    for (uint k = 0; k < VYRE_BATCH; ++k)
        if (batch->state[k]) vyre_count_family(w, batch->slot[k], batch->state[k], batch->joins[k]);
}

/* By all: notes what may be claimed, so that it queues in its class. */
static void vyre_note_offered(const vyre_worker *w, const vyre_filter *filter,
                              __local const vyre_offered *offered, __local vyre_notes *notes,
                              __local vyre_open_blocks *open) {
#if VYRE_LIVE
    for (uint i = get_local_id(0); i < offered->count; i += get_local_size(0)) {
        const uint slot = offered->slot[i];
        __global const uint *words = VYRE_WORD(w->ring, slot, 0u);
        if (!vyre_is_selected(filter, slot) || !vyre_tenant_may_run(filter, words[VYRE_WORD_TENANT_ID]))
            continue;
        const uint class =
            vyre_class(words[VYRE_WORD_PRIORITY], words[VYRE_WORD_AGE_TICKS], w->age_threshold);
        vyre_note_queued(notes, open, slot, class);
    }
#endif
}

/* Whether a slot of a pick holds a group operation. */
static bool vyre_is_for_group(const vyre_worker *w, bool hinted, uint entry, uint slot) {
#if VYRE_HAS_GROUP_OPS
    return hinted ? (entry & VYRE_ENTRY_GROUP) != 0u
                  : vyre_is_group_op(*VYRE_WORD(w->ring, slot, VYRE_WORD_OP_HANDLE));
#else
    return false;
#endif
}

/* By each: claims up to VYRE_BATCH slots of a pick, the first at `at`; group tasks are noted. */
static void vyre_claim_batch(vyre_worker *w, const vyre_order *order, const vyre_spill *spill,
                             const vyre_pick *pick, const vyre_tagging *tagging, bool by_tags,
                             vyre_cursor *cursor, uint at, vyre_batch *batch, __local vyre_notes *notes) {
    const bool from_block = pick->kind != VYRE_PICK_TICKET, hinted = VYRE_HINTS && !from_block;
    for (uint k = 0; k < VYRE_BATCH; ++k) batch->state[k] = VYRE_STATE_EMPTY;
    for (uint k = 0; k < VYRE_BATCH && at < pick->count; ++k, at += (uint)get_local_size(0)) {
        const uint place = from_block ? 0u : vyre_place_at(order, cursor, pick->begin + at);
        const uint entry = from_block ? spill->pool[pick->begin * VYRE_BLOCK + at] : order->queue[place];
        const uint slot = entry & VYRE_ENTRY_SLOT;
        if (by_tags && vyre_is_tagged(tagging, place)) continue;
        if (vyre_is_for_group(w, hinted, entry, slot)) {
            vyre_note_group_task(notes, slot);
            continue;
        }
        if (!vyre_within_quota(w, slot)) continue;
        if (!vyre_spend_claim(w)) {
            vyre_return_quota(w, slot);
            break;
        }
        const uint likely = from_block ? VYRE_STATE_YIELDED : vyre_hinted_state(entry);
        batch->slot[k] = slot;
        batch->clean[k] = hinted && (entry & VYRE_ENTRY_CLEAN);
        if (vyre_took(w, slot, vyre_claim_relaxed(w->ring, slot, likely)))
            batch->state[k] = VYRE_STATE_RUNNING;
    }
}

/* Phase 2, by each: turns its stride of a pick; tasks that must queue and those of the group are noted. */
static void vyre_run_stride(vyre_worker *w, const vyre_order *order, const vyre_spill *spill,
                            const vyre_pick *pick, const vyre_tagging *tagging, __local vyre_notes *notes,
                            __local vyre_open_blocks *open) {
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    const bool from_block = pick->kind != VYRE_PICK_TICKET,
               by_tags = VYRE_MIRROR && !from_block && !w->counts_budget;
    vyre_cursor cursor = pick->start;
    if (by_tags && !vyre_end_tagged(w, order, pick, tagging)) return;
    for (uint i = lane; i < pick->count; i += lanes * VYRE_BATCH) {
        if (i >= lanes && !vyre_goes_on(w)) break; /* the leader has just looked */
        vyre_batch batch;
        vyre_trace_look(w->trace, began);
        vyre_claim_batch(w, order, spill, pick, tagging, by_tags, &cursor, i, &batch, notes);
        vyre_run_batch(w, &batch, from_block || !VYRE_HINTS);
        if (!spill->blocks) continue;
        for (uint k = 0; k < VYRE_BATCH; ++k)
            if (batch.class[k] != VYRE_RESTS) vyre_note_queued(notes, open, batch.slot[k], batch.class[k]);
    }
}

#if VYRE_HAS_GROUP_OPS

/* Phase 3, by all: the group tasks that were noted; they are left where the group must leave. */
static void vyre_run_group_tasks(vyre_worker *w, const vyre_pick *pick, __local vyre_group_tasks *tasks,
                                 __local vyre_notes *notes, __local vyre_open_blocks *open,
                                 __local uint *leaving) {
    const uint count = notes->group_tasks;
    for (uint i = 0; i < count && !*leaving; i += VYRE_GROUP_BATCH) {
        /* From the lowest note up, so that the notes of tasks that must queue never reach one that is still
         * to run. */
        vyre_group_turns(w, tasks, notes->note + VYRE_NOTES - count + i, min(count - i, VYRE_GROUP_BATCH),
                         VYRE_HINTS && pick->kind == VYRE_PICK_TICKET, notes, open);
        if (get_local_id(0) == 0u && !vyre_goes_on(w)) *leaving = 1u;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (w->leaves) *leaving = 1u;
    barrier(CLK_LOCAL_MEM_FENCE);
}

#else

static void vyre_run_group_tasks(vyre_worker *w, const vyre_pick *pick, __local vyre_group_tasks *tasks,
                                 __local vyre_notes *notes, __local vyre_open_blocks *open,
                                 __local uint *leaving) {}

#endif

/* Phase 1, by the leader: what the group does next; its own open block is closed when that is it. */
static vyre_pick vyre_lead(vyre_worker *w, vyre_seeker *seeker, __local vyre_offered *offered,
                           __local vyre_open_blocks *open) {
    vyre_pick next = vyre_seek(w, seeker, offered, vyre_first_open(open));
    if (next.kind != VYRE_PICK_OWN) return next;
    next.begin = open->block[next.class];
    next.count = open->size[next.class];
    open->size[next.class] = 0u;
    return next;
}

/* By the leader: the group leaves, and nothing stays with it. */
static void vyre_leave(vyre_worker *w, vyre_seeker *seeker, __local const vyre_open_blocks *open) {
    const vyre_spill *spill = seeker->spill;
    vyre_leave_places(spill, &seeker->held);
    for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class)
        if (open->size[class])
            vyre_publish_block(spill, w->flow, class, open->block[class], open->size[class]);
    vyre_end_search(w, seeker);
}

__kernel void vyre_run(VYRE_RUN_PARAMETERS) {
    __local uint counts[VYRE_TALLY_WORDS];
    __local vyre_notes notes;
    __local uint leaving;
    __local vyre_pick pick;
    __local vyre_open_blocks open;
    __local vyre_offered offered;
    __local vyre_group_tasks tasks;
    __local vyre_born_notes born;
    __local vyre_tenant_counts tenants;
    const uint lane = get_local_id(0), lanes = get_local_size(0);
    for (uint i = lane; i < VYRE_TALLY_WORDS; i += lanes) counts[i] = 0u;
    vyre_forget_tenants(&tenants);
    if (lane == 0u) {
        leaving = 0u;
        open.kept.count = 0u;
        for (uint class = 0; class < VYRE_PRIORITY_COUNT; ++class) open.size[class] = open.added[class] = 0u;
    }
    const vyre_env env = {arena, buffers, buffer_count, argument_handle, control, control_words, first_slot};
    vyre_worker w = vyre_make_worker(ring, witness, flow, env, counts, get_group_id(0), age_threshold,
                                     counts_budget, claims_each);
    vyre_family_to(&w, nursery, family, queue);
    vyre_trace_to(&w, trace_words, trace_capacity);
    vyre_watch_to(&w, watch_words, watch_first, watch_seats, get_global_id(0));
    vyre_live_to(&w, live_words, live_capacity, live_workers, (uint)get_global_id(0));
    const vyre_order order = vyre_make_order(queue, begins, places, chunks);
    const vyre_spill spill = {pool, sizes, directory, blocks, block_places};
    const vyre_filter filter = vyre_make_filter(ring, control, VYRE_LIVE_FILTER, age_threshold);
    vyre_seeker seeker = vyre_make_seeker(&order, &spill, ticket, VYRE_LIVE_RING_SLOTS, VYRE_LIVE_IDLE_POLLS,
                                          vyre_load_relaxed(control + VYRE_CONTROL_PRIORITY_STARVATION));
#if VYRE_MIRROR
    const vyre_tagging tagging = {tags, mirror, &tenants};
#else
    const vyre_tagging tagging = {0u};
#endif
    int left = claims_each; /* the leader's count is the group's */

    while (true) {
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (lane == 0u) {
            const bool goes_on = !leaving && left > 0;
            const vyre_pick next = goes_on ? vyre_lead(&w, &seeker, &offered, &open) : vyre_pick_nothing();
            left -= (int)next.count;
            pick = next;
            notes.count = notes.group_tasks = 0u;
            vyre_forget_born(&born);
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        const vyre_pick mine = pick;
        if (mine.kind == VYRE_PICK_NOTHING) break;
        w.higher_waits = mine.higher_waits;
        vyre_run_stride(&w, &order, &spill, &mine, &tagging, &notes, &open);
        if (VYRE_LIVE && mine.kind == VYRE_PICK_INBOX)
            vyre_note_offered(&w, &filter, &offered, &notes, &open);
        if (w.leaves) leaving = 1u;
        vyre_watch_rest(&w.watch);
        barrier(CLK_LOCAL_MEM_FENCE);

        vyre_run_group_tasks(&w, &mine, &tasks, &notes, &open, &leaving);
        /* Always: a barrier that is met under a condition is more than some compilers get right. */
        const uint noted = vyre_join_born(&w, &spill, &born, &notes, &open);
        vyre_spill_notes(&spill, flow, &open, notes.note, noted);
        if (lane == 0u && mine.kind != VYRE_PICK_TICKET && mine.kind != VYRE_PICK_INBOX && !leaving &&
            open.kept.count < VYRE_KEPT_BLOCKS)
            open.kept.block[open.kept.count++] = mine.begin;
        if (mine.count) vyre_note_claims(&seeker, mine.class, mine.count);
    }
    if (lane == 0u) vyre_leave(&w, &seeker, &open);
    vyre_watch_rest(&w.watch);
    vyre_count_rest(&w);
    vyre_count_tenants(&tenants, counts);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = lane; i < VYRE_TALLY_WORDS; i += lanes) vyre_report(tally, control, i, counts[i]);
}
