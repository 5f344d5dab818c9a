/* ring.pml - the protocol of a launch, small enough to be searched exhaustively: two workers, one host, three slots.
 *
 * What is modelled
 *   slots    word 0 (state) and two words of the payload: pc, how many turns the task has ended, and due, the epoch it
 *            waits for
 *   line     the ready queue of one round
 *   worker   takes a slot from the line, claims it by compare-and-swap, runs one turn, publishes the payload and then
 *            the state; hands a task that yielded or was requeued back to the line (with ROUNDS_ONLY it waits for the
 *            next round); drops a slot that is no longer claimable; puts a claimed task back when SHUTDOWN came in
 *            between; leaves when the line is empty, whoever may still fill it
 *   host     lines up what is claimable, starts a round, waits for its end, again until nothing is claimable; while a
 *            round runs it pauses a task as an editor would, advances the epoch and resumes what is due, asks for
 *            SHUTDOWN
 *   tasks    slot 0 may yield, slot 1 may be requeued, slot 2 may pause, each at most TURNS times before it is done;
 *            slot 2 starts as Paused
 *
 * What is not: memory orders (one statement is one step that all see at once; the order of two statements stands for
 * release and acquire), classes, tenants, buffers, counters that nothing depends on.
 *
 * What is checked
 *   no double claim   a claimed slot had no owner
 *   whole payloads    whoever claims a task finds the words of its last turn
 *   no lost task      at the end every task is owned by nobody, and Done, or Paused and not due, or (after SHUTDOWN) as
 *                     it was published
 *   drained           while `remaining` is 0 nothing is claimable, and it never falls below 0
 *   no deadlock       every process can go on, has ended, or is a worker between two rounds (Spin's invalid end states)
 *   termination       no run goes round for ever (Spin's non-progress cycles, of a model without progress labels)
 *
 * Each of these breaks it, and the search says how
 *   BREAK_CLAIM       a load and a store instead of the compare-and-swap
 *   BREAK_PUBLISH     the state before the payload
 *   BREAK_REMAINING   a task counted after it became visible
 *   BREAK_PUT_BACK    a claimed task forgotten at SHUTDOWN
 */
#define WORKERS 2
#define SLOTS 3
#define TURNS 2 /* turns of a task before it is done, at most */

mtype = { Ready, Running, Done, Paused, Yielded, Requeued };

mtype state[SLOTS];
byte pc[SLOTS];
byte due[SLOTS];

chan line = [2 * SLOTS] of { byte };
byte remaining; /* tasks of this round that are neither Done nor Paused */
byte epoch;
bit shutdown;
bit round;      /* changes when a round starts */
byte inside;    /* workers in it */

bit owned[SLOTS]; /* not in the ring: somebody runs the task */
byte turns[SLOTS]; /* not in the ring: turns the task has ended */

#define schedulable(s) (s == Ready || s == Yielded || s == Requeued)
#define nothing_claimable (!schedulable(state[0]) && !schedulable(state[1]) && !schedulable(state[2]))

/* Running instead of `met`; `won` says whether that was still the state. */
inline claim(slot, met, won) {
#ifdef BREAK_CLAIM
    won = (state[slot] == met);
    atomic {
#else
    atomic {
        won = (state[slot] == met);
#endif
        if
        :: won ->
            assert(!owned[slot]);
            assert(pc[slot] == turns[slot]);
            state[slot] = Running;
            owned[slot] = 1
        :: else
        fi
    }
}

inline publish(slot, to) {
    atomic { state[slot] = to; owned[slot] = 0 }
}

/* Ends a turn that does not end the task. */
inline publish_turn(slot, to) {
#ifdef BREAK_PUBLISH
    atomic { state[slot] = to; owned[slot] = 0; turns[slot]++ }
    pc[slot]++
#else
    pc[slot]++;
    atomic { state[slot] = to; owned[slot] = 0; turns[slot]++ }
#endif
}

#ifdef ROUNDS_ONLY
#define hand_back(slot) skip
#else
#define hand_back(slot) line!slot
#endif

inline count_down() {
    atomic { assert(remaining > 0); remaining-- }
}

inline run_one_turn(slot) {
    if
    :: publish(slot, Done); count_down()
    :: slot == 0 && turns[slot] < TURNS -> publish_turn(slot, Yielded); hand_back(slot)
    :: slot == 1 && turns[slot] < TURNS -> publish_turn(slot, Requeued); hand_back(slot)
    :: slot == 2 && turns[slot] < TURNS -> due[slot] = epoch + 1; publish_turn(slot, Paused); count_down()
    fi
}

active [WORKERS] proctype worker() {
    byte slot;
    mtype met;
    bit won, seen;

end:
    atomic { round != seen -> seen = round }
    do
    :: shutdown -> break
    :: atomic { remaining == 0 -> assert(nothing_claimable) } break
    :: empty(line) -> break
    :: atomic { !shutdown && nempty(line) -> line?slot; met = state[slot] }
        if
        :: schedulable(met) -> claim(slot, met, won)
        :: else
        fi;
        if
        :: !won
        :: won && shutdown ->
#ifndef BREAK_PUT_BACK
            publish(slot, met);
#endif
            break
        :: won -> run_one_turn(slot)
        fi;
        atomic { slot = 0; met = 0; won = 0 }
    od;
    atomic { slot = 0; met = 0; won = 0; inside-- }
    goto end
}

/* Between rounds the state words alone count. */
inline line_up(slot) {
    d_step {
        do
        :: nempty(line) -> line?slot
        :: empty(line) -> break
        od;
        remaining = 0;
        slot = 0;
        do
        :: slot < SLOTS ->
            if
            :: state[slot] == Paused && due[slot] <= epoch -> state[slot] = Ready
            :: else
            fi;
            if
            :: schedulable(state[slot]) -> line!slot; remaining++
            :: else
            fi;
            slot++
        :: else -> break
        od;
        slot = 0
    }
}

/* What is due becomes Ready within the round: first it is counted, then it is visible. */
inline resume(slot, won) {
    claim(slot, Paused, won);
    if
    :: won ->
#ifdef BREAK_REMAINING
        publish(slot, Ready);
        remaining++;
#else
        remaining++;
        publish(slot, Ready);
#endif
        hand_back(slot)
    :: else
    fi
}

active proctype host() {
    byte slot;
    mtype met;
    bit won, has_paused, has_advanced;

    d_step {
        state[0] = Ready;
        state[1] = Ready;
        state[2] = Paused;
        due[2] = 1
    }
    do
    :: line_up(slot);
        if
        :: remaining == 0 || shutdown -> break
        :: else
        fi;
        d_step { inside = WORKERS; round = !round }
        do
        :: inside == 0 -> break
        :: !shutdown -> shutdown = 1
        :: !has_paused ->
            has_paused = 1;
            if
            :: slot = 0
            :: slot = 1
            :: slot = 2
            fi;
            met = state[slot];
            if
            :: schedulable(met) -> claim(slot, met, won)
            :: else
            fi;
            if
            :: won -> due[slot] = epoch + 1; publish(slot, Paused); count_down()
            :: else
            fi;
            atomic { slot = 0; met = 0; won = 0 }
        :: !has_advanced ->
            has_advanced = 1;
            epoch++;
            do
            :: slot < SLOTS ->
                if
                :: state[slot] == Paused && due[slot] <= epoch -> resume(slot, won)
                :: else
                fi;
                atomic { won = 0; slot++ }
            :: else -> break
            od;
            slot = 0
        od
    od;
    do
    :: slot < SLOTS ->
        assert(state[slot] != Running && !owned[slot] && pc[slot] == turns[slot]);
        assert(shutdown || !schedulable(state[slot]));
        assert(shutdown || state[slot] != Paused || due[slot] > epoch);
        slot++
    :: else -> break
    od
}
