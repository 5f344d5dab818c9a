/* turn.h - what every driver does with a slot: turns until the task rests, and the counting of them.
 *
 * A driver (lane.cl, group.cl, exact.cl) decides which slot comes next; vyre_turns claims it, runs it, publishes, and goes on
 * with the same task while it yields, for at most VYRE_TURNS turns in a row and only while nothing of a higher class waits.
 *
 * Counting: per claim the tenant and, in runs, the priority and the pair (operation, outcome); everything else in a report or in the control
 * buffer is derived from these at the end of a kernel.
 *
 * PRIORITY_STARVATION (claims above Normal in a row) is exact for the driver `exact` and the reference backend. In the others each
 * worker counts its own row, and the word is left as the last worker to leave has it.
 *
 * The host guarantees: 1 <= ticket <= 2^20, so that no product or sum of tickets wraps.
 */
#ifndef VYRE_TURN_H
#define VYRE_TURN_H

#include "core.h"

#define VYRE_TURNS 4u
#define VYRE_RESTS 7u /* the task needs no queue: done, paused, faulted, or not ours */

#define VYRE_OUTCOMES 5u
#define VYRE_TALLY_LOST 0u
#define VYRE_TALLY_PRIORITIES 1u
#define VYRE_TALLY_TENANTS (VYRE_TALLY_PRIORITIES + VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS + 1u)
#define VYRE_TALLY_OPS (VYRE_TALLY_TENANTS + VYRE_CONTROL_TENANT_FAIRNESS_WORDS)
#define VYRE_TALLY_WORDS (VYRE_TALLY_OPS + (VYRE_OP_COUNT + 1u) * VYRE_OUTCOMES)

/* Words of `flow`, each in a cache line of its own. */
#define VYRE_FLOW(word) ((word) * 32u)
#define VYRE_FLOW_HIGH VYRE_FLOW(0u)   /* next ticket of classes 0-1 */
#define VYRE_FLOW_LOW VYRE_FLOW(1u)    /* next ticket of classes 2-4 */
#define VYRE_FLOW_BUDGET VYRE_FLOW(2u) /* claims left, when they are counted */
#define VYRE_FLOW_BLOCKS VYRE_FLOW(3u) /* spill blocks handed out */
#define VYRE_FLOW_HEADS(class) VYRE_FLOW(4u + (class))
#define VYRE_FLOW_TAILS(class) VYRE_FLOW(9u + (class))
#define VYRE_FLOW_WORDS VYRE_FLOW(14u)

/* Adds one tally word to the launch's, and to the control words that mirror it (spec 3.1). */
static void vyre_report(__global uint *tally, __global uint *control, uint word, uint count) {
    if (!count) return;
    vyre_add_relaxed(tally + word, count);
    if (word >= VYRE_TALLY_OPS) {
        const uint row = (word - VYRE_TALLY_OPS) / VYRE_OUTCOMES, kind = (word - VYRE_TALLY_OPS) % VYRE_OUTCOMES;
        if (kind == VYRE_DONE) vyre_add_relaxed(control + VYRE_CONTROL_DONE_COUNT, count);
        if (kind != VYRE_FAULT && row < VYRE_OP_COUNT && vyre_op_id(row) < VYRE_METRIC_OPCODES)
            vyre_add_relaxed(control + VYRE_CONTROL_METRICS + vyre_op_id(row), count);
    } else if (word >= VYRE_TALLY_TENANTS) {
        vyre_add_relaxed(control + VYRE_CONTROL_TENANT_FAIRNESS + (word - VYRE_TALLY_TENANTS), count);
    } else if (word >= VYRE_TALLY_PRIORITIES && word < VYRE_TALLY_PRIORITIES + VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS) {
        vyre_add_relaxed(control + VYRE_CONTROL_PRIORITY_FAIRNESS + (word - VYRE_TALLY_PRIORITIES), count);
    }
}

/* Where counts go: the group's memory, a work-item's own, or (one worker, in order) the launch's at once. */
#if VYRE_DRIVER_EXACT
typedef struct {
    __global uint *tally;
    __global uint *control;
} vyre_tally_ptr;
static void vyre_tally_add(vyre_tally_ptr counts, uint word, uint count) {
    vyre_report(counts.tally, counts.control, word, count);
}
#elif VYRE_DRIVER_GROUP
typedef volatile __local uint *vyre_tally_ptr;
static void vyre_tally_add(vyre_tally_ptr tally, uint word, uint count) { vyre_local_add(tally + word, count); }
#else
typedef uint *vyre_tally_ptr;
static void vyre_tally_add(vyre_tally_ptr tally, uint word, uint count) { tally[word] += count; }
#endif

/* What a worker carries through a kernel. */
typedef struct {
    __global uint *ring;
    __global vyre_witness *witness;
    volatile __global uint *flow;
    vyre_env env;
    vyre_tally_ptr tally;
    uint worker;
    uint age_threshold;
    uint counts_budget; /* claims are limited exactly */
    int claims_left;    /* of this worker in this kernel; a ticket in hand is finished all the same */
    uint leaves;        /* SHUTDOWN, or the budget is used up */
    uint higher_waits;  /* something of a higher class than the task in hand */
    uint op_word, op_run;
    uint priority_word, priority_run;
} vyre_worker;

/* Counts a turn that ends as `kind`; before it is published, while the slot's words are still this worker's. */
static void vyre_count(vyre_worker *w, __global const uint *words, uint kind) {
    const uint op_word = VYRE_TALLY_OPS + vyre_tally_row(words[VYRE_WORD_OP_HANDLE]) * VYRE_OUTCOMES + kind;
    const uint priority_word =
        VYRE_TALLY_PRIORITIES + min(words[VYRE_WORD_PRIORITY], VYRE_CONTROL_PRIORITY_FAIRNESS_WORDS);
    vyre_tally_add(w->tally, VYRE_TALLY_TENANTS + words[VYRE_WORD_TENANT_ID] % VYRE_CONTROL_TENANT_FAIRNESS_WORDS, 1u);
    if (op_word != w->op_word) {
        if (w->op_run) vyre_tally_add(w->tally, w->op_word, w->op_run);
        w->op_word = op_word;
        w->op_run = 0u;
    }
    if (priority_word != w->priority_word) {
        if (w->priority_run) vyre_tally_add(w->tally, w->priority_word, w->priority_run);
        w->priority_word = priority_word;
        w->priority_run = 0u;
    }
    ++w->op_run;
    ++w->priority_run;
}

static void vyre_count_rest(vyre_worker *w) {
    if (w->op_run) vyre_tally_add(w->tally, w->op_word, w->op_run);
    if (w->priority_run) vyre_tally_add(w->tally, w->priority_word, w->priority_run);
    w->op_run = w->priority_run = 0u;
}

/* Whether one more claim may be made; sets `leaves` when not. */
static bool vyre_may_claim(vyre_worker *w) {
    if (vyre_load_relaxed(w->env.control + VYRE_CONTROL_SHUTDOWN)) {
        w->leaves = 1u;
        return false;
    }
    if (w->counts_budget && (int)vyre_add_relaxed(w->flow + VYRE_FLOW_BUDGET, VYRE_U32_MAX) <= 0) {
        w->leaves = 1u;
        return false;
    }
    --w->claims_left;
    return true;
}

/* Where a task goes that gives its worker back: its class, or VYRE_RESTS; `words` are those before it is published. */
static uint vyre_class_after(const vyre_worker *w, __global const uint *words, vyre_outcome outcome) {
    const uint age_ticks = words[VYRE_WORD_AGE_TICKS];
    if (outcome.kind == VYRE_YIELD) return vyre_class(words[VYRE_WORD_PRIORITY], age_ticks, w->age_threshold);
    if (outcome.kind == VYRE_REQUEUE) return vyre_class(outcome.extra, age_ticks + 1u, w->age_threshold);
    return VYRE_RESTS;
}

/* Counts and publishes how a turn ended; the task's class, or VYRE_RESTS. */
static uint vyre_finish_turn(vyre_worker *w, uint slot, vyre_outcome outcome) {
    __global const uint *words = VYRE_WORD(w->ring, slot, 0u);
    const uint class = vyre_class_after(w, words, outcome);
    vyre_witness_end(w->witness, slot, w->worker, outcome.kind);
    vyre_count(w, words, outcome.kind);
    vyre_publish(w->ring, slot, outcome);
    return class;
}

/* Claims a slot; false (and counted as lost) when it cannot be claimed. */
static bool vyre_take(vyre_worker *w, uint slot) {
    if (!vyre_claim(w->ring, slot)) {
        vyre_tally_add(w->tally, VYRE_TALLY_LOST, 1u);
        return false;
    }
    vyre_witness_claim(w->witness, slot, w->worker);
    return true;
}

/* Turns of one slot by one work-item, until the task rests or must queue: then its class. */
static uint vyre_turns(vyre_worker *w, uint slot, uint turns) {
    uint class = VYRE_RESTS;
    for (uint turn = 0; turn < turns; ++turn) {
        if (!vyre_may_claim(w)) return class;
        if (!vyre_take(w, slot)) return VYRE_RESTS;
        vyre_task task = vyre_load_task(w->ring, slot, &w->env);
        const vyre_outcome outcome = vyre_execute(w->ring, slot, &task);
        class = vyre_finish_turn(w, slot, outcome);
        if (outcome.kind != VYRE_YIELD || w->higher_waits) break;
    }
    return class;
}

/* The order of the round; see index.cl. */
typedef struct {
    __global const uint *queue;
    __global const uint *begins;
    __global const uint *places;
    uint chunks;
    uint high_count; /* tasks of classes 0-1 */
    uint count;      /* all tasks */
} vyre_order;

static vyre_order vyre_make_order(__global const uint *queue, __global const uint *begins, __global const uint *places,
                                  uint chunks) {
    vyre_order order;
    order.queue = queue;
    order.begins = begins;
    order.places = places;
    order.chunks = chunks;
    order.high_count = begins[2u * chunks];
    order.count = begins[VYRE_PRIORITY_COUNT * chunks];
    return order;
}

/* The list that holds a position < count: the last one that begins at or before it. */
static uint vyre_find_list(const vyre_order *order, uint position) {
    uint low = 0u, high = VYRE_PRIORITY_COUNT * order->chunks;
    while (high - low > 1u) {
        const uint middle = low + (high - low) / 2u;
        if (order->begins[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Class of the task at a position. */
static uint vyre_class_at(const vyre_order *order, uint position) {
    uint class = 0u;
    while (class < VYRE_PRIORITY_IDLE && position >= order->begins[(class + 1u) * order->chunks]) ++class;
    return class;
}

/* Spilled work: tasks that gave their worker back, in blocks that go from hand to hand within a kernel.
 *
 *   pool       blocks of VYRE_BLOCK slot indices, handed out once a round by flow[BLOCKS]
 *   sizes      how many of a block are used
 *   directory  per class: the blocks in the order of their publication; block number + 1, 0 while a place is only reserved
 *
 * A block is filled by one worker, then published: its directory word by a release store, taken by whoever moves the class's head by
 * compare-and-swap after an acquire of that word. A place that is reserved and not yet written is passed over, never waited for.
 * When the blocks are used up, or the rung has no hand-off, a task is left where its state says it is: the next round finds it.
 */
typedef struct {
    __global uint *pool;
    __global uint *sizes;
    __global uint *directory;
    uint blocks; /* 0: no hand-off within a kernel */
} vyre_spill;

#define VYRE_NO_BLOCK VYRE_U32_MAX

static uint vyre_open_block(const vyre_spill *spill, volatile __global uint *flow) {
    if (vyre_load_relaxed(flow + VYRE_FLOW_BLOCKS) >= spill->blocks) return VYRE_NO_BLOCK;
    const uint block = vyre_add_relaxed(flow + VYRE_FLOW_BLOCKS, 1u);
    return block < spill->blocks ? block : VYRE_NO_BLOCK;
}

static void vyre_publish_block(const vyre_spill *spill, volatile __global uint *flow, uint class, uint block,
                               uint size) {
    spill->sizes[block] = size;
    const uint place = vyre_add_relaxed(flow + VYRE_FLOW_TAILS(class), 1u);
    vyre_store_release(spill->directory + class * spill->blocks + place, block + 1u);
}

/* Takes the first published block of a class, or VYRE_NO_BLOCK. */
static uint vyre_take_block(const vyre_spill *spill, volatile __global uint *flow, uint class) {
    while (true) {
        const uint head = vyre_load_relaxed(flow + VYRE_FLOW_HEADS(class));
        if (head >= vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class))) return VYRE_NO_BLOCK;
        const uint named = vyre_load_acquire(spill->directory + class * spill->blocks + head);
        if (!named) return VYRE_NO_BLOCK;
        if (vyre_cas_acquire(flow + VYRE_FLOW_HEADS(class), head, head + 1u)) return named - 1u;
    }
}

/* Lowest class below `most` that has a block to take, or `most`. */
static uint vyre_spilled_class(const vyre_spill *spill, volatile __global uint *flow, uint least, uint most) {
    if (!spill->blocks) return most;
    for (uint class = least; class < most; ++class)
        if (vyre_load_relaxed(flow + VYRE_FLOW_HEADS(class)) < vyre_load_relaxed(flow + VYRE_FLOW_TAILS(class)))
            return class;
    return most;
}

/* What a worker does next. */
typedef struct {
    uint kind; /* VYRE_PICK_* */
    uint class;
    uint begin; /* first position, or block */
    uint count;
} vyre_pick;

#define VYRE_PICK_NOTHING 0u
#define VYRE_PICK_TICKET 1u
#define VYRE_PICK_BLOCK 2u

/* Takes the next ticket of one side of the order; false when that side is used up. */
static bool vyre_take_ticket(const vyre_order *order, volatile __global uint *flow, bool low, uint ticket,
                             vyre_pick *pick) {
    const uint first = low ? order->high_count : 0u, end = low ? order->count : order->high_count;
    volatile __global uint *head = flow + (low ? VYRE_FLOW_LOW : VYRE_FLOW_HIGH);
    const uint tickets = (end - first + ticket - 1u) / ticket;
    if (vyre_load_relaxed(head) >= tickets) return false;
    const uint number = vyre_add_relaxed(head, 1u);
    if (number >= tickets) return false;
    pick->kind = VYRE_PICK_TICKET;
    pick->begin = first + number * ticket;
    pick->count = min(ticket, end - pick->begin);
    pick->class = vyre_class_at(order, pick->begin);
    return true;
}

/* Class of the next ticket of the order, as far as anybody can tell without taking it; VYRE_PRIORITY_COUNT when none is left. */
static uint vyre_next_class(const vyre_order *order, volatile __global uint *flow, bool low, uint ticket) {
    const uint first = low ? order->high_count : 0u, end = low ? order->count : order->high_count;
    const uint number = vyre_load_relaxed(flow + (low ? VYRE_FLOW_LOW : VYRE_FLOW_HIGH));
    if ((ulong)number * ticket >= end - first) return VYRE_PRIORITY_COUNT;
    return vyre_class_at(order, first + number * ticket);
}

/* Class of the next ticket of both sides. */
static uint vyre_next_of_all(const vyre_order *order, volatile __global uint *flow, uint ticket) {
    return min(vyre_next_class(order, flow, false, ticket), vyre_next_class(order, flow, true, ticket));
}

/* The next piece of work: the highest class first, spilled work behind the order's own of the same class; after a share of claims at
 * Critical and High (`above` of them in a row) something from below, while there is any. */
static vyre_pick vyre_choose(const vyre_order *order, const vyre_spill *spill, volatile __global uint *flow, uint ticket,
                             uint above) {
    vyre_pick pick = {VYRE_PICK_NOTHING, VYRE_PRIORITY_COUNT, 0u, 0u};
    const uint next_low = vyre_next_class(order, flow, true, ticket);
    if (above >= VYRE_STARVATION_LIMIT * ticket) {
        const uint spilled = vyre_spilled_class(spill, flow, VYRE_PRIORITY_NORMAL, next_low);
        if (spilled < next_low) {
            pick.begin = vyre_take_block(spill, flow, spilled);
            pick.kind = pick.begin == VYRE_NO_BLOCK ? VYRE_PICK_NOTHING : VYRE_PICK_BLOCK;
            pick.class = spilled;
        }
        if (pick.kind == VYRE_PICK_NOTHING) vyre_take_ticket(order, flow, true, ticket, &pick);
        if (pick.kind != VYRE_PICK_NOTHING) return pick;
    }
    const uint next = min(vyre_next_class(order, flow, false, ticket), next_low);
    for (uint class = vyre_spilled_class(spill, flow, 0u, next); class < next; ++class) {
        const uint block = vyre_take_block(spill, flow, class);
        if (block == VYRE_NO_BLOCK) continue;
        pick.kind = VYRE_PICK_BLOCK;
        pick.class = class;
        pick.begin = block;
        return pick;
    }
    if (!vyre_take_ticket(order, flow, false, ticket, &pick)) vyre_take_ticket(order, flow, true, ticket, &pick);
    return pick;
}

#endif
