# fish completion for vyrectl. Generated from the program's own options; do not edit.
#
# Install it with `vyrectl --install-completion fish`, or put this file into ~/.config/fish/completions.

# --- where the cursor is ---

# The options of a command that take a value.
function __vyrectl_valued
    switch "$argv[1]"
        case ''
            string split ' ' -- '--install-completion'
        case 'encode'
            string split ' ' -- '--state --op-handle --op --tenant-id --priority --input-handle --output-handle --param --continuation-pc --continuation-data --resume-epoch --task-id --parent-task-id --age-ticks --requeue-count --yield-count --flags --packed --slot --offset --count --ops --op-names --format -f --color'
        case 'decode'
            string split ' ' -- '--abi --offset --count --ops --op-names --format -f --color'
        case 'build'
            string split ' ' -- '--from --input-format --synthetic --seed --mix --slots --offset --count --ops --op-names --format -f --color'
        case 'inspect'
            string split ' ' -- '--where --slots --slot --group --sort --limit --columns --output --control --abi --offset --count --ops --op-names --format -f --color'
        case 'open'
            string split ' ' -- '--unpack --slots --format -f --color'
        case 'snapshot'
            string split ' ' -- '--by --oldest --since --control --watch --ticks --alert --append --output --abi --offset --count --ops --op-names --format -f --color'
        case 'map'
            string split ' ' -- '--by --where --slots --width --height --output --abi --offset --count --ops --op-names --format -f --color'
        case 'diff'
            string split ' ' -- '--limit --abi --offset --count --ops --op-names --format -f --color'
        case 'plot'
            string split ' ' -- '--show --ring --height --output --format -f --color'
        case 'report'
            string split ' ' -- '--output --launch --trace --history --control --ops --op-names --format -f --color'
        case 'top'
            string split ' ' -- '--interval --where --abi --color --ops --op-names'
        case 'transition'
            string split ' ' -- '--pc --data --epoch --priority --code --where --offset --count --limit --ops --op-names --format -f --color'
        case 'set'
            string split ' ' -- '--where --offset --count --limit --ops --op-names --format -f --color'
        case 'publish'
            string split ' ' -- '--slot --tenant --from --tag --load-miss --offset --count --ops --op-names --format -f --color'
        case 'control'
            string split ' ' -- '--tenants --observables --slots --ops --op-names --format -f --color'
        case 'why'
            string split ' ' -- '--control --since --trace --epoch --age-threshold --again-after --fail-on --explain --abi --offset --count --ops --op-names --format -f --color'
        case 'check'
            string split ' ' -- '--ignore --explain --ops --control --debug-log --io-queue --epoch --age-threshold --abi --offset --count --op-names --format -f --color'
        case 'recover'
            string split ' ' -- '--as --where --offset --count --limit --ops --op-names --format -f --color'
        case 'repair'
            string split ' ' -- '--code --where --pc --data --offset --count --limit --ops --op-names --format -f --color'
        case 'apply'
            string split ' ' -- '--request --offset --count --format -f --color --queue-len --requested-worker-groups --max-workgroup-size-x --max-compute-workgroups-per-dimension --max-compute-invocations-per-workgroup --requested-hit-capacity --expected-hits-per-item --hot-opcode-count --hot-window-count --requeue-count --max-priority-age --graph-node-count --graph-edge-count --frontier-density-bps --memory-pressure-bps --resident-device-bytes --device-memory-budget-bytes'
        case 'plan'
            string split ' ' -- '--device --request --previous --policy --compare --sweep --ops --buffer --offset --count --format -f --color --queue-len --requested-worker-groups --max-workgroup-size-x --max-compute-workgroups-per-dimension --max-compute-invocations-per-workgroup --requested-hit-capacity --expected-hits-per-item --hot-opcode-count --hot-window-count --requeue-count --max-priority-age --graph-node-count --graph-edge-count --frontier-density-bps --memory-pressure-bps --resident-device-bytes --device-memory-budget-bytes'
        case 'converge'
            string split ' ' -- '--step --steps --matrix --transitions --edges --operand --max-iterations --device -d --timeout --output -o --offset --count --format -f --color'
        case 'launch'
            string split ' ' -- '--device -d --ops --epoch --where --age-threshold --mode --plan --policy --trace --trace-records --tenant-quota --max-steps --timeout --workers --work-group-size --ticket --shard-slots --buffer --grace --control --save-control --debug-log --debug-records --record --record-capacity --output -o --dask --dask-security --formats --feed --spin-ms --stall-after --on-stall --op-names --format -f --color'
        case 'workers'
            string split ' ' -- '--ops --op-names --format -f --color'
        case 'worker'
            string split ' ' -- '--device -d --dask-security --format -f --color'
        case 'debug'
            string split ' ' -- '--formats --limit --format -f --color'
        case 'io'
            string split ' ' -- '--op --status --tag --limit --format -f --color'
        case 'replay'
            string split ' ' -- '--slots --tenant --op --ring --buffer --control --limit --ops --op-names --format -f --color'
        case 'demo'
            string split ' ' -- '--device -d --output -o --keep --format -f --color'
        case 'bench'
            string split ' ' -- '--device -d --sizes --repeat --only --seconds --tasks --format -f --color'
        case 'help'
            string split ' ' -- '--format -f --color'
        case 'devices'
            string split ' ' -- '--format -f --color'
        case 'doctor'
            string split ' ' -- '--system --timeout --format -f --color'
        case 'ops'
            string split ' ' -- '--device -d --format -f --color'
        case 'schema'
            string split ' ' -- '--format -f --color'
        case 'completion'
            string split ' ' -- '--format -f'
    end
end

# Prints the command (empty before it is typed) and how many arguments follow it, up to the cursor.
function __vyrectl_where_am_i
    set -l words (commandline -opc)
    set -e words[1]
    set -l name ''
    set -l place 0
    set -l ended no
    set -l skip no
    set -l valued (__vyrectl_valued '')
    for word in $words
        if test $skip = yes
            set skip no
        else if test $ended = no; and test "$word" = --
            set ended yes
        else if test $ended = no; and string match -qr -- '^-.' "$word"
            contains -- "$word" $valued; and set skip yes
        else if test -z "$name"
            set name "$word"
            set valued (__vyrectl_valued "$name")
        else
            set place (math $place + 1)
        end
    end
    printf '%s\n' "$name" $place
end

# True when the command is $argv[1].
function __vyrectl_in
    set -l here (__vyrectl_where_am_i)
    test "$here[1]" = "$argv[1]"
end

# True when the command is $argv[1] and the cursor stands on one of its arguments $argv[2] to $argv[3].
function __vyrectl_at
    set -l here (__vyrectl_where_am_i)
    test "$here[1]" = "$argv[1]"; and test $here[2] -ge $argv[2]; and test $here[2] -le $argv[3]
end

# --- words that never change ---

function __vyrectl_kind_abi
    printf '%s\t%s\n' \
        'task' 'words 4-15 are a task\'s (spec 1.2)' \
        'protocol' 'words 4-15 are up to 12 arguments (spec 3.3)' \
        'auto' 'as the evidence says, operation by operation; arguments that look like a task\'s read as a task\'s'
end

function __vyrectl_kind_action
    printf '%s\t%s\n' \
        'pause' 'wait for an epoch' \
        'resume' 'make a paused task claimable again' \
        'yield' 'give up the worker and keep the progress' \
        'requeue' 'go back to a priority class, one tick older' \
        'complete' 'finish' \
        'fault' 'stop with a fault code'
end

function __vyrectl_kind_by
    printf '%s\t%s\n' \
        'state' '' \
        'priority' '' \
        'tenant' '' \
        'op' '' \
        'age' '' \
        'requeues' '' \
        'flags' '' \
        'fault_name' ''
end

function __vyrectl_kind_cause
    printf '%s\t%s\n' \
        'guard-live-lock' 'wait behind a starvation guard that lets nothing through' \
        'shut-out' 'are of tenants that may not claim' \
        'mask-closed' 'were claimed before their tenant\'s mask was closed' \
        'orphaned' 'are Running, and nobody runs the ring' \
        'held' 'are Running, and their worker lives' \
        'unattended' 'could be claimed, and nobody claims them' \
        'unknown-op' 'name an operation that nothing defines' \
        'unknown-handle' 'name a buffer that a launch has to be given' \
        'waits-for-children' 'wait for children' \
        'due-forgotten' 'are Paused although their epoch has come' \
        'not-due' 'are Paused until a later epoch' \
        'starved' 'are claimable and are passed over' \
        'circling' 'take turns and come back to where they were' \
        'faulted' 'are Faulted' \
        'full' 'need an Empty slot and there is none' \
        'spinning' 'take turns and get on' \
        'draining' 'get done' \
        'healthy' 'wait for nothing but a launch'
end

function __vyrectl_kind_color
    printf '%s\t%s\n' \
        'auto' '' \
        'always' '' \
        'never' ''
end

function __vyrectl_kind_column
    printf '%s\t%s\n' \
        'state' 'lifecycle state; a claim is a compare-and-swap of this word' \
        'op_handle' 'operation to run' \
        'tenant_id' 'tenant, checked before a claim' \
        'priority' 'priority class' \
        'input_handle' 'handle of the input buffer' \
        'output_handle' 'handle of the output buffer' \
        'param' 'a value for the operation, or an index into its argument table' \
        'continuation_pc' 'where the operation resumes' \
        'continuation_data' 'scratch kept for the operation; the fault code once Faulted' \
        'resume_epoch' 'epoch from which a paused task may resume' \
        'task_id' 'stable id' \
        'parent_task_id' 'id of the parent, 0 for none' \
        'age_ticks' 'scheduler age' \
        'requeue_count' 'times requeued' \
        'yield_count' 'times yielded' \
        'flags' 'flag bits' \
        'fault_name' 'why a slot is Faulted'
end

function __vyrectl_kind_command
    printf '%s\t%s\n' \
        'encode' 'Turn fields into one 64-byte slot' \
        'decode' 'Explain every word of a slot' \
        'build' 'Make a ring from a table or a seed' \
        'inspect' 'Show slots as a table' \
        'open' 'Say what a file or a folder holds' \
        'snapshot' 'Show queue telemetry' \
        'map' 'Draw the ring, a mark for each slot or run of slots' \
        'diff' 'Show what changed between two looks at a ring' \
        'plot' 'Draw a queue\'s depth, rates and ages over time' \
        'report' 'Write one page about rings, to send to somebody' \
        'top' 'Watch a ring live, and edit it' \
        'transition' 'Apply a lifecycle action to slots' \
        'set' 'Write any word of any slots' \
        'publish' 'Publish tasks into free slots' \
        'control' 'Show or edit a control buffer, or make one' \
        'why' 'Say why a queue does not move' \
        'check' 'Look for what is broken in a ring' \
        'recover' 'Put a crashed run\'s orphans back' \
        'repair' 'Make faulted tasks ready again' \
        'apply' 'Merge a ring\'s telemetry into a launch request' \
        'plan' 'Recommend a launch for a queue, and say why' \
        'converge' 'Iterate a step on the device until nothing changes' \
        'launch' 'Run a ring on a device' \
        'workers' 'Show what each worker of a launch has in hand' \
        'worker' 'Print the command that starts a Dask worker for launches' \
        'debug' 'Show the records of a debug log' \
        'io' 'Show the requests of an I/O queue' \
        'replay' 'List a replay log, or run it again' \
        'demo' 'Build, run and draw a ring of real work' \
        'bench' 'Measure this device beside its own ceilings' \
        'help' 'Show a page of the documentation, or a command\'s help' \
        'devices' 'List what can run a ring' \
        'doctor' 'Say whether this machine is ready' \
        'ops' 'List the operations a task may name' \
        'schema' 'Print the JSON Schema of a command\'s answer' \
        'completion' 'Print a shell\'s completion script'
end

function __vyrectl_kind_epoch
    printf '%s\t%s\n' \
        'never' ''
end

function __vyrectl_kind_fault
    printf '%s\t%s\n' \
        'unknown_op' 'no operation has this op_handle' \
        'bad_handle' 'a handle names no buffer of this launch' \
        'out_of_range' 'an access would leave its buffer' \
        'counter_overflow' 'yield_count, requeue_count or age_ticks is at 4294967295' \
        'bad_argument' 'the operation cannot work with this param or argument record' \
        'bad_type' 'a buffer\'s element type does not suit the operation' \
        'bad_outcome' 'the operation ended in a way the wire cannot hold' \
        'reserved_op' 'the wire reserves this opcode and gives it no body' \
        'read_only' 'the operation writes a buffer that was given as an input' \
        'orphaned' 'its launch died over it; ended by recover --as faulted, or may not run twice' \
        'lost_children' 'it waited for children, and its task_id no longer tells which they are'
end

function __vyrectl_kind_field
    printf '%s\t%s\n' \
        'state' 'lifecycle state; a claim is a compare-and-swap of this word' \
        'op_handle' 'operation to run' \
        'tenant_id' 'tenant, checked before a claim' \
        'priority' 'priority class' \
        'input_handle' 'handle of the input buffer' \
        'output_handle' 'handle of the output buffer' \
        'param' 'a value for the operation, or an index into its argument table' \
        'continuation_pc' 'where the operation resumes' \
        'continuation_data' 'scratch kept for the operation; the fault code once Faulted' \
        'resume_epoch' 'epoch from which a paused task may resume' \
        'task_id' 'stable id' \
        'parent_task_id' 'id of the parent, 0 for none' \
        'age_ticks' 'scheduler age' \
        'requeue_count' 'times requeued' \
        'yield_count' 'times yielded' \
        'flags' 'flag bits'
end

function __vyrectl_kind_finding
    printf '%s\t%s\n' \
        'not-a-ring' 'this does not look like a ring' \
        'left-over-bytes' 'the length is not a whole number of 64-byte slots' \
        'too-many-slots' 'more slots than a u32 word index reaches' \
        'unknown-state' 'the state word is outside spec 1.3' \
        'paused-without-flag' 'Paused without the flag PAUSED' \
        'paused-and-resume-ready' 'Paused with the flag RESUME_READY' \
        'yielded-without-flag' 'Yielded without the flag YIELDED' \
        'requeued-without-flag' 'Requeued without the flag REQUEUE_REQUESTED' \
        'running-without-runner' 'Running, and no process here holds the ring (so in every dump)' \
        'running-unseen' 'Running; whether a launch is at work cannot be told from here' \
        'ready-with-stale-flag' 'Ready with the flag PAUSED or YIELDED, as no task of spec 1.6 has it' \
        'counter-at-end' 'a counter is at 4294967295' \
        'counter-near-end' 'a counter is within 65536 of 4294967295' \
        'uncounted-turn' 'a yield or requeue that was never counted' \
        'starving' 'queued, and aged so far that the policy gives way to age' \
        'stale-telemetry' 'slots that are not queued set the queue\'s telemetry' \
        'duplicate-task-id' 'another slot has the same task_id' \
        'own-parent' 'parent_task_id is the task\'s own id' \
        'orphaned-parent' 'parent_task_id is no task of this ring' \
        'parent-done-first' 'the parent is Done and this child is not' \
        'unrunnable-op' 'an operation id that the wire keeps and gives no body' \
        'undefined-op' 'an operation that no known source defines' \
        'starvation-guard' 'the runtime\'s own priority kernel would claim nothing more' \
        'foreign-window' 'an operation of another tenant\'s window' \
        'broken-partitions' 'the control buffer\'s priority offsets do not cover this ring' \
        'drained-uncounted' 'more slots are Done than DONE_COUNT counted' \
        'metrics-behind' 'more slots of an opcode are Done than its metric counted' \
        'epoch-behind' 'more batch fences are Done than the epoch counted' \
        'printf-elsewhere' 'debug records name no slot of this ring' \
        'io-record-wrong' 'I/O records hold an operation or a status that the wire does not have' \
        'io-request-failed' 'I/O requests ended with ERROR' \
        'empty-ring' 'the ring has no slots' \
        'abandoned-file' 'a killed writer left a temporary file beside the ring' \
        'running-held' 'Running, and the ring is held' \
        'waits-for-ever' 'Paused until an epoch that never comes' \
        'due-epoch' 'Paused until an epoch that has come' \
        'faulted' 'Faulted: nothing runs them again by itself' \
        'done-with-flags' 'Done with flags' \
        'arguments-in-task-words' 'arguments, or stale words, where a task keeps its own' \
        'paused-flag-survives' 'claimable, with the flag PAUSED from an earlier pause' \
        'unnamed-flag-bits' 'flag bits without a meaning' \
        'unknown-priority' 'a priority outside spec 1.4' \
        'shut-out-tenant' 'the control buffer does not let the tenant in' \
        'tenant-without-mask' 'a tenant from 29 on, for whom the runtime reads the quota table and vyrectl does not' \
        'control-index' 'an argument past the control buffer\'s end' \
        'fence-without-observables' 'a batch fence, and the control buffer has no observable words' \
        'wrong-partition' 'in the partition of another priority class' \
        'unknown-fault-code' 'Faulted with an engine\'s code that has no name' \
        'load-miss-unasked' 'load misses wait without a request in the I/O queue' \
        'debug-dropped' 'the debug log was full and dropped records'
end

function __vyrectl_kind_flag
    printf '%s\t%s\n' \
        'paused' '' \
        'yielded' '' \
        'requeue_requested' '' \
        'resume_ready' ''
end

function __vyrectl_kind_format
    printf '%s\t%s\n' \
        'table' '' \
        'json' '' \
        'jsonl' '' \
        'csv' ''
end

function __vyrectl_kind_group
    printf '%s\t%s\n' \
        'state' '' \
        'priority' '' \
        'tenant' '' \
        'op' '' \
        'flags' '' \
        'fault_name' ''
end

function __vyrectl_kind_input_format
    printf '%s\t%s\n' \
        'jsonl' '' \
        'csv' ''
end

function __vyrectl_kind_io_op
    printf '%s\t%s\n' \
        'read' '' \
        'write' '' \
        'fence' ''
end

function __vyrectl_kind_io_status
    printf '%s\t%s\n' \
        'empty' '' \
        'published' '' \
        'claimed' '' \
        'done' '' \
        'wait_io' '' \
        'yield' '' \
        'requeue' '' \
        'fault' '' \
        'ok' '' \
        'error' ''
end

function __vyrectl_kind_limit
    printf '%s\t%s\n' \
        'all' ''
end

function __vyrectl_kind_metric
    printf '%s\t%s\n' \
        'schedulable' 'schedulable tasks' \
        'running' 'running tasks' \
        'paused' 'paused tasks' \
        'faulted' 'faulted tasks' \
        'done_rate' 'tasks done per second' \
        'requeue_rate' 'requeues per second' \
        'depth_rate' 'change of schedulable tasks per second' \
        'age' 'largest age' \
        'age_p99' 'age that 99 % of the open tasks do not exceed' \
        'age_p50' 'age that half of the open tasks do not exceed'
end

function __vyrectl_kind_mode
    printf '%s\t%s\n' \
        'auto' '' \
        'jit' '' \
        'interpreter' ''
end

function __vyrectl_kind_op
    printf '%s\t%s\n' \
        'nop' 'does nothing' \
        'store_u32' 'control[output_handle] = input_handle' \
        'atomic_add' 'control[output_handle] += input_handle' \
        'load_u32' 'observable[output_handle] = control[input_handle]' \
        'compare_swap' 'observable[input_handle] = CAS(control[input_handle], output_handle -> param)' \
        'memcpy' 'copies param control words from input_handle to output_handle, ascending' \
        'dfa_step' 'reserved by the wire; no built-in body' \
        'batch_fence' 'epoch += 1, observable[0] = output_handle' \
        'load_miss' 'device-initiated load; needs an I/O queue' \
        'printf' 'appends one debug record' \
        'packed_slot' 'several small operations in one slot' \
        'shutdown' 'asks every worker to leave' \
        'scale' 'output[i] = input[i] * param; float32 (param = the factor\'s bits) or 32-bit integers' \
        'copy' 'output[i] = input[i] for the first param words, all when param is 0; any 4-byte type, the same on both sides' \
        'fill' 'output[i] = param (a 32-bit integer or a float32), bit for bit, over the whole output; any 4-byte type' \
        'saxpy' 'output[j] = a * input[j] + output[j], float32, j = offset + i * stride for i < length; param = argument record (offset, length, stride, a)' \
        'sum' 'output[param] = sum of input modulo 2^32, 32-bit integers; yields every 4096 elements (pc = next element, data = sum so far)' \
        'spin' 'param steps of integer work; yields every 1048576 steps (pc = steps made, data = generator)' \
        'wait' 'pauses until the epoch reaches param, then finishes (pc = 1 once it has paused)' \
        'requeue_n' 'requeues itself param times, each time a priority lower (pc = times requeued)' \
        'fault' 'faults with code param' \
        'mandelbrot' 'tile param of the view in input: iteration counts into output; yields every so many iterations (pc = iterations made)' \
        'fork_sum' 'output[0] = sum of input modulo 2^32, 32-bit integers, by halves down to 4096 elements; param = 0 (a child\'s: its node of the heap in output)' \
        'quicksort' 'sorts 32-bit integers of output in place: all when param is 0, else param words from word input_handle on' \
        'stencil' 'param steps of next[i] = now[i-1] + now[i] + now[i+1] modulo 2^32 on a circle, from one half of output to the other and back; one epoch a step (data = steps made)' \
        'stencil_strip' 'one step of a strip of 1024 words for stencil: input_handle = plane to read, param = strip'
end

function __vyrectl_kind_outcome
    printf '%s\t%s\n' \
        'requeued' '' \
        'yielded' '' \
        'ready' '' \
        'faulted' ''
end

function __vyrectl_kind_plan
    printf '%s\t%s\n' \
        'auto' '' \
        'off' ''
end

function __vyrectl_kind_priority
    printf '%s\t%s\n' \
        'critical' '' \
        'high' '' \
        'normal' '' \
        'low' '' \
        'idle' ''
end

function __vyrectl_kind_shell
    printf '%s\t%s\n' \
        'bash' '' \
        'zsh' '' \
        'fish' '' \
        'powershell' ''
end

function __vyrectl_kind_state
    printf '%s\t%s\n' \
        'empty' 'no task; the slot may be published into' \
        'ready' 'published, may be claimed' \
        'running' 'claimed by a worker' \
        'done' 'finished' \
        'paused' 'waits for its resume epoch' \
        'yielded' 'gave up its worker, may be claimed again' \
        'requeued' 'went back to a priority class, may be claimed again' \
        'faulted' 'stopped by a fault; runs no more unless repaired'
end

function __vyrectl_kind_step
    printf '%s\t%s\n' \
        'distribution' 'shares of a whole move once under the cumulative transition matrix in operand 0' \
        'reachability' 'a node joins the set when an edge leads to it from the set; edges by target in operands 0 and 1'
end

function __vyrectl_kind_subject
    printf '%s\t%s\n' \
        'host' '' \
        'live' '' \
        'wall' '' \
        'devices' ''
end

function __vyrectl_kind_system
    printf '%s\t%s\n' \
        'debian' '' \
        'fedora' '' \
        'arch' '' \
        'suse' '' \
        'alpine' '' \
        'conda' '' \
        'macos' ''
end

function __vyrectl_kind_topic
    printf '%s\t%s\n' \
        'tutorial' 'from an empty folder to your own operation' \
        'rings' 'the file, its words, and how to build one' \
        'look' 'slots, groups, trees, pictures, differences' \
        'telemetry' 'how deep is the queue, how old, and does it move' \
        'edit' 'change slots, alone or while a launch runs' \
        'launch' 'run a ring' \
        'feed' 'give a running launch more work' \
        'operations' 'write one of your own' \
        'families' 'tasks that make tasks' \
        'control' 'what lies beside a ring' \
        'why' 'say why a queue does not move' \
        'care' 'check, recover and repair a ring that went wrong' \
        'dumps' 'read what a program of yours wrote' \
        'plan' 'from a snapshot to a launch recommendation' \
        'converge' 'where is this queue heading, and your own fixpoints' \
        'devices' 'what can run a ring, and what to type when nothing can' \
        'bench' 'how fast is this device, beside its own ceilings' \
        'promises' 'what vyrectl never does to your data' \
        'python' 'rings, launches and sessions from a program' \
        'ci' 'run a ring in a job, and keep what explains a hang' \
        'formats' 'numbers, names, output, exit codes, environment' \
        'contributing' 'change vyrectl and know that it still holds' \
        'encode' 'Turn fields into one 64-byte slot' \
        'decode' 'Explain every word of a slot' \
        'build' 'Make a ring from a table or a seed' \
        'inspect' 'Show slots as a table' \
        'open' 'Say what a file or a folder holds' \
        'snapshot' 'Show queue telemetry' \
        'map' 'Draw the ring, a mark for each slot or run of slots' \
        'diff' 'Show what changed between two looks at a ring' \
        'plot' 'Draw a queue\'s depth, rates and ages over time' \
        'report' 'Write one page about rings, to send to somebody' \
        'top' 'Watch a ring live, and edit it' \
        'transition' 'Apply a lifecycle action to slots' \
        'set' 'Write any word of any slots' \
        'publish' 'Publish tasks into free slots' \
        'check' 'Look for what is broken in a ring' \
        'recover' 'Put a crashed run\'s orphans back' \
        'repair' 'Make faulted tasks ready again' \
        'apply' 'Merge a ring\'s telemetry into a launch request' \
        'workers' 'Show what each worker of a launch has in hand' \
        'worker' 'Print the command that starts a Dask worker for launches' \
        'debug' 'Show the records of a debug log' \
        'io' 'Show the requests of an I/O queue' \
        'replay' 'List a replay log, or run it again' \
        'demo' 'Build, run and draw a ring of real work' \
        'help' 'Show a page of the documentation, or a command\'s help' \
        'doctor' 'Say whether this machine is ready' \
        'ops' 'List the operations a task may name' \
        'schema' 'Print the JSON Schema of a command\'s answer' \
        'completion' 'Print a shell\'s completion script'
end

function __vyrectl_kind_topology
    printf '%s\t%s\n' \
        'Empty' '' \
        'SparseFrontier' '' \
        'HybridFrontier' '' \
        'DenseFrontier' '' \
        'FusedDense' '' \
        'MemoryConstrained' ''
end

function __vyrectl_kind_where_name
    printf '%s\t%s\n' \
        'state' 'lifecycle state; a claim is a compare-and-swap of this word' \
        'op_handle' 'operation to run' \
        'tenant_id' 'tenant, checked before a claim' \
        'priority' 'priority class' \
        'input_handle' 'handle of the input buffer' \
        'output_handle' 'handle of the output buffer' \
        'param' 'a value for the operation, or an index into its argument table' \
        'continuation_pc' 'where the operation resumes' \
        'continuation_data' 'scratch kept for the operation; the fault code once Faulted' \
        'resume_epoch' 'epoch from which a paused task may resume' \
        'task_id' 'stable id' \
        'parent_task_id' 'id of the parent, 0 for none' \
        'age_ticks' 'scheduler age' \
        'requeue_count' 'times requeued' \
        'yield_count' 'times yielded' \
        'flags' 'flag bits' \
        'fault_name' 'why a slot is Faulted' \
        'slot' 'index of the slot' \
        'and' '' \
        'or' '' \
        'not' '' \
        'in' ''
end

function __vyrectl_kind_where_value
    printf '%s\t%s\n' \
        'empty' 'no task; the slot may be published into' \
        'ready' 'published, may be claimed' \
        'running' 'claimed by a worker' \
        'done' 'finished' \
        'paused' 'waits for its resume epoch' \
        'yielded' 'gave up its worker, may be claimed again' \
        'requeued' 'went back to a priority class, may be claimed again' \
        'faulted' 'stopped by a fault; runs no more unless repaired' \
        'critical' '' \
        'high' '' \
        'normal' '' \
        'low' '' \
        'idle' '' \
        'requeue_requested' '' \
        'resume_ready' '' \
        'nop' 'does nothing' \
        'store_u32' 'control[output_handle] = input_handle' \
        'atomic_add' 'control[output_handle] += input_handle' \
        'load_u32' 'observable[output_handle] = control[input_handle]' \
        'compare_swap' 'observable[input_handle] = CAS(control[input_handle], output_handle -> param)' \
        'memcpy' 'copies param control words from input_handle to output_handle, ascending' \
        'dfa_step' 'reserved by the wire; no built-in body' \
        'batch_fence' 'epoch += 1, observable[0] = output_handle' \
        'load_miss' 'device-initiated load; needs an I/O queue' \
        'printf' 'appends one debug record' \
        'packed_slot' 'several small operations in one slot' \
        'shutdown' 'asks every worker to leave' \
        'scale' 'output[i] = input[i] * param; float32 (param = the factor\'s bits) or 32-bit integers' \
        'copy' 'output[i] = input[i] for the first param words, all when param is 0; any 4-byte type, the same on both sides' \
        'fill' 'output[i] = param (a 32-bit integer or a float32), bit for bit, over the whole output; any 4-byte type' \
        'saxpy' 'output[j] = a * input[j] + output[j], float32, j = offset + i * stride for i < length; param = argument record (offset, length, stride, a)' \
        'sum' 'output[param] = sum of input modulo 2^32, 32-bit integers; yields every 4096 elements (pc = next element, data = sum so far)' \
        'spin' 'param steps of integer work; yields every 1048576 steps (pc = steps made, data = generator)' \
        'wait' 'pauses until the epoch reaches param, then finishes (pc = 1 once it has paused)' \
        'requeue_n' 'requeues itself param times, each time a priority lower (pc = times requeued)' \
        'fault' 'faults with code param' \
        'mandelbrot' 'tile param of the view in input: iteration counts into output; yields every so many iterations (pc = iterations made)' \
        'fork_sum' 'output[0] = sum of input modulo 2^32, 32-bit integers, by halves down to 4096 elements; param = 0 (a child\'s: its node of the heap in output)' \
        'quicksort' 'sorts 32-bit integers of output in place: all when param is 0, else param words from word input_handle on' \
        'stencil' 'param steps of next[i] = now[i-1] + now[i] + now[i+1] modulo 2^32 on a circle, from one half of output to the other and back; one epoch a step (data = steps made)' \
        'stencil_strip' 'one step of a strip of 1024 words for stencil: input_handle = plane to read, param = strip'
end

# --- words that the shell finds ---

# The one list that the program has to be asked for, once per session.
function __vyrectl_kind_device
    if not set -q __vyrectl_devices
        set -g __vyrectl_devices (vyrectl devices --format csv 2>/dev/null | string replace -r '[",].*' '')[2..-1]
    end
    printf '%s\n' cpu gpu $__vyrectl_devices
end

# FIELD=VALUE: the field with its equals sign, then what that field takes.
function __vyrectl_kind_assignment
    set -l field (string split -m 1 = -- (commandline -ct))
    if test (count $field) -lt 2
        __vyrectl_kind_field | string replace -r '\t' '=\t'
        return
    end
    switch $field[1]
        case state
            __vyrectl_go_on '[^=]*$' state
        case op_handle op
            __vyrectl_go_on '[^=]*$' op
        case priority
            __vyrectl_go_on '[^=]*$' priority
        case flags
            __vyrectl_go_on '[^=]*$' flag
    end
end

function __vyrectl_kind_assignment_or_ring
    __vyrectl_kind_assignment
    __fish_complete_suffix .bin
end

# What is typed of the current value.
function __vyrectl_typed
    commandline -ct | string replace -r -- '^--[^=]+=' '' | string trim -l -c '\'"'
end

# Words of the kind $argv[2] after what is typed already; the pattern $argv[1] is the part that they replace.
function __vyrectl_go_on
    set -l head (__vyrectl_typed | string replace -r -- $argv[1] '')
    printf "$(string replace -a % %% -- "$head" | string replace -a \\ \\\\)%s\n" (__vyrectl_kind_$argv[2])
end

# A condition, usually quoted: after a comparison what a column can hold, elsewhere columns and connectives.
function __vyrectl_kind_where
    set -l head (__vyrectl_typed | string replace -r '[A-Za-z0-9_]*$' '')
    if string match -qr '[=<>,(]\s*$' -- "$head"
        __vyrectl_go_on '[A-Za-z0-9_]*$' where_value
    end
    if not string match -qr '[=<>,]\s*$' -- "$head"
        __vyrectl_go_on '[A-Za-z0-9_]*$' where_name
    end
end

# --- commands ---

complete -c vyrectl -f

complete -c vyrectl -n '__vyrectl_in \'\'' -l version -d 'Show the version of the library and of the ABI'
complete -c vyrectl -n '__vyrectl_in \'\'' -l install-completion -x -k -a '(__vyrectl_kind_shell)' -d 'Install the completion script of bash, zsh, fish or PowerShell'
complete -c vyrectl -n '__vyrectl_in \'\'' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at \'\' 0 0' -x -k -a '(__vyrectl_kind_command)'

complete -c vyrectl -n '__vyrectl_in encode' -l state -x -k -a '(__vyrectl_kind_state)' -d 'Lifecycle state'
complete -c vyrectl -n '__vyrectl_in encode' -l op-handle -l op -x -k -a '(__vyrectl_kind_op)' -d 'Operation to run'
complete -c vyrectl -n '__vyrectl_in encode' -l tenant-id -x -d 'Tenant, checked before a claim'
complete -c vyrectl -n '__vyrectl_in encode' -l priority -x -k -a '(__vyrectl_kind_priority)' -d 'Priority class'
complete -c vyrectl -n '__vyrectl_in encode' -l input-handle -x -d 'Handle of the input buffer'
complete -c vyrectl -n '__vyrectl_in encode' -l output-handle -x -d 'Handle of the output buffer'
complete -c vyrectl -n '__vyrectl_in encode' -l param -x -d 'A value for the operation, or an index into its argument table'
complete -c vyrectl -n '__vyrectl_in encode' -l continuation-pc -x -d 'Where the operation resumes'
complete -c vyrectl -n '__vyrectl_in encode' -l continuation-data -x -d 'Scratch kept for the operation'
complete -c vyrectl -n '__vyrectl_in encode' -l resume-epoch -x -d 'Epoch from which a paused task may resume'
complete -c vyrectl -n '__vyrectl_in encode' -l task-id -x -d 'Stable id'
complete -c vyrectl -n '__vyrectl_in encode' -l parent-task-id -x -d 'Id of the parent, 0 for none'
complete -c vyrectl -n '__vyrectl_in encode' -l age-ticks -x -d 'Scheduler age'
complete -c vyrectl -n '__vyrectl_in encode' -l requeue-count -x -d 'Times requeued'
complete -c vyrectl -n '__vyrectl_in encode' -l yield-count -x -d 'Times yielded'
complete -c vyrectl -n '__vyrectl_in encode' -l flags -x -k -a '(__vyrectl_kind_flag)' -d 'Flag bits'
complete -c vyrectl -n '__vyrectl_in encode' -l packed -x -k -a '(__vyrectl_kind_op)' -d 'Pack this operation into the slot; may be repeated'
complete -c vyrectl -n '__vyrectl_in encode' -l slot -x -d 'Write this slot of RING'
complete -c vyrectl -n '__vyrectl_in encode' -l raw -d 'Write the 64 bytes to stdout'
complete -c vyrectl -n '__vyrectl_in encode' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in encode' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in encode' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in encode' -l force -d 'Go on with what does not look like a ring, and change words that are arguments'
complete -c vyrectl -n '__vyrectl_in encode' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in encode' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in encode' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in encode' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in encode' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in encode' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in encode' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in encode' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in encode' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at encode 0 9999' -x -k -a '(__vyrectl_kind_assignment_or_ring)'

complete -c vyrectl -n '__vyrectl_in decode' -l hex -d 'The argument is hex, even if a file has that name'
complete -c vyrectl -n '__vyrectl_in decode' -l raw -d 'The file holds raw slots, even if it reads as text'
complete -c vyrectl -n '__vyrectl_in decode' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in decode' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in decode' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in decode' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in decode' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in decode' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in decode' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in decode' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in decode' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in decode' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in decode' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at decode 0 9999' -r -F

complete -c vyrectl -n '__vyrectl_in build' -l from -r -F -d 'The same as TABLE'
complete -c vyrectl -n '__vyrectl_in build' -l input-format -x -k -a '(__vyrectl_kind_input_format)' -d 'What TABLE is; told by its name or its first line if not given'
complete -c vyrectl -n '__vyrectl_in build' -l synthetic -x -d 'Make up N slots from a seed'
complete -c vyrectl -n '__vyrectl_in build' -l seed -x -d 'Seed of --synthetic; 0 if not given'
complete -c vyrectl -n '__vyrectl_in build' -l mix -r -F -d 'What --synthetic draws from, as JSON or TOML'
complete -c vyrectl -n '__vyrectl_in build' -l slots -x -d 'Slots of the ring; those past the tasks are Empty'
complete -c vyrectl -n '__vyrectl_in build' -l offset -x -d 'FILE is a dump: its ring starts there'
complete -c vyrectl -n '__vyrectl_in build' -l count -x -d 'FILE is a dump: its ring has so many slots'
complete -c vyrectl -n '__vyrectl_in build' -l force -d 'Replace an existing file'
complete -c vyrectl -n '__vyrectl_in build' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in build' -l dry-run -d 'Check everything and write nothing'
complete -c vyrectl -n '__vyrectl_in build' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in build' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in build' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in build' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in build' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in build' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in build' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in build' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at build 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at build 1 1' -r -F

complete -c vyrectl -n '__vyrectl_in inspect' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in inspect' -l slots -x -d 'Only these slots, e.g. 0-15,20'
complete -c vyrectl -n '__vyrectl_in inspect' -l slot -x -d 'Show this one slot in full'
complete -c vyrectl -n '__vyrectl_in inspect' -l tree -d 'Show tasks below their parents, with all ancestors'
complete -c vyrectl -n '__vyrectl_in inspect' -l group -x -a '(__vyrectl_go_on "[^,]*\$" column)' -d 'Count slots by these fields'
complete -c vyrectl -n '__vyrectl_in inspect' -l sort -x -a '(__vyrectl_go_on "[^,]*\$" column)' -d 'Order of the rows; -FIELD is descending'
complete -c vyrectl -n '__vyrectl_in inspect' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in inspect' -l columns -x -a '(__vyrectl_go_on "[^,]*\$" column)' -d 'Only these columns; \'words\' is all 16 fields'
complete -c vyrectl -n '__vyrectl_in inspect' -l output -r -F -d 'Write a .parquet or .arrow file (needs pyarrow)'
complete -c vyrectl -n '__vyrectl_in inspect' -l control -r -F -d 'Show each slot\'s partition (words 129-134 there) beside word 3'
complete -c vyrectl -n '__vyrectl_in inspect' -l no-pager -d 'Never page a long table'
complete -c vyrectl -n '__vyrectl_in inspect' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in inspect' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in inspect' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in inspect' -l force -d 'Let --output replace a file of another kind'
complete -c vyrectl -n '__vyrectl_in inspect' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in inspect' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in inspect' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in inspect' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in inspect' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in inspect' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in inspect' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in inspect' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at inspect 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in open' -l unpack -r -F -d 'Write each buffer of an all-in-one file into this folder'
complete -c vyrectl -n '__vyrectl_in open' -l force -d 'With --unpack, replace files that exist'
complete -c vyrectl -n '__vyrectl_in open' -l slots -x -d 'Slots of the ring, where the file does not tell'
complete -c vyrectl -n '__vyrectl_in open' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in open' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in open' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in open' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in open' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at open 0 0' -r -F

complete -c vyrectl -n '__vyrectl_in snapshot' -l by -x -a '(__vyrectl_go_on "[^,]*\$" group)' -d 'Also count by state, priority, tenant, op, flags, fault_name'
complete -c vyrectl -n '__vyrectl_in snapshot' -l ages -d 'Also say how ages and requeues spread over the open tasks'
complete -c vyrectl -n '__vyrectl_in snapshot' -l oldest -x -d 'Also list the oldest tasks'
complete -c vyrectl -n '__vyrectl_in snapshot' -l lenient -d 'Count unknown states apart instead of refusing them'
complete -c vyrectl -n '__vyrectl_in snapshot' -l since -r -F -d 'Compare with a snapshot that was saved'
complete -c vyrectl -n '__vyrectl_in snapshot' -l control -r -F -d 'Also show the runtime\'s view of the ring and this'
complete -c vyrectl -n '__vyrectl_in snapshot' -l watch -x -d 'Look again and again, this often, until Ctrl-C'
complete -c vyrectl -n '__vyrectl_in snapshot' -l ticks -x -d 'End --watch after N looks'
complete -c vyrectl -n '__vyrectl_in snapshot' -l alert -x -d 'Say when this begins and ends, e.g. \'done_delta == 0 for 30s\''
complete -c vyrectl -n '__vyrectl_in snapshot' -l alert-exits -d 'End with exit code 6 when an alert begins'
complete -c vyrectl -n '__vyrectl_in snapshot' -l append -r -F -d 'Append each answer to a JSONL file'
complete -c vyrectl -n '__vyrectl_in snapshot' -l openmetrics -d 'Write OpenMetrics text, as a node exporter reads it'
complete -c vyrectl -n '__vyrectl_in snapshot' -l output -r -F -d 'Put the OpenMetrics text in this file\'s place'
complete -c vyrectl -n '__vyrectl_in snapshot' -l force -d 'Let --output and --append take a file of another kind'
complete -c vyrectl -n '__vyrectl_in snapshot' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in snapshot' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in snapshot' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in snapshot' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in snapshot' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in snapshot' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in snapshot' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in snapshot' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in snapshot' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in snapshot' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in snapshot' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at snapshot 0 9999' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in map' -l by -x -k -a '(__vyrectl_kind_by)' -d 'What the marks show'
complete -c vyrectl -n '__vyrectl_in map' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in map' -l slots -x -d 'Only these slots, e.g. 0-15,20'
complete -c vyrectl -n '__vyrectl_in map' -l width -x -d 'Marks in a row; what fits by default'
complete -c vyrectl -n '__vyrectl_in map' -l height -x -d 'Most rows; what fits by default'
complete -c vyrectl -n '__vyrectl_in map' -l output -r -F -d 'Write a PNG file, one square a slot'
complete -c vyrectl -n '__vyrectl_in map' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in map' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in map' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in map' -l force -d 'Let --output replace a file of another kind'
complete -c vyrectl -n '__vyrectl_in map' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in map' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in map' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in map' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in map' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in map' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in map' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in map' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at map 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in diff' -l illegal -d 'List only changes that no lifecycle step makes'
complete -c vyrectl -n '__vyrectl_in diff' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in diff' -l no-pager -d 'Never page a long table'
complete -c vyrectl -n '__vyrectl_in diff' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in diff' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in diff' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in diff' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in diff' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in diff' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in diff' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in diff' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in diff' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in diff' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in diff' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at diff 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at diff 1 1' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in plot' -l show -x -a '(__vyrectl_go_on "[^,]*\$" metric)' -d 'Draw these: schedulable, running, paused, faulted, done_rate, requeue_rate, depth_rate, age, age_p99, age_p50, all'
complete -c vyrectl -n '__vyrectl_in plot' -l ring -x -d 'Draw this ring alone'
complete -c vyrectl -n '__vyrectl_in plot' -l height -x -d 'Lines of a chart'
complete -c vyrectl -n '__vyrectl_in plot' -l output -r -F -d 'Write a .png, .svg or .pdf file (needs matplotlib)'
complete -c vyrectl -n '__vyrectl_in plot' -l force -d 'Let --output replace a file of another kind'
complete -c vyrectl -n '__vyrectl_in plot' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in plot' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in plot' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in plot' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in plot' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at plot 0 0' -r -F

complete -c vyrectl -n '__vyrectl_in report' -l output -r -F -d 'The page to write, or - for standard output'
complete -c vyrectl -n '__vyrectl_in report' -l launch -r -F -d 'Report of the last `launch --json`'
complete -c vyrectl -n '__vyrectl_in report' -l trace -r -F -d 'Trace of `launch --trace`'
complete -c vyrectl -n '__vyrectl_in report' -l history -r -F -d 'History of `snapshot --append`'
complete -c vyrectl -n '__vyrectl_in report' -l control -r -F -d 'Control buffer of the rings'
complete -c vyrectl -n '__vyrectl_in report' -l force -d 'Let --output replace a file of another kind'
complete -c vyrectl -n '__vyrectl_in report' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in report' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in report' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in report' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in report' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in report' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in report' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in report' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at report 0 9999' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in top' -l interval -x -d 'Time between looks'
complete -c vyrectl -n '__vyrectl_in top' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in top' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in top' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in top' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in top' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in top' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in top' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in top' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at top 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in transition' -l pc -x -d 'New continuation_pc; kept if not given'
complete -c vyrectl -n '__vyrectl_in transition' -l data -x -d 'New continuation_data; kept if not given'
complete -c vyrectl -n '__vyrectl_in transition' -l epoch -x -k -a '(__vyrectl_kind_epoch)' -d 'For pause: the epoch to wait for'
complete -c vyrectl -n '__vyrectl_in transition' -l priority -x -k -a '(__vyrectl_kind_priority)' -d 'For requeue: new class; kept if not given'
complete -c vyrectl -n '__vyrectl_in transition' -l code -x -k -a '(__vyrectl_kind_fault)' -d 'For fault: why, a number or an engine fault'
complete -c vyrectl -n '__vyrectl_in transition' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in transition' -l all -d 'Every slot of the ring'
complete -c vyrectl -n '__vyrectl_in transition' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in transition' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in transition' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in transition' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in transition' -l force -d 'Go on with what does not look like a ring, and change words that are arguments'
complete -c vyrectl -n '__vyrectl_in transition' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in transition' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in transition' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in transition' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in transition' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in transition' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in transition' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in transition' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in transition' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at transition 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at transition 1 1' -x -k -a '(__vyrectl_kind_action)'
complete -c vyrectl -n '__vyrectl_at transition 2 9999' -x

complete -c vyrectl -n '__vyrectl_in set' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in set' -l all -d 'Every slot of the ring'
complete -c vyrectl -n '__vyrectl_in set' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in set' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in set' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in set' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in set' -l force -d 'Go on with what does not look like a ring, and change words that are arguments'
complete -c vyrectl -n '__vyrectl_in set' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in set' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in set' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in set' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in set' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in set' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in set' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in set' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in set' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at set 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at set 1 9999' -x -k -a '(__vyrectl_kind_assignment)'

complete -c vyrectl -n '__vyrectl_in publish' -l slot -x -d 'First slot; by default the first run that is free'
complete -c vyrectl -n '__vyrectl_in publish' -l tenant -x -d 'Tenant of the tasks'
complete -c vyrectl -n '__vyrectl_in publish' -l from -r -F -d 'Work items as JSON lines or CSV: op, input, output, param'
complete -c vyrectl -n '__vyrectl_in publish' -l batch -d 'Close them with a batch fence'
complete -c vyrectl -n '__vyrectl_in publish' -l tag -x -d 'With --batch, what the fence reports'
complete -c vyrectl -n '__vyrectl_in publish' -l packed -d 'Put all of them into one slot'
complete -c vyrectl -n '__vyrectl_in publish' -l load-miss -x -d 'Ask for this resource instead'
complete -c vyrectl -n '__vyrectl_in publish' -l prefetch -d 'With --load-miss, ask ahead of need'
complete -c vyrectl -n '__vyrectl_in publish' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in publish' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in publish' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in publish' -l force -d 'Go on with what does not look like a ring, and change words that are arguments'
complete -c vyrectl -n '__vyrectl_in publish' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in publish' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in publish' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in publish' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in publish' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in publish' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in publish' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in publish' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in publish' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at publish 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at publish 1 9999' -x -k -a '(__vyrectl_kind_op)'

complete -c vyrectl -n '__vyrectl_in control' -l new -d 'Make a fresh one'
complete -c vyrectl -n '__vyrectl_in control' -l force -d 'Take FILE for a control buffer; with --new, replace it'
complete -c vyrectl -n '__vyrectl_in control' -l tenants -x -d 'With --new, how many are let in; all by default'
complete -c vyrectl -n '__vyrectl_in control' -l observables -x -d 'With --new, observable words; 32 by default'
complete -c vyrectl -n '__vyrectl_in control' -l slots -x -d 'Write the priority offsets for so many slots'
complete -c vyrectl -n '__vyrectl_in control' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in control' -l backup -d 'Keep the old one as FILE.bak'
complete -c vyrectl -n '__vyrectl_in control' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in control' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in control' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in control' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in control' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in control' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in control' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in control' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at control 0 0' -r -F
complete -c vyrectl -n '__vyrectl_at control 1 9999' -x

complete -c vyrectl -n '__vyrectl_in why' -l control -r -F -d 'Control buffer that goes with the ring'
complete -c vyrectl -n '__vyrectl_in why' -l since -r -F -d 'An earlier look: a copy of the ring, or a snapshot'
complete -c vyrectl -n '__vyrectl_in why' -l trace -r -F -d 'What `launch --trace` wrote'
complete -c vyrectl -n '__vyrectl_in why' -l epoch -x -d 'Epoch to go by; the control buffer\'s if not given'
complete -c vyrectl -n '__vyrectl_in why' -l age-threshold -x -d 'Age ticks of a starved task; 32 if not given'
complete -c vyrectl -n '__vyrectl_in why' -l again-after -x -d 'Look twice, so far apart; a second for a ring that runs in place if not given, 0 for once'
complete -c vyrectl -n '__vyrectl_in why' -l fail-on -x -k -a '(__vyrectl_kind_cause)' -d 'Exit 1 for this class alone; may be repeated'
complete -c vyrectl -n '__vyrectl_in why' -l explain -x -k -a '(__vyrectl_kind_cause)' -d 'Say what a class means, or all; needs no ring'
complete -c vyrectl -n '__vyrectl_in why' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in why' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in why' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in why' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in why' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in why' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in why' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in why' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in why' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in why' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in why' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at why 0 9999' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in check' -l ignore -x -k -a '(__vyrectl_kind_finding)' -d 'Leave this finding out; may be repeated'
complete -c vyrectl -n '__vyrectl_in check' -l explain -x -k -a '(__vyrectl_kind_finding)' -d 'Say what a finding means, or all; needs no ring'
complete -c vyrectl -n '__vyrectl_in check' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in check' -l control -r -F -d 'Control buffer that goes with the ring'
complete -c vyrectl -n '__vyrectl_in check' -l debug-log -r -F -d 'Debug log that goes with the ring'
complete -c vyrectl -n '__vyrectl_in check' -l io-queue -r -F -d 'I/O queue that goes with the ring'
complete -c vyrectl -n '__vyrectl_in check' -l epoch -x -d 'Epoch to go by; --control\'s, or 0, if not given'
complete -c vyrectl -n '__vyrectl_in check' -l age-threshold -x -d 'Age ticks of a starving task, 32 if not given'
complete -c vyrectl -n '__vyrectl_in check' -l abi -x -k -a '(__vyrectl_kind_abi)' -d 'Words 4-15: a task\'s, up to 12 arguments, or as the evidence says'
complete -c vyrectl -n '__vyrectl_in check' -l strict -d 'Warnings fail the check too (exit code 3); notes do not'
complete -c vyrectl -n '__vyrectl_in check' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in check' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in check' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in check' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in check' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in check' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in check' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in check' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in check' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at check 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in recover' -l as -x -k -a '(__vyrectl_kind_outcome)' -d 'What an orphan becomes'
complete -c vyrectl -n '__vyrectl_in recover' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in recover' -l partial -d 'Accept a file that ends in a part of a slot; that part is kept'
complete -c vyrectl -n '__vyrectl_in recover' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in recover' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in recover' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in recover' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in recover' -l force -d 'Go on with what does not look like a ring, and change words that are arguments'
complete -c vyrectl -n '__vyrectl_in recover' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in recover' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in recover' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in recover' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in recover' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in recover' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in recover' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in recover' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in recover' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at recover 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at recover 1 9999' -x

complete -c vyrectl -n '__vyrectl_in repair' -l code -x -k -a '(__vyrectl_kind_fault)' -d 'Only tasks with this fault code; may be repeated'
complete -c vyrectl -n '__vyrectl_in repair' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in repair' -l all -d 'Every slot of the ring'
complete -c vyrectl -n '__vyrectl_in repair' -l pc -x -d 'Where they go on; 0, the beginning, if not given'
complete -c vyrectl -n '__vyrectl_in repair' -l data -x -d 'Their new continuation_data; 0 if not given'
complete -c vyrectl -n '__vyrectl_in repair' -l dry-run -d 'Show what would change and change nothing'
complete -c vyrectl -n '__vyrectl_in repair' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in repair' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in repair' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in repair' -l force -d 'Go on with what does not look like a ring, and change words that are arguments'
complete -c vyrectl -n '__vyrectl_in repair' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in repair' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in repair' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in repair' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in repair' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in repair' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in repair' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in repair' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in repair' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at repair 0 0' -x -k -a '(__fish_complete_suffix .bin)'
complete -c vyrectl -n '__vyrectl_at repair 1 9999' -x

complete -c vyrectl -n '__vyrectl_in apply' -l request -r -F -d 'A launch request, as JSON or TOML'
complete -c vyrectl -n '__vyrectl_in apply' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in apply' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in apply' -l lenient -d 'Leave slots in an unknown state out'
complete -c vyrectl -n '__vyrectl_in apply' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in apply' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in apply' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in apply' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in apply' -l queue-len -x -d 'Tasks that wait to be claimed'
complete -c vyrectl -n '__vyrectl_in apply' -l requested-worker-groups -x -d 'Work-groups wanted; 0 derives them from the limits'
complete -c vyrectl -n '__vyrectl_in apply' -l max-workgroup-size-x -x -d 'Widest work-group that the device takes'
complete -c vyrectl -n '__vyrectl_in apply' -l max-compute-workgroups-per-dimension -x -d 'Most work-groups per dimension'
complete -c vyrectl -n '__vyrectl_in apply' -l max-compute-invocations-per-workgroup -x -d 'Most work-items of a work-group'
complete -c vyrectl -n '__vyrectl_in apply' -l requested-hit-capacity -x -d 'Hits to make room for; 0 derives them'
complete -c vyrectl -n '__vyrectl_in apply' -l expected-hits-per-item -x -d 'Hits that a task is expected to make'
complete -c vyrectl -n '__vyrectl_in apply' -l hot-opcode-count -x -d 'Opcodes that run often'
complete -c vyrectl -n '__vyrectl_in apply' -l hot-window-count -x -d 'Windows of opcodes that run often'
complete -c vyrectl -n '__vyrectl_in apply' -l requeue-count -x -d 'Requeues seen so far'
complete -c vyrectl -n '__vyrectl_in apply' -l max-priority-age -x -d 'Age of the oldest task, in ticks'
complete -c vyrectl -n '__vyrectl_in apply' -l graph-node-count -x -d 'Nodes of the graph behind the queue'
complete -c vyrectl -n '__vyrectl_in apply' -l graph-edge-count -x -d 'Edges of the graph behind the queue'
complete -c vyrectl -n '__vyrectl_in apply' -l frontier-density-bps -x -d 'Share of the nodes that are active, in bps; 0 infers it'
complete -c vyrectl -n '__vyrectl_in apply' -l memory-pressure-bps -x -d 'Share of the device memory in use, in bps; 0 infers it'
complete -c vyrectl -n '__vyrectl_in apply' -l resident-device-bytes -x -d 'Bytes that lie on the device already'
complete -c vyrectl -n '__vyrectl_in apply' -l device-memory-budget-bytes -x -d 'Bytes that may lie on the device; 0 is unbounded'
complete -c vyrectl -n '__vyrectl_in apply' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at apply 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in plan' -l device -x -k -a '(__vyrectl_kind_device)' -d 'Device whose limits to plan for; the best by default'
complete -c vyrectl -n '__vyrectl_in plan' -l request -r -F -d 'A launch request, as JSON or TOML'
complete -c vyrectl -n '__vyrectl_in plan' -l previous -x -k -a '(__vyrectl_kind_topology)' -d 'Topology of the launch before, for hysteresis'
complete -c vyrectl -n '__vyrectl_in plan' -l policy -r -F -d 'Thresholds of the policy, as JSON or TOML'
complete -c vyrectl -n '__vyrectl_in plan' -l compare -r -F -d 'Launch copies of the ring under two policies, and say which does better'
complete -c vyrectl -n '__vyrectl_in plan' -l explain -d 'Show each step that decided something'
complete -c vyrectl -n '__vyrectl_in plan' -l sweep -x -d 'Show where the answer flips'
complete -c vyrectl -n '__vyrectl_in plan' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations that the launch will be given; repeatable'
complete -c vyrectl -n '__vyrectl_in plan' -l buffer -r -F -d 'Buffers that it will be given, as launch takes them'
complete -c vyrectl -n '__vyrectl_in plan' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in plan' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in plan' -l lenient -d 'Leave slots in an unknown state out'
complete -c vyrectl -n '__vyrectl_in plan' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in plan' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in plan' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in plan' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in plan' -l queue-len -x -d 'Tasks that wait to be claimed'
complete -c vyrectl -n '__vyrectl_in plan' -l requested-worker-groups -x -d 'Work-groups wanted; 0 derives them from the limits'
complete -c vyrectl -n '__vyrectl_in plan' -l max-workgroup-size-x -x -d 'Widest work-group that the device takes'
complete -c vyrectl -n '__vyrectl_in plan' -l max-compute-workgroups-per-dimension -x -d 'Most work-groups per dimension'
complete -c vyrectl -n '__vyrectl_in plan' -l max-compute-invocations-per-workgroup -x -d 'Most work-items of a work-group'
complete -c vyrectl -n '__vyrectl_in plan' -l requested-hit-capacity -x -d 'Hits to make room for; 0 derives them'
complete -c vyrectl -n '__vyrectl_in plan' -l expected-hits-per-item -x -d 'Hits that a task is expected to make'
complete -c vyrectl -n '__vyrectl_in plan' -l hot-opcode-count -x -d 'Opcodes that run often'
complete -c vyrectl -n '__vyrectl_in plan' -l hot-window-count -x -d 'Windows of opcodes that run often'
complete -c vyrectl -n '__vyrectl_in plan' -l requeue-count -x -d 'Requeues seen so far'
complete -c vyrectl -n '__vyrectl_in plan' -l max-priority-age -x -d 'Age of the oldest task, in ticks'
complete -c vyrectl -n '__vyrectl_in plan' -l graph-node-count -x -d 'Nodes of the graph behind the queue'
complete -c vyrectl -n '__vyrectl_in plan' -l graph-edge-count -x -d 'Edges of the graph behind the queue'
complete -c vyrectl -n '__vyrectl_in plan' -l frontier-density-bps -x -d 'Share of the nodes that are active, in bps; 0 infers it'
complete -c vyrectl -n '__vyrectl_in plan' -l memory-pressure-bps -x -d 'Share of the device memory in use, in bps; 0 infers it'
complete -c vyrectl -n '__vyrectl_in plan' -l resident-device-bytes -x -d 'Bytes that lie on the device already'
complete -c vyrectl -n '__vyrectl_in plan' -l device-memory-budget-bytes -x -d 'Bytes that may lie on the device; 0 is unbounded'
complete -c vyrectl -n '__vyrectl_in plan' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at plan 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in converge' -l step -x -k -a '(__vyrectl_kind_step)' -d 'Transfer step; distribution by default'
complete -c vyrectl -n '__vyrectl_in converge' -l steps -x -k -a '(__fish_complete_suffix .cl)' -d 'Transfer steps of your own'
complete -c vyrectl -n '__vyrectl_in converge' -l matrix -r -F -d 'Transition chances or counts, row = from'
complete -c vyrectl -n '__vyrectl_in converge' -l transitions -r -F -d 'Transition counts that launch --json reported'
complete -c vyrectl -n '__vyrectl_in converge' -l edges -r -F -d 'Edges of a graph for reachability: [[from, to], ...]'
complete -c vyrectl -n '__vyrectl_in converge' -l operand -x -k -a '(__fish_complete_suffix .npy)' -d 'Operand of your own step, from 0 up; repeats'
complete -c vyrectl -n '__vyrectl_in converge' -l lazy -d 'Move half of each share at a time: same limit, no swinging'
complete -c vyrectl -n '__vyrectl_in converge' -l max-iterations -x -d 'Most iterations'
complete -c vyrectl -n '__vyrectl_in converge' -l device -s d -x -k -a '(__vyrectl_kind_device)' -d 'Where to run: an id, cpu, gpu, a name, reference'
complete -c vyrectl -n '__vyrectl_in converge' -l timeout -x -d 'Stop after this time'
complete -c vyrectl -n '__vyrectl_in converge' -l output -s o -r -F -d 'Write the resulting words here, as .npy'
complete -c vyrectl -n '__vyrectl_in converge' -l offset -x -d 'Where the ring starts inside a larger dump'
complete -c vyrectl -n '__vyrectl_in converge' -l count -x -d 'How many slots from there; all by default'
complete -c vyrectl -n '__vyrectl_in converge' -l lenient -d 'Leave slots in an unknown state out'
complete -c vyrectl -n '__vyrectl_in converge' -l force -d 'Let --output replace a file of another kind'
complete -c vyrectl -n '__vyrectl_in converge' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in converge' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in converge' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in converge' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in converge' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at converge 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in launch' -l device -s d -x -k -a '(__vyrectl_kind_device)' -d 'Where to run: an id, cpu, gpu, a name, reference; several: 0:0,0:1, gpu:*, all'
complete -c vyrectl -n '__vyrectl_in launch' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in launch' -l epoch -x -d 'Epoch to start at; due paused tasks are resumed'
complete -c vyrectl -n '__vyrectl_in launch' -l where -x -k -a '(__vyrectl_kind_where)' -d 'Only slots for which this holds, e.g. \'state == paused\'; < and > go by the words (critical is 0)'
complete -c vyrectl -n '__vyrectl_in launch' -l age-threshold -x -d 'Age ticks that lift a task by one class; 0: none'
complete -c vyrectl -n '__vyrectl_in launch' -l mode -x -k -a '(__vyrectl_kind_mode)' -d 'Compile the ring\'s operations, or all'
complete -c vyrectl -n '__vyrectl_in launch' -l plan -x -k -a '(__vyrectl_kind_plan)' -d 'Ask the policy, do not, or replay a saved plan'
complete -c vyrectl -n '__vyrectl_in launch' -l policy -r -F -d 'Thresholds for --plan auto, as JSON or TOML'
complete -c vyrectl -n '__vyrectl_in launch' -l trace -r -F -d 'Write when each turn was made, for Perfetto'
complete -c vyrectl -n '__vyrectl_in launch' -l trace-records -x -d 'Turns that the trace holds; 65536 by default'
complete -c vyrectl -n '__vyrectl_in launch' -l tenant-quota -x -d 'Most claims of a tenant in this launch; repeatable'
complete -c vyrectl -n '__vyrectl_in launch' -l max-steps -x -d 'Stop after this many claims'
complete -c vyrectl -n '__vyrectl_in launch' -l timeout -x -d 'Stop after this time'
complete -c vyrectl -n '__vyrectl_in launch' -l fault-unknown -d 'Go on although tasks would only be Faulted: no operation or no buffer is known for them'
complete -c vyrectl -n '__vyrectl_in launch' -l workers -x -d 'Work-groups'
complete -c vyrectl -n '__vyrectl_in launch' -l work-group-size -x -d 'Work-items of a work-group'
complete -c vyrectl -n '__vyrectl_in launch' -l ticket -x -d 'Tasks taken at once'
complete -c vyrectl -n '__vyrectl_in launch' -l fast-index -l no-fast-index -d '32 bytes a slot beside the ring on the device, or 8; by default what fits easily'
complete -c vyrectl -n '__vyrectl_in launch' -l shard-slots -x -d 'Work on N slots at a time; all that fit by default, four parts each for several devices'
complete -c vyrectl -n '__vyrectl_in launch' -l verify -d 'Prove that each task was claimed once and nothing else changed'
complete -c vyrectl -n '__vyrectl_in launch' -l watch -l no-watch -d 'Keep what each worker has in hand, for `workers`, `top` and `--stall-after`'
complete -c vyrectl -n '__vyrectl_in launch' -l buffer -r -F -d 'x.npy, x.npy:OUT.npy or zeros:DTYPE:SHAPE[:OUT.npy]'
complete -c vyrectl -n '__vyrectl_in launch' -l grace -x -d 'Time to stop before the kill'
complete -c vyrectl -n '__vyrectl_in launch' -l control -r -F -d 'Control buffer to start from; its tenants\' gate holds'
complete -c vyrectl -n '__vyrectl_in launch' -l save-control -r -F -d 'Write the control buffer at the end'
complete -c vyrectl -n '__vyrectl_in launch' -l debug-log -r -F -d 'Show PRINTF records as they come, and keep them here'
complete -c vyrectl -n '__vyrectl_in launch' -l debug-records -x -d 'Records that it has room for; 64 by default'
complete -c vyrectl -n '__vyrectl_in launch' -l record -r -F -d 'Append a record of every ended task to a replay log; publications:FILE records publications'
complete -c vyrectl -n '__vyrectl_in launch' -l record-capacity -x -d 'Records that a new replay log has room for'
complete -c vyrectl -n '__vyrectl_in launch' -l in-place -l no-in-place -d 'Let a CPU device work on the mapped file itself'
complete -c vyrectl -n '__vyrectl_in launch' -l output -s o -x -k -a '(__fish_complete_suffix .bin)' -d 'Write the result here and keep RING'
complete -c vyrectl -n '__vyrectl_in launch' -l backup -d 'Keep the old ring as RING.bak, or .bak.1 and so on'
complete -c vyrectl -n '__vyrectl_in launch' -l dask -x -d 'Run it on a Dask cluster\'s workers: tcp://HOST:8786, or local[N] for N processes here'
complete -c vyrectl -n '__vyrectl_in launch' -l dask-security -x -d 'Speak TLS with the cluster; three PEM files'
complete -c vyrectl -n '__vyrectl_in launch' -l resume -d 'Say which shards the journal of an earlier launch holds'
complete -c vyrectl -n '__vyrectl_in launch' -l formats -r -F -d 'JSON: format id -> text, as `debug` takes it'
complete -c vyrectl -n '__vyrectl_in launch' -l follow -d 'Stay when drained; sleep until there is work, or SHUTDOWN'
complete -c vyrectl -n '__vyrectl_in launch' -l feed -r -F -d 'Take JSONL tasks and commands; answer on stdout'
complete -c vyrectl -n '__vyrectl_in launch' -l reclaim -d 'Put fed tasks into Done slots too'
complete -c vyrectl -n '__vyrectl_in launch' -l spin-ms -x -d 'Poll so long for more work before sleeping'
complete -c vyrectl -n '__vyrectl_in launch' -l stall-after -x -d 'Say why when no turn ended for so long; 60 if not given, 0: never'
complete -c vyrectl -n '__vyrectl_in launch' -l on-stall -x -k -a '(__vyrectl_kind_command)' -d 'Run this then; RING and STALL_JSON are set'
complete -c vyrectl -n '__vyrectl_in launch' -l stall-ends -d 'End then, with exit code 7'
complete -c vyrectl -n '__vyrectl_in launch' -l fail-on-fault -d 'Exit 6 when a task faulted'
complete -c vyrectl -n '__vyrectl_in launch' -l dry-run -d 'Show what would be claimed and run nothing'
complete -c vyrectl -n '__vyrectl_in launch' -l force -d 'Go on with what does not look like a ring'
complete -c vyrectl -n '__vyrectl_in launch' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in launch' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in launch' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in launch' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in launch' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in launch' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in launch' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at launch 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in workers' -l all -d 'List workers without a task too, however many they are'
complete -c vyrectl -n '__vyrectl_in workers' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in workers' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in workers' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in workers' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in workers' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in workers' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in workers' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in workers' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at workers 0 0' -x -k -a '(__fish_complete_suffix .bin)'

complete -c vyrectl -n '__vyrectl_in worker' -l device -s d -x -k -a '(__vyrectl_kind_device)' -d 'A device of that host; several: a line for each'
complete -c vyrectl -n '__vyrectl_in worker' -l dask-security -x -d 'Speak TLS; three PEM files of that host'
complete -c vyrectl -n '__vyrectl_in worker' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in worker' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in worker' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in worker' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at worker 0 0' -x

complete -c vyrectl -n '__vyrectl_in debug' -l formats -r -F -d 'JSON: format id -> text with %u, %d, %x, %f'
complete -c vyrectl -n '__vyrectl_in debug' -l strict -d 'Refuse a log that dropped records, as the runtime does'
complete -c vyrectl -n '__vyrectl_in debug' -l force -d 'Show FILE as a debug log, whatever it looks like'
complete -c vyrectl -n '__vyrectl_in debug' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in debug' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in debug' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in debug' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in debug' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in debug' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at debug 0 0' -r -F

complete -c vyrectl -n '__vyrectl_in io' -l op -x -k -a '(__vyrectl_kind_io_op)' -d 'Only READ, WRITE or FENCE'
complete -c vyrectl -n '__vyrectl_in io' -l status -x -k -a '(__vyrectl_kind_io_status)' -d 'Only requests of this status, e.g. published'
complete -c vyrectl -n '__vyrectl_in io' -l tag -x -d 'Only requests with this tag'
complete -c vyrectl -n '__vyrectl_in io' -l unused -d 'Also show records that nobody has written'
complete -c vyrectl -n '__vyrectl_in io' -l force -d 'Show FILE as an I/O queue, whatever it looks like'
complete -c vyrectl -n '__vyrectl_in io' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in io' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in io' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in io' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in io' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in io' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at io 0 0' -r -F

complete -c vyrectl -n '__vyrectl_in replay' -l slots -x -d 'Only records of these slots, e.g. 0-15,20'
complete -c vyrectl -n '__vyrectl_in replay' -l tenant -x -d 'Only records of this tenant'
complete -c vyrectl -n '__vyrectl_in replay' -l op -x -k -a '(__vyrectl_kind_op)' -d 'Only records of this operation'
complete -c vyrectl -n '__vyrectl_in replay' -l failed -d 'Only records with evidence of a failure'
complete -c vyrectl -n '__vyrectl_in replay' -l ring -x -k -a '(__fish_complete_suffix .bin)' -d 'With --diff, the ring as it was at first'
complete -c vyrectl -n '__vyrectl_in replay' -l diff -d 'Run the log again on --ring and name the first divergence'
complete -c vyrectl -n '__vyrectl_in replay' -l buffer -r -F -d 'With --diff, buffers as `launch` takes them'
complete -c vyrectl -n '__vyrectl_in replay' -l control -r -F -d 'With --diff, the control buffer to start from'
complete -c vyrectl -n '__vyrectl_in replay' -l no-digest -d 'With --diff, leave output digests out: another runtime\'s differ'
complete -c vyrectl -n '__vyrectl_in replay' -l limit -x -k -a '(__vyrectl_kind_limit)' -d 'Most rows; 64 in a table, all otherwise'
complete -c vyrectl -n '__vyrectl_in replay' -l ops -x -k -a '(__fish_complete_suffix .cl)' -d 'Operations of your own; may be repeated'
complete -c vyrectl -n '__vyrectl_in replay' -l op-names -r -F -d 'Names of operations without a source: JSON or CSV of id and name'
complete -c vyrectl -n '__vyrectl_in replay' -l no-builtin-names -d 'Leave vyrectl\'s own ids (0x1000-0x10FF) without a name'
complete -c vyrectl -n '__vyrectl_in replay' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in replay' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in replay' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in replay' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in replay' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at replay 0 0' -r -F

complete -c vyrectl -n '__vyrectl_in demo' -l device -s d -x -k -a '(__vyrectl_kind_device)' -d 'Where to run; the best device by default'
complete -c vyrectl -n '__vyrectl_in demo' -l output -s o -x -k -a '(__fish_complete_suffix .png)' -d 'Also write the picture as PNG'
complete -c vyrectl -n '__vyrectl_in demo' -l keep -x -k -a '(__fish_complete_suffix .bin)' -d 'Also write the finished ring, to look at'
complete -c vyrectl -n '__vyrectl_in demo' -l force -d 'Replace files of another kind that have these names'
complete -c vyrectl -n '__vyrectl_in demo' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in demo' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in demo' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in demo' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in demo' -l help -s h -d 'Show this message and exit'

complete -c vyrectl -n '__vyrectl_in bench' -l device -s d -x -k -a '(__vyrectl_kind_device)' -d 'Where to measure; the best device by default'
complete -c vyrectl -n '__vyrectl_in bench' -l quick -d 'Rings up to 1M slots, fewer rounds: under a minute'
complete -c vyrectl -n '__vyrectl_in bench' -l sizes -x -d 'Slots of the rings, e.g. 1k,64k,1M,16M'
complete -c vyrectl -n '__vyrectl_in bench' -l repeat -x -d 'Rounds that count: 9, or 5 with --quick'
complete -c vyrectl -n '__vyrectl_in bench' -l only -x -d 'Of tasks, groups, memory, start, order: these alone'
complete -c vyrectl -n '__vyrectl_in bench' -l seconds -x -d 'For live: length of the stress; 5 by default'
complete -c vyrectl -n '__vyrectl_in bench' -l tasks -x -d 'For live: tasks of each feed; 100000 by default'
complete -c vyrectl -n '__vyrectl_in bench' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in bench' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in bench' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in bench' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in bench' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at bench 0 0' -x -k -a '(__vyrectl_kind_subject)'

complete -c vyrectl -n '__vyrectl_in help' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in help' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in help' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in help' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in help' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at help 0 0' -x -k -a '(__vyrectl_kind_topic)'

complete -c vyrectl -n '__vyrectl_in devices' -l check -d 'Build and run a kernel on each, and name its fence rung'
complete -c vyrectl -n '__vyrectl_in devices' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in devices' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in devices' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in devices' -l help -s h -d 'Show this message and exit'

complete -c vyrectl -n '__vyrectl_in doctor' -l system -x -k -a '(__vyrectl_kind_system)' -d 'Advise for another kind of system'
complete -c vyrectl -n '__vyrectl_in doctor' -l timeout -x -d 'Time limit for each device'
complete -c vyrectl -n '__vyrectl_in doctor' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in doctor' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in doctor' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in doctor' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in doctor' -l help -s h -d 'Show this message and exit'

complete -c vyrectl -n '__vyrectl_in ops' -l check -d 'Look for mistakes in the files and compile them'
complete -c vyrectl -n '__vyrectl_in ops' -l device -s d -x -k -a '(__vyrectl_kind_device)' -d 'Where --check compiles; reference: only read the text'
complete -c vyrectl -n '__vyrectl_in ops' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in ops' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in ops' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in ops' -l quiet -s q -d 'Leave out talk and progress'
complete -c vyrectl -n '__vyrectl_in ops' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at ops 0 9999' -x -k -a '(__fish_complete_suffix .cl)'

complete -c vyrectl -n '__vyrectl_in schema' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in schema' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in schema' -l color -x -k -a '(__vyrectl_kind_color)' -d 'When to use colour'
complete -c vyrectl -n '__vyrectl_in schema' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at schema 0 0' -x -k -a '(__vyrectl_kind_command)'

complete -c vyrectl -n '__vyrectl_in completion' -l format -s f -x -k -a '(__vyrectl_kind_format)' -d 'How to write the answer'
complete -c vyrectl -n '__vyrectl_in completion' -l json -d 'Short for --format json'
complete -c vyrectl -n '__vyrectl_in completion' -l help -s h -d 'Show this message and exit'
complete -c vyrectl -n '__vyrectl_at completion 0 0' -x -k -a '(__vyrectl_kind_shell)'
