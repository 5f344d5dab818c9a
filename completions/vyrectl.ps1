# PowerShell completion for vyrectl. Generated from the program's own options; do not edit.
#
# Install it with `vyrectl --install-completion powershell`, or dot-source this file from $PROFILE.

Register-ArgumentCompleter -Native -CommandName vyrectl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # Kind -> pairs of a word and its meaning.
    $kinds = @{
        'abi' = @(
            @('task', 'words 4-15 are a task''s (spec 1.2)'),
            @('protocol', 'words 4-15 are up to 12 arguments (spec 3.3)'),
            @('auto', 'as the evidence says, operation by operation; arguments that look like a task''s read as a task''s')
        )
        'action' = @(
            @('pause', 'wait for an epoch'),
            @('resume', 'make a paused task claimable again'),
            @('yield', 'give up the worker and keep the progress'),
            @('requeue', 'go back to a priority class, one tick older'),
            @('complete', 'finish'),
            @('fault', 'stop with a fault code')
        )
        'by' = @(
            @('state', ''),
            @('priority', ''),
            @('tenant', ''),
            @('op', ''),
            @('age', ''),
            @('requeues', ''),
            @('flags', ''),
            @('fault_name', '')
        )
        'cause' = @(
            @('guard-live-lock', 'wait behind a starvation guard that lets nothing through'),
            @('shut-out', 'are of tenants that may not claim'),
            @('mask-closed', 'were claimed before their tenant''s mask was closed'),
            @('orphaned', 'are Running, and nobody runs the ring'),
            @('held', 'are Running, and their worker lives'),
            @('unattended', 'could be claimed, and nobody claims them'),
            @('unknown-op', 'name an operation that nothing defines'),
            @('unknown-handle', 'name a buffer that a launch has to be given'),
            @('waits-for-children', 'wait for children'),
            @('due-forgotten', 'are Paused although their epoch has come'),
            @('not-due', 'are Paused until a later epoch'),
            @('starved', 'are claimable and are passed over'),
            @('circling', 'take turns and come back to where they were'),
            @('faulted', 'are Faulted'),
            @('full', 'need an Empty slot and there is none'),
            @('spinning', 'take turns and get on'),
            @('draining', 'get done'),
            @('healthy', 'wait for nothing but a launch')
        )
        'color' = @(
            @('auto', ''),
            @('always', ''),
            @('never', '')
        )
        'column' = @(
            @('state', 'lifecycle state; a claim is a compare-and-swap of this word'),
            @('op_handle', 'operation to run'),
            @('tenant_id', 'tenant, checked before a claim'),
            @('priority', 'priority class'),
            @('input_handle', 'handle of the input buffer'),
            @('output_handle', 'handle of the output buffer'),
            @('param', 'a value for the operation, or an index into its argument table'),
            @('continuation_pc', 'where the operation resumes'),
            @('continuation_data', 'scratch kept for the operation; the fault code once Faulted'),
            @('resume_epoch', 'epoch from which a paused task may resume'),
            @('task_id', 'stable id'),
            @('parent_task_id', 'id of the parent, 0 for none'),
            @('age_ticks', 'scheduler age'),
            @('requeue_count', 'times requeued'),
            @('yield_count', 'times yielded'),
            @('flags', 'flag bits'),
            @('fault_name', 'why a slot is Faulted')
        )
        'command' = @(
            @('encode', 'Turn fields into one 64-byte slot'),
            @('decode', 'Explain every word of a slot'),
            @('build', 'Make a ring from a table or a seed'),
            @('inspect', 'Show slots as a table'),
            @('open', 'Say what a file or a folder holds'),
            @('snapshot', 'Show queue telemetry'),
            @('map', 'Draw the ring, a mark for each slot or run of slots'),
            @('diff', 'Show what changed between two looks at a ring'),
            @('plot', 'Draw a queue''s depth, rates and ages over time'),
            @('report', 'Write one page about rings, to send to somebody'),
            @('top', 'Watch a ring live, and edit it'),
            @('transition', 'Apply a lifecycle action to slots'),
            @('set', 'Write any word of any slots'),
            @('publish', 'Publish tasks into free slots'),
            @('control', 'Show or edit a control buffer, or make one'),
            @('why', 'Say why a queue does not move'),
            @('check', 'Look for what is broken in a ring'),
            @('recover', 'Put a crashed run''s orphans back'),
            @('repair', 'Make faulted tasks ready again'),
            @('apply', 'Merge a ring''s telemetry into a launch request'),
            @('plan', 'Recommend a launch for a queue, and say why'),
            @('converge', 'Iterate a step on the device until nothing changes'),
            @('launch', 'Run a ring on a device'),
            @('workers', 'Show what each worker of a launch has in hand'),
            @('worker', 'Print the command that starts a Dask worker for launches'),
            @('debug', 'Show the records of a debug log'),
            @('io', 'Show the requests of an I/O queue'),
            @('replay', 'List a replay log, or run it again'),
            @('demo', 'Build, run and draw a ring of real work'),
            @('bench', 'Measure this device beside its own ceilings'),
            @('help', 'Show a page of the documentation, or a command''s help'),
            @('devices', 'List what can run a ring'),
            @('doctor', 'Say whether this machine is ready'),
            @('ops', 'List the operations a task may name'),
            @('schema', 'Print the JSON Schema of a command''s answer'),
            @('completion', 'Print a shell''s completion script')
        )
        'epoch' = @(
            ,@('never', '')
        )
        'fault' = @(
            @('unknown_op', 'no operation has this op_handle'),
            @('bad_handle', 'a handle names no buffer of this launch'),
            @('out_of_range', 'an access would leave its buffer'),
            @('counter_overflow', 'yield_count, requeue_count or age_ticks is at 4294967295'),
            @('bad_argument', 'the operation cannot work with this param or argument record'),
            @('bad_type', 'a buffer''s element type does not suit the operation'),
            @('bad_outcome', 'the operation ended in a way the wire cannot hold'),
            @('reserved_op', 'the wire reserves this opcode and gives it no body'),
            @('read_only', 'the operation writes a buffer that was given as an input'),
            @('orphaned', 'its launch died over it; ended by recover --as faulted, or may not run twice'),
            @('lost_children', 'it waited for children, and its task_id no longer tells which they are')
        )
        'field' = @(
            @('state', 'lifecycle state; a claim is a compare-and-swap of this word'),
            @('op_handle', 'operation to run'),
            @('tenant_id', 'tenant, checked before a claim'),
            @('priority', 'priority class'),
            @('input_handle', 'handle of the input buffer'),
            @('output_handle', 'handle of the output buffer'),
            @('param', 'a value for the operation, or an index into its argument table'),
            @('continuation_pc', 'where the operation resumes'),
            @('continuation_data', 'scratch kept for the operation; the fault code once Faulted'),
            @('resume_epoch', 'epoch from which a paused task may resume'),
            @('task_id', 'stable id'),
            @('parent_task_id', 'id of the parent, 0 for none'),
            @('age_ticks', 'scheduler age'),
            @('requeue_count', 'times requeued'),
            @('yield_count', 'times yielded'),
            @('flags', 'flag bits')
        )
        'finding' = @(
            @('not-a-ring', 'this does not look like a ring'),
            @('left-over-bytes', 'the length is not a whole number of 64-byte slots'),
            @('too-many-slots', 'more slots than a u32 word index reaches'),
            @('unknown-state', 'the state word is outside spec 1.3'),
            @('paused-without-flag', 'Paused without the flag PAUSED'),
            @('paused-and-resume-ready', 'Paused with the flag RESUME_READY'),
            @('yielded-without-flag', 'Yielded without the flag YIELDED'),
            @('requeued-without-flag', 'Requeued without the flag REQUEUE_REQUESTED'),
            @('running-without-runner', 'Running, and no process here holds the ring (so in every dump)'),
            @('running-unseen', 'Running; whether a launch is at work cannot be told from here'),
            @('ready-with-stale-flag', 'Ready with the flag PAUSED or YIELDED, as no task of spec 1.6 has it'),
            @('counter-at-end', 'a counter is at 4294967295'),
            @('counter-near-end', 'a counter is within 65536 of 4294967295'),
            @('uncounted-turn', 'a yield or requeue that was never counted'),
            @('starving', 'queued, and aged so far that the policy gives way to age'),
            @('stale-telemetry', 'slots that are not queued set the queue''s telemetry'),
            @('duplicate-task-id', 'another slot has the same task_id'),
            @('own-parent', 'parent_task_id is the task''s own id'),
            @('orphaned-parent', 'parent_task_id is no task of this ring'),
            @('parent-done-first', 'the parent is Done and this child is not'),
            @('unrunnable-op', 'an operation id that the wire keeps and gives no body'),
            @('undefined-op', 'an operation that no known source defines'),
            @('starvation-guard', 'the runtime''s own priority kernel would claim nothing more'),
            @('foreign-window', 'an operation of another tenant''s window'),
            @('broken-partitions', 'the control buffer''s priority offsets do not cover this ring'),
            @('drained-uncounted', 'more slots are Done than DONE_COUNT counted'),
            @('metrics-behind', 'more slots of an opcode are Done than its metric counted'),
            @('epoch-behind', 'more batch fences are Done than the epoch counted'),
            @('printf-elsewhere', 'debug records name no slot of this ring'),
            @('io-record-wrong', 'I/O records hold an operation or a status that the wire does not have'),
            @('io-request-failed', 'I/O requests ended with ERROR'),
            @('empty-ring', 'the ring has no slots'),
            @('abandoned-file', 'a killed writer left a temporary file beside the ring'),
            @('running-held', 'Running, and the ring is held'),
            @('waits-for-ever', 'Paused until an epoch that never comes'),
            @('due-epoch', 'Paused until an epoch that has come'),
            @('faulted', 'Faulted: nothing runs them again by itself'),
            @('done-with-flags', 'Done with flags'),
            @('arguments-in-task-words', 'arguments, or stale words, where a task keeps its own'),
            @('paused-flag-survives', 'claimable, with the flag PAUSED from an earlier pause'),
            @('unnamed-flag-bits', 'flag bits without a meaning'),
            @('unknown-priority', 'a priority outside spec 1.4'),
            @('shut-out-tenant', 'the control buffer does not let the tenant in'),
            @('tenant-without-mask', 'a tenant from 29 on, for whom the runtime reads the quota table and vyrectl does not'),
            @('control-index', 'an argument past the control buffer''s end'),
            @('fence-without-observables', 'a batch fence, and the control buffer has no observable words'),
            @('wrong-partition', 'in the partition of another priority class'),
            @('unknown-fault-code', 'Faulted with an engine''s code that has no name'),
            @('load-miss-unasked', 'load misses wait without a request in the I/O queue'),
            @('debug-dropped', 'the debug log was full and dropped records')
        )
        'flag' = @(
            @('paused', ''),
            @('yielded', ''),
            @('requeue_requested', ''),
            @('resume_ready', '')
        )
        'format' = @(
            @('table', ''),
            @('json', ''),
            @('jsonl', ''),
            @('csv', '')
        )
        'group' = @(
            @('state', ''),
            @('priority', ''),
            @('tenant', ''),
            @('op', ''),
            @('flags', ''),
            @('fault_name', '')
        )
        'input_format' = @(
            @('jsonl', ''),
            @('csv', '')
        )
        'io_op' = @(
            @('read', ''),
            @('write', ''),
            @('fence', '')
        )
        'io_status' = @(
            @('empty', ''),
            @('published', ''),
            @('claimed', ''),
            @('done', ''),
            @('wait_io', ''),
            @('yield', ''),
            @('requeue', ''),
            @('fault', ''),
            @('ok', ''),
            @('error', '')
        )
        'limit' = @(
            ,@('all', '')
        )
        'metric' = @(
            @('schedulable', 'schedulable tasks'),
            @('running', 'running tasks'),
            @('paused', 'paused tasks'),
            @('faulted', 'faulted tasks'),
            @('done_rate', 'tasks done per second'),
            @('requeue_rate', 'requeues per second'),
            @('depth_rate', 'change of schedulable tasks per second'),
            @('age', 'largest age'),
            @('age_p99', 'age that 99 % of the open tasks do not exceed'),
            @('age_p50', 'age that half of the open tasks do not exceed')
        )
        'mode' = @(
            @('auto', ''),
            @('jit', ''),
            @('interpreter', '')
        )
        'op' = @(
            @('nop', 'does nothing'),
            @('store_u32', 'control[output_handle] = input_handle'),
            @('atomic_add', 'control[output_handle] += input_handle'),
            @('load_u32', 'observable[output_handle] = control[input_handle]'),
            @('compare_swap', 'observable[input_handle] = CAS(control[input_handle], output_handle -> param)'),
            @('memcpy', 'copies param control words from input_handle to output_handle, ascending'),
            @('dfa_step', 'reserved by the wire; no built-in body'),
            @('batch_fence', 'epoch += 1, observable[0] = output_handle'),
            @('load_miss', 'device-initiated load; needs an I/O queue'),
            @('printf', 'appends one debug record'),
            @('packed_slot', 'several small operations in one slot'),
            @('shutdown', 'asks every worker to leave'),
            @('scale', 'output[i] = input[i] * param; float32 (param = the factor''s bits) or 32-bit integers'),
            @('copy', 'output[i] = input[i] for the first param words, all when param is 0; any 4-byte type, the same on both sides'),
            @('fill', 'output[i] = param (a 32-bit integer or a float32), bit for bit, over the whole output; any 4-byte type'),
            @('saxpy', 'output[j] = a * input[j] + output[j], float32, j = offset + i * stride for i < length; param = argument record (offset, length, stride, a)'),
            @('sum', 'output[param] = sum of input modulo 2^32, 32-bit integers; yields every 4096 elements (pc = next element, data = sum so far)'),
            @('spin', 'param steps of integer work; yields every 1048576 steps (pc = steps made, data = generator)'),
            @('wait', 'pauses until the epoch reaches param, then finishes (pc = 1 once it has paused)'),
            @('requeue_n', 'requeues itself param times, each time a priority lower (pc = times requeued)'),
            @('fault', 'faults with code param'),
            @('mandelbrot', 'tile param of the view in input: iteration counts into output; yields every so many iterations (pc = iterations made)'),
            @('fork_sum', 'output[0] = sum of input modulo 2^32, 32-bit integers, by halves down to 4096 elements; param = 0 (a child''s: its node of the heap in output)'),
            @('quicksort', 'sorts 32-bit integers of output in place: all when param is 0, else param words from word input_handle on'),
            @('stencil', 'param steps of next[i] = now[i-1] + now[i] + now[i+1] modulo 2^32 on a circle, from one half of output to the other and back; one epoch a step (data = steps made)'),
            @('stencil_strip', 'one step of a strip of 1024 words for stencil: input_handle = plane to read, param = strip')
        )
        'outcome' = @(
            @('requeued', ''),
            @('yielded', ''),
            @('ready', ''),
            @('faulted', '')
        )
        'plan' = @(
            @('auto', ''),
            @('off', '')
        )
        'priority' = @(
            @('critical', ''),
            @('high', ''),
            @('normal', ''),
            @('low', ''),
            @('idle', '')
        )
        'shell' = @(
            @('bash', ''),
            @('zsh', ''),
            @('fish', ''),
            @('powershell', '')
        )
        'state' = @(
            @('empty', 'no task; the slot may be published into'),
            @('ready', 'published, may be claimed'),
            @('running', 'claimed by a worker'),
            @('done', 'finished'),
            @('paused', 'waits for its resume epoch'),
            @('yielded', 'gave up its worker, may be claimed again'),
            @('requeued', 'went back to a priority class, may be claimed again'),
            @('faulted', 'stopped by a fault; runs no more unless repaired')
        )
        'step' = @(
            @('distribution', 'shares of a whole move once under the cumulative transition matrix in operand 0'),
            @('reachability', 'a node joins the set when an edge leads to it from the set; edges by target in operands 0 and 1')
        )
        'subject' = @(
            @('host', ''),
            @('live', ''),
            @('wall', ''),
            @('devices', '')
        )
        'system' = @(
            @('debian', ''),
            @('fedora', ''),
            @('arch', ''),
            @('suse', ''),
            @('alpine', ''),
            @('conda', ''),
            @('macos', '')
        )
        'topic' = @(
            @('tutorial', 'from an empty folder to your own operation'),
            @('rings', 'the file, its words, and how to build one'),
            @('look', 'slots, groups, trees, pictures, differences'),
            @('telemetry', 'how deep is the queue, how old, and does it move'),
            @('edit', 'change slots, alone or while a launch runs'),
            @('launch', 'run a ring'),
            @('feed', 'give a running launch more work'),
            @('operations', 'write one of your own'),
            @('families', 'tasks that make tasks'),
            @('control', 'what lies beside a ring'),
            @('why', 'say why a queue does not move'),
            @('care', 'check, recover and repair a ring that went wrong'),
            @('dumps', 'read what a program of yours wrote'),
            @('plan', 'from a snapshot to a launch recommendation'),
            @('converge', 'where is this queue heading, and your own fixpoints'),
            @('devices', 'what can run a ring, and what to type when nothing can'),
            @('bench', 'how fast is this device, beside its own ceilings'),
            @('promises', 'what vyrectl never does to your data'),
            @('python', 'rings, launches and sessions from a program'),
            @('ci', 'run a ring in a job, and keep what explains a hang'),
            @('formats', 'numbers, names, output, exit codes, environment'),
            @('contributing', 'change vyrectl and know that it still holds'),
            @('encode', 'Turn fields into one 64-byte slot'),
            @('decode', 'Explain every word of a slot'),
            @('build', 'Make a ring from a table or a seed'),
            @('inspect', 'Show slots as a table'),
            @('open', 'Say what a file or a folder holds'),
            @('snapshot', 'Show queue telemetry'),
            @('map', 'Draw the ring, a mark for each slot or run of slots'),
            @('diff', 'Show what changed between two looks at a ring'),
            @('plot', 'Draw a queue''s depth, rates and ages over time'),
            @('report', 'Write one page about rings, to send to somebody'),
            @('top', 'Watch a ring live, and edit it'),
            @('transition', 'Apply a lifecycle action to slots'),
            @('set', 'Write any word of any slots'),
            @('publish', 'Publish tasks into free slots'),
            @('check', 'Look for what is broken in a ring'),
            @('recover', 'Put a crashed run''s orphans back'),
            @('repair', 'Make faulted tasks ready again'),
            @('apply', 'Merge a ring''s telemetry into a launch request'),
            @('workers', 'Show what each worker of a launch has in hand'),
            @('worker', 'Print the command that starts a Dask worker for launches'),
            @('debug', 'Show the records of a debug log'),
            @('io', 'Show the requests of an I/O queue'),
            @('replay', 'List a replay log, or run it again'),
            @('demo', 'Build, run and draw a ring of real work'),
            @('help', 'Show a page of the documentation, or a command''s help'),
            @('doctor', 'Say whether this machine is ready'),
            @('ops', 'List the operations a task may name'),
            @('schema', 'Print the JSON Schema of a command''s answer'),
            @('completion', 'Print a shell''s completion script')
        )
        'topology' = @(
            @('Empty', ''),
            @('SparseFrontier', ''),
            @('HybridFrontier', ''),
            @('DenseFrontier', ''),
            @('FusedDense', ''),
            @('MemoryConstrained', '')
        )
        'where_name' = @(
            @('state', 'lifecycle state; a claim is a compare-and-swap of this word'),
            @('op_handle', 'operation to run'),
            @('tenant_id', 'tenant, checked before a claim'),
            @('priority', 'priority class'),
            @('input_handle', 'handle of the input buffer'),
            @('output_handle', 'handle of the output buffer'),
            @('param', 'a value for the operation, or an index into its argument table'),
            @('continuation_pc', 'where the operation resumes'),
            @('continuation_data', 'scratch kept for the operation; the fault code once Faulted'),
            @('resume_epoch', 'epoch from which a paused task may resume'),
            @('task_id', 'stable id'),
            @('parent_task_id', 'id of the parent, 0 for none'),
            @('age_ticks', 'scheduler age'),
            @('requeue_count', 'times requeued'),
            @('yield_count', 'times yielded'),
            @('flags', 'flag bits'),
            @('fault_name', 'why a slot is Faulted'),
            @('slot', 'index of the slot'),
            @('and', ''),
            @('or', ''),
            @('not', ''),
            @('in', '')
        )
        'where_value' = @(
            @('empty', 'no task; the slot may be published into'),
            @('ready', 'published, may be claimed'),
            @('running', 'claimed by a worker'),
            @('done', 'finished'),
            @('paused', 'waits for its resume epoch'),
            @('yielded', 'gave up its worker, may be claimed again'),
            @('requeued', 'went back to a priority class, may be claimed again'),
            @('faulted', 'stopped by a fault; runs no more unless repaired'),
            @('critical', ''),
            @('high', ''),
            @('normal', ''),
            @('low', ''),
            @('idle', ''),
            @('requeue_requested', ''),
            @('resume_ready', ''),
            @('nop', 'does nothing'),
            @('store_u32', 'control[output_handle] = input_handle'),
            @('atomic_add', 'control[output_handle] += input_handle'),
            @('load_u32', 'observable[output_handle] = control[input_handle]'),
            @('compare_swap', 'observable[input_handle] = CAS(control[input_handle], output_handle -> param)'),
            @('memcpy', 'copies param control words from input_handle to output_handle, ascending'),
            @('dfa_step', 'reserved by the wire; no built-in body'),
            @('batch_fence', 'epoch += 1, observable[0] = output_handle'),
            @('load_miss', 'device-initiated load; needs an I/O queue'),
            @('printf', 'appends one debug record'),
            @('packed_slot', 'several small operations in one slot'),
            @('shutdown', 'asks every worker to leave'),
            @('scale', 'output[i] = input[i] * param; float32 (param = the factor''s bits) or 32-bit integers'),
            @('copy', 'output[i] = input[i] for the first param words, all when param is 0; any 4-byte type, the same on both sides'),
            @('fill', 'output[i] = param (a 32-bit integer or a float32), bit for bit, over the whole output; any 4-byte type'),
            @('saxpy', 'output[j] = a * input[j] + output[j], float32, j = offset + i * stride for i < length; param = argument record (offset, length, stride, a)'),
            @('sum', 'output[param] = sum of input modulo 2^32, 32-bit integers; yields every 4096 elements (pc = next element, data = sum so far)'),
            @('spin', 'param steps of integer work; yields every 1048576 steps (pc = steps made, data = generator)'),
            @('wait', 'pauses until the epoch reaches param, then finishes (pc = 1 once it has paused)'),
            @('requeue_n', 'requeues itself param times, each time a priority lower (pc = times requeued)'),
            @('fault', 'faults with code param'),
            @('mandelbrot', 'tile param of the view in input: iteration counts into output; yields every so many iterations (pc = iterations made)'),
            @('fork_sum', 'output[0] = sum of input modulo 2^32, 32-bit integers, by halves down to 4096 elements; param = 0 (a child''s: its node of the heap in output)'),
            @('quicksort', 'sorts 32-bit integers of output in place: all when param is 0, else param words from word input_handle on'),
            @('stencil', 'param steps of next[i] = now[i-1] + now[i] + now[i+1] modulo 2^32 on a circle, from one half of output to the other and back; one epoch a step (data = steps made)'),
            @('stencil_strip', 'one step of a strip of 1024 words for stencil: input_handle = plane to read, param = strip')
        )
    }

    # Command -> options (name, kind of the value or '' for a switch, help) and kinds of its arguments in order;
    # a kind that ends in + takes every further argument.
    $commands = @{
        '' = @{
            Options = @(
                @('--version', '', 'Show the version of the library and of the ABI'),
                @('--install-completion', 'shell', 'Install the completion script of bash, zsh, fish or PowerShell'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('command')
        }
        'encode' = @{
            Options = @(
                @('--state', 'state', 'Lifecycle state'),
                @('--op-handle', 'op', 'Operation to run'),
                @('--op', 'op', 'Operation to run'),
                @('--tenant-id', 'none', 'Tenant, checked before a claim'),
                @('--priority', 'priority', 'Priority class'),
                @('--input-handle', 'none', 'Handle of the input buffer'),
                @('--output-handle', 'none', 'Handle of the output buffer'),
                @('--param', 'none', 'A value for the operation, or an index into its argument table'),
                @('--continuation-pc', 'none', 'Where the operation resumes'),
                @('--continuation-data', 'none', 'Scratch kept for the operation'),
                @('--resume-epoch', 'none', 'Epoch from which a paused task may resume'),
                @('--task-id', 'none', 'Stable id'),
                @('--parent-task-id', 'none', 'Id of the parent, 0 for none'),
                @('--age-ticks', 'none', 'Scheduler age'),
                @('--requeue-count', 'none', 'Times requeued'),
                @('--yield-count', 'none', 'Times yielded'),
                @('--flags', 'flag', 'Flag bits'),
                @('--packed', 'op', 'Pack this operation into the slot; may be repeated'),
                @('--slot', 'none', 'Write this slot of RING'),
                @('--raw', '', 'Write the 64 bytes to stdout'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Go on with what does not look like a ring, and change words that are arguments'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('assignment_or_ring+')
        }
        'decode' = @{
            Options = @(
                @('--hex', '', 'The argument is hex, even if a file has that name'),
                @('--raw', '', 'The file holds raw slots, even if it reads as text'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file+')
        }
        'build' = @{
            Options = @(
                @('--from', 'file', 'The same as TABLE'),
                @('--input-format', 'input_format', 'What TABLE is; told by its name or its first line if not given'),
                @('--synthetic', 'none', 'Make up N slots from a seed'),
                @('--seed', 'none', 'Seed of --synthetic; 0 if not given'),
                @('--mix', 'file', 'What --synthetic draws from, as JSON or TOML'),
                @('--slots', 'none', 'Slots of the ring; those past the tasks are Empty'),
                @('--offset', 'none', 'FILE is a dump: its ring starts there'),
                @('--count', 'none', 'FILE is a dump: its ring has so many slots'),
                @('--force', '', 'Replace an existing file'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--dry-run', '', 'Check everything and write nothing'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'file')
        }
        'inspect' = @{
            Options = @(
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--slots', 'none', 'Only these slots, e.g. 0-15,20'),
                @('--slot', 'none', 'Show this one slot in full'),
                @('--tree', '', 'Show tasks below their parents, with all ancestors'),
                @('--group', 'column_list', 'Count slots by these fields'),
                @('--sort', 'column_list', 'Order of the rows; -FIELD is descending'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--columns', 'column_list', 'Only these columns; ''words'' is all 16 fields'),
                @('--output', 'file', 'Write a .parquet or .arrow file (needs pyarrow)'),
                @('--control', 'file', 'Show each slot''s partition (words 129-134 there) beside word 3'),
                @('--no-pager', '', 'Never page a long table'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Let --output replace a file of another kind'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'open' = @{
            Options = @(
                @('--unpack', 'file', 'Write each buffer of an all-in-one file into this folder'),
                @('--force', '', 'With --unpack, replace files that exist'),
                @('--slots', 'none', 'Slots of the ring, where the file does not tell'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file')
        }
        'snapshot' = @{
            Options = @(
                @('--by', 'group_list', 'Also count by state, priority, tenant, op, flags, fault_name'),
                @('--ages', '', 'Also say how ages and requeues spread over the open tasks'),
                @('--oldest', 'none', 'Also list the oldest tasks'),
                @('--lenient', '', 'Count unknown states apart instead of refusing them'),
                @('--since', 'file', 'Compare with a snapshot that was saved'),
                @('--control', 'file', 'Also show the runtime''s view of the ring and this'),
                @('--watch', 'none', 'Look again and again, this often, until Ctrl-C'),
                @('--ticks', 'none', 'End --watch after N looks'),
                @('--alert', 'none', 'Say when this begins and ends, e.g. ''done_delta == 0 for 30s'''),
                @('--alert-exits', '', 'End with exit code 6 when an alert begins'),
                @('--append', 'file', 'Append each answer to a JSONL file'),
                @('--openmetrics', '', 'Write OpenMetrics text, as a node exporter reads it'),
                @('--output', 'file', 'Put the OpenMetrics text in this file''s place'),
                @('--force', '', 'Let --output and --append take a file of another kind'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin+')
        }
        'map' = @{
            Options = @(
                @('--by', 'by', 'What the marks show'),
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--slots', 'none', 'Only these slots, e.g. 0-15,20'),
                @('--width', 'none', 'Marks in a row; what fits by default'),
                @('--height', 'none', 'Most rows; what fits by default'),
                @('--output', 'file', 'Write a PNG file, one square a slot'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Let --output replace a file of another kind'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'diff' = @{
            Options = @(
                @('--illegal', '', 'List only changes that no lifecycle step makes'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--no-pager', '', 'Never page a long table'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'file_bin')
        }
        'plot' = @{
            Options = @(
                @('--show', 'metric_list', 'Draw these: schedulable, running, paused, faulted, done_rate, requeue_rate, depth_rate, age, age_p99, age_p50, all'),
                @('--ring', 'none', 'Draw this ring alone'),
                @('--height', 'none', 'Lines of a chart'),
                @('--output', 'file', 'Write a .png, .svg or .pdf file (needs matplotlib)'),
                @('--force', '', 'Let --output replace a file of another kind'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file')
        }
        'report' = @{
            Options = @(
                @('--output', 'file', 'The page to write, or - for standard output'),
                @('--launch', 'file', 'Report of the last `launch --json`'),
                @('--trace', 'file', 'Trace of `launch --trace`'),
                @('--history', 'file', 'History of `snapshot --append`'),
                @('--control', 'file', 'Control buffer of the rings'),
                @('--force', '', 'Let --output replace a file of another kind'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin+')
        }
        'top' = @{
            Options = @(
                @('--interval', 'none', 'Time between looks'),
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--color', 'color', 'When to use colour'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'transition' = @{
            Options = @(
                @('--pc', 'none', 'New continuation_pc; kept if not given'),
                @('--data', 'none', 'New continuation_data; kept if not given'),
                @('--epoch', 'epoch', 'For pause: the epoch to wait for'),
                @('--priority', 'priority', 'For requeue: new class; kept if not given'),
                @('--code', 'fault', 'For fault: why, a number or an engine fault'),
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--all', '', 'Every slot of the ring'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Go on with what does not look like a ring, and change words that are arguments'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'action', 'none+')
        }
        'set' = @{
            Options = @(
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--all', '', 'Every slot of the ring'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Go on with what does not look like a ring, and change words that are arguments'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'assignment+')
        }
        'publish' = @{
            Options = @(
                @('--slot', 'none', 'First slot; by default the first run that is free'),
                @('--tenant', 'none', 'Tenant of the tasks'),
                @('--from', 'file', 'Work items as JSON lines or CSV: op, input, output, param'),
                @('--batch', '', 'Close them with a batch fence'),
                @('--tag', 'none', 'With --batch, what the fence reports'),
                @('--packed', '', 'Put all of them into one slot'),
                @('--load-miss', 'none', 'Ask for this resource instead'),
                @('--prefetch', '', 'With --load-miss, ask ahead of need'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Go on with what does not look like a ring, and change words that are arguments'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'op+')
        }
        'control' = @{
            Options = @(
                @('--new', '', 'Make a fresh one'),
                @('--force', '', 'Take FILE for a control buffer; with --new, replace it'),
                @('--tenants', 'none', 'With --new, how many are let in; all by default'),
                @('--observables', 'none', 'With --new, observable words; 32 by default'),
                @('--slots', 'none', 'Write the priority offsets for so many slots'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--backup', '', 'Keep the old one as FILE.bak'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file', 'none+')
        }
        'why' = @{
            Options = @(
                @('--control', 'file', 'Control buffer that goes with the ring'),
                @('--since', 'file', 'An earlier look: a copy of the ring, or a snapshot'),
                @('--trace', 'file', 'What `launch --trace` wrote'),
                @('--epoch', 'none', 'Epoch to go by; the control buffer''s if not given'),
                @('--age-threshold', 'none', 'Age ticks of a starved task; 32 if not given'),
                @('--again-after', 'none', 'Look twice, so far apart; a second for a ring that runs in place if not given, 0 for once'),
                @('--fail-on', 'cause', 'Exit 1 for this class alone; may be repeated'),
                @('--explain', 'cause', 'Say what a class means, or all; needs no ring'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin+')
        }
        'check' = @{
            Options = @(
                @('--ignore', 'finding', 'Leave this finding out; may be repeated'),
                @('--explain', 'finding', 'Say what a finding means, or all; needs no ring'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--control', 'file', 'Control buffer that goes with the ring'),
                @('--debug-log', 'file', 'Debug log that goes with the ring'),
                @('--io-queue', 'file', 'I/O queue that goes with the ring'),
                @('--epoch', 'none', 'Epoch to go by; --control''s, or 0, if not given'),
                @('--age-threshold', 'none', 'Age ticks of a starving task, 32 if not given'),
                @('--abi', 'abi', 'Words 4-15: a task''s, up to 12 arguments, or as the evidence says'),
                @('--strict', '', 'Warnings fail the check too (exit code 3); notes do not'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'recover' = @{
            Options = @(
                @('--as', 'outcome', 'What an orphan becomes'),
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--partial', '', 'Accept a file that ends in a part of a slot; that part is kept'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Go on with what does not look like a ring, and change words that are arguments'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'none+')
        }
        'repair' = @{
            Options = @(
                @('--code', 'fault', 'Only tasks with this fault code; may be repeated'),
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--all', '', 'Every slot of the ring'),
                @('--pc', 'none', 'Where they go on; 0, the beginning, if not given'),
                @('--data', 'none', 'Their new continuation_data; 0 if not given'),
                @('--dry-run', '', 'Show what would change and change nothing'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--force', '', 'Go on with what does not look like a ring, and change words that are arguments'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin', 'none+')
        }
        'apply' = @{
            Options = @(
                @('--request', 'file', 'A launch request, as JSON or TOML'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--lenient', '', 'Leave slots in an unknown state out'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--queue-len', 'none', 'Tasks that wait to be claimed'),
                @('--requested-worker-groups', 'none', 'Work-groups wanted; 0 derives them from the limits'),
                @('--max-workgroup-size-x', 'none', 'Widest work-group that the device takes'),
                @('--max-compute-workgroups-per-dimension', 'none', 'Most work-groups per dimension'),
                @('--max-compute-invocations-per-workgroup', 'none', 'Most work-items of a work-group'),
                @('--requested-hit-capacity', 'none', 'Hits to make room for; 0 derives them'),
                @('--expected-hits-per-item', 'none', 'Hits that a task is expected to make'),
                @('--hot-opcode-count', 'none', 'Opcodes that run often'),
                @('--hot-window-count', 'none', 'Windows of opcodes that run often'),
                @('--requeue-count', 'none', 'Requeues seen so far'),
                @('--max-priority-age', 'none', 'Age of the oldest task, in ticks'),
                @('--graph-node-count', 'none', 'Nodes of the graph behind the queue'),
                @('--graph-edge-count', 'none', 'Edges of the graph behind the queue'),
                @('--frontier-density-bps', 'none', 'Share of the nodes that are active, in bps; 0 infers it'),
                @('--memory-pressure-bps', 'none', 'Share of the device memory in use, in bps; 0 infers it'),
                @('--resident-device-bytes', 'none', 'Bytes that lie on the device already'),
                @('--device-memory-budget-bytes', 'none', 'Bytes that may lie on the device; 0 is unbounded'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'plan' = @{
            Options = @(
                @('--device', 'device', 'Device whose limits to plan for; the best by default'),
                @('--request', 'file', 'A launch request, as JSON or TOML'),
                @('--previous', 'topology', 'Topology of the launch before, for hysteresis'),
                @('--policy', 'file', 'Thresholds of the policy, as JSON or TOML'),
                @('--compare', 'file', 'Launch copies of the ring under two policies, and say which does better'),
                @('--explain', '', 'Show each step that decided something'),
                @('--sweep', 'none', 'Show where the answer flips'),
                @('--ops', 'file_cl', 'Operations that the launch will be given; repeatable'),
                @('--buffer', 'buffer', 'Buffers that it will be given, as launch takes them'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--lenient', '', 'Leave slots in an unknown state out'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--queue-len', 'none', 'Tasks that wait to be claimed'),
                @('--requested-worker-groups', 'none', 'Work-groups wanted; 0 derives them from the limits'),
                @('--max-workgroup-size-x', 'none', 'Widest work-group that the device takes'),
                @('--max-compute-workgroups-per-dimension', 'none', 'Most work-groups per dimension'),
                @('--max-compute-invocations-per-workgroup', 'none', 'Most work-items of a work-group'),
                @('--requested-hit-capacity', 'none', 'Hits to make room for; 0 derives them'),
                @('--expected-hits-per-item', 'none', 'Hits that a task is expected to make'),
                @('--hot-opcode-count', 'none', 'Opcodes that run often'),
                @('--hot-window-count', 'none', 'Windows of opcodes that run often'),
                @('--requeue-count', 'none', 'Requeues seen so far'),
                @('--max-priority-age', 'none', 'Age of the oldest task, in ticks'),
                @('--graph-node-count', 'none', 'Nodes of the graph behind the queue'),
                @('--graph-edge-count', 'none', 'Edges of the graph behind the queue'),
                @('--frontier-density-bps', 'none', 'Share of the nodes that are active, in bps; 0 infers it'),
                @('--memory-pressure-bps', 'none', 'Share of the device memory in use, in bps; 0 infers it'),
                @('--resident-device-bytes', 'none', 'Bytes that lie on the device already'),
                @('--device-memory-budget-bytes', 'none', 'Bytes that may lie on the device; 0 is unbounded'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'converge' = @{
            Options = @(
                @('--step', 'step', 'Transfer step; distribution by default'),
                @('--steps', 'file_cl', 'Transfer steps of your own'),
                @('--matrix', 'file', 'Transition chances or counts, row = from'),
                @('--transitions', 'file', 'Transition counts that launch --json reported'),
                @('--edges', 'file', 'Edges of a graph for reachability: [[from, to], ...]'),
                @('--operand', 'file_npy', 'Operand of your own step, from 0 up; repeats'),
                @('--lazy', '', 'Move half of each share at a time: same limit, no swinging'),
                @('--max-iterations', 'none', 'Most iterations'),
                @('--device', 'device', 'Where to run: an id, cpu, gpu, a name, reference'),
                @('-d', 'device', 'Where to run: an id, cpu, gpu, a name, reference'),
                @('--timeout', 'none', 'Stop after this time'),
                @('--output', 'file', 'Write the resulting words here, as .npy'),
                @('-o', 'file', 'Write the resulting words here, as .npy'),
                @('--offset', 'none', 'Where the ring starts inside a larger dump'),
                @('--count', 'none', 'How many slots from there; all by default'),
                @('--lenient', '', 'Leave slots in an unknown state out'),
                @('--force', '', 'Let --output replace a file of another kind'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'launch' = @{
            Options = @(
                @('--device', 'device', 'Where to run: an id, cpu, gpu, a name, reference; several: 0:0,0:1, gpu:*, all'),
                @('-d', 'device', 'Where to run: an id, cpu, gpu, a name, reference; several: 0:0,0:1, gpu:*, all'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--epoch', 'none', 'Epoch to start at; due paused tasks are resumed'),
                @('--where', 'where', 'Only slots for which this holds, e.g. ''state == paused''; < and > go by the words (critical is 0)'),
                @('--age-threshold', 'none', 'Age ticks that lift a task by one class; 0: none'),
                @('--mode', 'mode', 'Compile the ring''s operations, or all'),
                @('--plan', 'plan', 'Ask the policy, do not, or replay a saved plan'),
                @('--policy', 'file', 'Thresholds for --plan auto, as JSON or TOML'),
                @('--trace', 'file', 'Write when each turn was made, for Perfetto'),
                @('--trace-records', 'none', 'Turns that the trace holds; 65536 by default'),
                @('--tenant-quota', 'none', 'Most claims of a tenant in this launch; repeatable'),
                @('--max-steps', 'none', 'Stop after this many claims'),
                @('--timeout', 'none', 'Stop after this time'),
                @('--fault-unknown', '', 'Go on although tasks would only be Faulted: no operation or no buffer is known for them'),
                @('--workers', 'none', 'Work-groups'),
                @('--work-group-size', 'none', 'Work-items of a work-group'),
                @('--ticket', 'none', 'Tasks taken at once'),
                @('--fast-index', '', '32 bytes a slot beside the ring on the device, or 8; by default what fits easily'),
                @('--no-fast-index', '', '32 bytes a slot beside the ring on the device, or 8; by default what fits easily'),
                @('--shard-slots', 'none', 'Work on N slots at a time; all that fit by default, four parts each for several devices'),
                @('--verify', '', 'Prove that each task was claimed once and nothing else changed'),
                @('--watch', '', 'Keep what each worker has in hand, for `workers`, `top` and `--stall-after`'),
                @('--no-watch', '', 'Keep what each worker has in hand, for `workers`, `top` and `--stall-after`'),
                @('--buffer', 'buffer', 'x.npy, x.npy:OUT.npy or zeros:DTYPE:SHAPE[:OUT.npy]'),
                @('--grace', 'none', 'Time to stop before the kill'),
                @('--control', 'file', 'Control buffer to start from; its tenants'' gate holds'),
                @('--save-control', 'file', 'Write the control buffer at the end'),
                @('--debug-log', 'file', 'Show PRINTF records as they come, and keep them here'),
                @('--debug-records', 'none', 'Records that it has room for; 64 by default'),
                @('--record', 'file', 'Append a record of every ended task to a replay log; publications:FILE records publications'),
                @('--record-capacity', 'none', 'Records that a new replay log has room for'),
                @('--in-place', '', 'Let a CPU device work on the mapped file itself'),
                @('--no-in-place', '', 'Let a CPU device work on the mapped file itself'),
                @('--output', 'file_bin', 'Write the result here and keep RING'),
                @('-o', 'file_bin', 'Write the result here and keep RING'),
                @('--backup', '', 'Keep the old ring as RING.bak, or .bak.1 and so on'),
                @('--dask', 'none', 'Run it on a Dask cluster''s workers: tcp://HOST:8786, or local[N] for N processes here'),
                @('--dask-security', 'none', 'Speak TLS with the cluster; three PEM files'),
                @('--resume', '', 'Say which shards the journal of an earlier launch holds'),
                @('--formats', 'file', 'JSON: format id -> text, as `debug` takes it'),
                @('--follow', '', 'Stay when drained; sleep until there is work, or SHUTDOWN'),
                @('--feed', 'file', 'Take JSONL tasks and commands; answer on stdout'),
                @('--reclaim', '', 'Put fed tasks into Done slots too'),
                @('--spin-ms', 'none', 'Poll so long for more work before sleeping'),
                @('--stall-after', 'none', 'Say why when no turn ended for so long; 60 if not given, 0: never'),
                @('--on-stall', 'command', 'Run this then; RING and STALL_JSON are set'),
                @('--stall-ends', '', 'End then, with exit code 7'),
                @('--fail-on-fault', '', 'Exit 6 when a task faulted'),
                @('--dry-run', '', 'Show what would be claimed and run nothing'),
                @('--force', '', 'Go on with what does not look like a ring'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'workers' = @{
            Options = @(
                @('--all', '', 'List workers without a task too, however many they are'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_bin')
        }
        'worker' = @{
            Options = @(
                @('--device', 'device', 'A device of that host; several: a line for each'),
                @('-d', 'device', 'A device of that host; several: a line for each'),
                @('--dask-security', 'none', 'Speak TLS; three PEM files of that host'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('none')
        }
        'debug' = @{
            Options = @(
                @('--formats', 'file', 'JSON: format id -> text with %u, %d, %x, %f'),
                @('--strict', '', 'Refuse a log that dropped records, as the runtime does'),
                @('--force', '', 'Show FILE as a debug log, whatever it looks like'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file')
        }
        'io' = @{
            Options = @(
                @('--op', 'io_op', 'Only READ, WRITE or FENCE'),
                @('--status', 'io_status', 'Only requests of this status, e.g. published'),
                @('--tag', 'none', 'Only requests with this tag'),
                @('--unused', '', 'Also show records that nobody has written'),
                @('--force', '', 'Show FILE as an I/O queue, whatever it looks like'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file')
        }
        'replay' = @{
            Options = @(
                @('--slots', 'none', 'Only records of these slots, e.g. 0-15,20'),
                @('--tenant', 'none', 'Only records of this tenant'),
                @('--op', 'op', 'Only records of this operation'),
                @('--failed', '', 'Only records with evidence of a failure'),
                @('--ring', 'file_bin', 'With --diff, the ring as it was at first'),
                @('--diff', '', 'Run the log again on --ring and name the first divergence'),
                @('--buffer', 'buffer', 'With --diff, buffers as `launch` takes them'),
                @('--control', 'file', 'With --diff, the control buffer to start from'),
                @('--no-digest', '', 'With --diff, leave output digests out: another runtime''s differ'),
                @('--limit', 'limit', 'Most rows; 64 in a table, all otherwise'),
                @('--ops', 'file_cl', 'Operations of your own; may be repeated'),
                @('--op-names', 'file', 'Names of operations without a source: JSON or CSV of id and name'),
                @('--no-builtin-names', '', 'Leave vyrectl''s own ids (0x1000-0x10FF) without a name'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file')
        }
        'demo' = @{
            Options = @(
                @('--device', 'device', 'Where to run; the best device by default'),
                @('-d', 'device', 'Where to run; the best device by default'),
                @('--output', 'file_png', 'Also write the picture as PNG'),
                @('-o', 'file_png', 'Also write the picture as PNG'),
                @('--keep', 'file_bin', 'Also write the finished ring, to look at'),
                @('--force', '', 'Replace files of another kind that have these names'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @()
        }
        'bench' = @{
            Options = @(
                @('--device', 'device', 'Where to measure; the best device by default'),
                @('-d', 'device', 'Where to measure; the best device by default'),
                @('--quick', '', 'Rings up to 1M slots, fewer rounds: under a minute'),
                @('--sizes', 'none', 'Slots of the rings, e.g. 1k,64k,1M,16M'),
                @('--repeat', 'none', 'Rounds that count: 9, or 5 with --quick'),
                @('--only', 'none', 'Of tasks, groups, memory, start, order: these alone'),
                @('--seconds', 'none', 'For live: length of the stress; 5 by default'),
                @('--tasks', 'none', 'For live: tasks of each feed; 100000 by default'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('subject')
        }
        'help' = @{
            Options = @(
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('topic')
        }
        'devices' = @{
            Options = @(
                @('--check', '', 'Build and run a kernel on each, and name its fence rung'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @()
        }
        'doctor' = @{
            Options = @(
                @('--system', 'system', 'Advise for another kind of system'),
                @('--timeout', 'none', 'Time limit for each device'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @()
        }
        'ops' = @{
            Options = @(
                @('--check', '', 'Look for mistakes in the files and compile them'),
                @('--device', 'device', 'Where --check compiles; reference: only read the text'),
                @('-d', 'device', 'Where --check compiles; reference: only read the text'),
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--quiet', '', 'Leave out talk and progress'),
                @('-q', '', 'Leave out talk and progress'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('file_cl+')
        }
        'schema' = @{
            Options = @(
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--color', 'color', 'When to use colour'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('command')
        }
        'completion' = @{
            Options = @(
                @('--format', 'format', 'How to write the answer'),
                @('-f', 'format', 'How to write the answer'),
                @('--json', '', 'Short for --format json'),
                @('--help', '', 'Show this message and exit'),
                @('-h', '', 'Show this message and exit')
            )
            Places = @('shell')
        }
    }

    # Field -> kind of its value in FIELD=VALUE.
    $fieldValues = @{
        'state' = 'state'
        'op_handle' = 'op'
        'op' = 'op'
        'priority' = 'priority'
        'flags' = 'flag'
    }

    function Find-Kind($command, $option) {
        foreach ($entry in $command.Options) {
            if ($entry[0] -ceq $option) { return $entry[1] }
        }
        return ''
    }

    function Find-Place($command, $place) {
        for ($i = 0; $i -lt $command.Places.Count; $i++) {
            $kind = $command.Places[$i]
            if ($i -eq $place -or $kind.EndsWith('+')) { return $kind.TrimEnd('+') }
        }
        return 'none'
    }

    function New-Result($text, $shown, $meaning) {
        if (-not $meaning) { $meaning = $shown }
        [System.Management.Automation.CompletionResult]::new($text, $shown, 'ParameterValue', $meaning)
    }

    function Get-Words($kind, $before, $typed, $after) {
        foreach ($word in $kinds[$kind]) {
            if ($word[0].StartsWith($typed)) { New-Result "$before$($word[0])$after" $word[0] $word[1] }
        }
    }

    function Get-Files($before, $typed) {
        foreach ($found in [System.Management.Automation.CompletionCompleters]::CompleteFilename($typed)) {
            New-Result "$before$($found.CompletionText)" $found.ListItemText $found.ToolTip
        }
    }

    # The one list that the program has to be asked for, once per session.
    function Get-Devices($before, $typed) {
        if (-not $global:VyrectlDevices) {
            $global:VyrectlDevices = @(vyrectl devices --format csv 2>$null | Select-Object -Skip 1 |
                ForEach-Object { ($_ -split '[",]')[0] })
        }
        foreach ($name in @('cpu', 'gpu') + $global:VyrectlDevices) {
            if ($name.StartsWith($typed)) { New-Result "$before$name" $name '' }
        }
    }

    function Get-Assignments($before, $typed) {
        $at = $typed.IndexOf('=')
        if ($at -lt 0) { return Get-Words 'field' $before $typed '=' }
        $kind = $fieldValues[$typed.Substring(0, $at)]
        if ($kind) { Get-Words $kind "$before$($typed.Substring(0, $at + 1))" $typed.Substring($at + 1) '' }
    }

    function Get-Listed($kind, $before, $typed) {
        $at = $typed.LastIndexOf(',') + 1
        Get-Words $kind "$before$($typed.Substring(0, $at))" $typed.Substring($at) ''
    }

    function Get-Answers($kind, $before, $typed) {
        switch -Regex ($kind) {
            '^(none|where|)$' { return }
            '^file(_.*)?$' { return Get-Files $before $typed }
            '^assignment_or_ring$' {
                Get-Assignments $before $typed
                return Get-Files $before $typed
            }
            '^buffer$' {
                $at = $typed.IndexOf('=') + 1
                return Get-Files "$before$($typed.Substring(0, $at))" $typed.Substring($at)
            }
            '^device$' { return Get-Devices $before $typed }
            '^assignment$' { return Get-Assignments $before $typed }
            '_list$' { return Get-Listed ($kind -replace '_list$', '') $before $typed }
            default { return Get-Words $kind $before $typed '' }
        }
    }

    # The words before the one at the cursor, without the program's name.
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $name = ''
    $pending = ''
    $place = 0
    $ended = $false
    foreach ($word in $words) {
        if ($pending) { $pending = '' }
        elseif (-not $ended -and $word -eq '--') { $ended = $true }
        elseif (-not $ended -and $word.StartsWith('-')) { $pending = Find-Kind $commands[$name] $word }
        elseif (-not $name) { $name = $word; if (-not $commands.ContainsKey($name)) { return } }
        else { $place++ }
    }
    $command = $commands[$name]
    if ($pending) { return Get-Answers $pending '' $wordToComplete }
    if (-not $ended -and $wordToComplete -match '^(--[^=]+)=(.*)$') {
        return Get-Answers (Find-Kind $command $Matches[1]) "$($Matches[1])=" $Matches[2]
    }
    if (-not $ended -and $wordToComplete.StartsWith('-')) {
        foreach ($entry in $command.Options) {
            if ($entry[0].StartsWith($wordToComplete)) { New-Result $entry[0] $entry[0] $entry[2] }
        }
        return
    }
    Get-Answers (Find-Place $command $place) '' $wordToComplete
}
