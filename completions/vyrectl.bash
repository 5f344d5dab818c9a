# bash completion for vyrectl. Generated from the program's own options; do not edit.
#
# Install it with `vyrectl --install-completion bash`, or source this file from ~/.bashrc.
# It needs bash 3.2 or later and nothing else; with bash-completion, it may lie in its user folder under the name
# `vyrectl` and is then loaded at the first TAB.
#
# Lists of words are split on purpose:
# shellcheck disable=SC2086

# Prints nothing: sets `options`, `valued` (option:kind) and `places` (kinds, the last may end in a +) of one command.
__vyrectl_describe() {
    case $1 in
        '')
            options='--version --install-completion --help -h'
            valued='--install-completion:shell'
            places='command'
            ;;
        encode)
            options='--state --op-handle --op --tenant-id --priority --input-handle --output-handle --param --continuation-pc --continuation-data --resume-epoch --task-id --parent-task-id --age-ticks --requeue-count --yield-count --flags --packed --slot --raw --backup --offset --count --force --dry-run --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--state:state --op-handle:op --op:op --tenant-id:none --priority:priority --input-handle:none --output-handle:none --param:none --continuation-pc:none --continuation-data:none --resume-epoch:none --task-id:none --parent-task-id:none --age-ticks:none --requeue-count:none --yield-count:none --flags:flag --packed:op --slot:none --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='assignment_or_ring+'
            ;;
        decode)
            options='--hex --raw --abi --offset --count --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--abi:abi --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file+'
            ;;
        build)
            options='--from --input-format --synthetic --seed --mix --slots --offset --count --force --backup --dry-run --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--from:file --input-format:input_format --synthetic:none --seed:none --mix:file --slots:none --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin file'
            ;;
        inspect)
            options='--where --slots --slot --tree --group --sort --limit --columns --output --control --no-pager --abi --offset --count --force --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--where:where --slots:none --slot:none --group:column_list --sort:column_list --limit:limit --columns:column_list --output:file --control:file --abi:abi --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin'
            ;;
        open)
            options='--unpack --force --slots --format -f --json --color --quiet -q --help -h'
            valued='--unpack:file --slots:none --format:format -f:format --color:color'
            places='file'
            ;;
        snapshot)
            options='--by --ages --oldest --lenient --since --control --watch --ticks --alert --alert-exits --append --openmetrics --output --force --abi --offset --count --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--by:group_list --oldest:none --since:file --control:file --watch:none --ticks:none --alert:none --append:file --output:file --abi:abi --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin+'
            ;;
        map)
            options='--by --where --slots --width --height --output --abi --offset --count --force --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--by:by --where:where --slots:none --width:none --height:none --output:file --abi:abi --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin'
            ;;
        diff)
            options='--illegal --limit --no-pager --abi --offset --count --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--limit:limit --abi:abi --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin file_bin'
            ;;
        plot)
            options='--show --ring --height --output --force --format -f --json --color --quiet -q --help -h'
            valued='--show:metric_list --ring:none --height:none --output:file --format:format -f:format --color:color'
            places='file'
            ;;
        report)
            options='--output --launch --trace --history --control --force --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--output:file --launch:file --trace:file --history:file --control:file --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin+'
            ;;
        top)
            options='--interval --where --backup --abi --color --ops --op-names --no-builtin-names --help -h'
            valued='--interval:none --where:where --abi:abi --color:color --ops:file_cl --op-names:file'
            places='file_bin'
            ;;
        transition)
            options='--pc --data --epoch --priority --code --where --all --dry-run --backup --offset --count --force --limit --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--pc:none --data:none --epoch:epoch --priority:priority --code:fault --where:where --offset:none --count:none --limit:limit --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin action none+'
            ;;
        set)
            options='--where --all --dry-run --backup --offset --count --force --limit --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--where:where --offset:none --count:none --limit:limit --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin assignment+'
            ;;
        publish)
            options='--slot --tenant --from --batch --tag --packed --load-miss --prefetch --backup --offset --count --force --dry-run --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--slot:none --tenant:none --from:file --tag:none --load-miss:none --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin op+'
            ;;
        control)
            options='--new --force --tenants --observables --slots --dry-run --backup --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--tenants:none --observables:none --slots:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file none+'
            ;;
        why)
            options='--control --since --trace --epoch --age-threshold --again-after --fail-on --explain --abi --offset --count --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--control:file --since:file --trace:file --epoch:none --age-threshold:none --again-after:none --fail-on:cause --explain:cause --abi:abi --offset:none --count:none --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin+'
            ;;
        check)
            options='--ignore --explain --ops --control --debug-log --io-queue --epoch --age-threshold --abi --strict --offset --count --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--ignore:finding --explain:finding --ops:file_cl --control:file --debug-log:file --io-queue:file --epoch:none --age-threshold:none --abi:abi --offset:none --count:none --op-names:file --format:format -f:format --color:color'
            places='file_bin'
            ;;
        recover)
            options='--as --where --partial --dry-run --backup --offset --count --force --limit --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--as:outcome --where:where --offset:none --count:none --limit:limit --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin none+'
            ;;
        repair)
            options='--code --where --all --pc --data --dry-run --backup --offset --count --force --limit --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--code:fault --where:where --pc:none --data:none --offset:none --count:none --limit:limit --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin none+'
            ;;
        apply)
            options='--request --offset --count --lenient --format -f --json --color --quiet -q --queue-len --requested-worker-groups --max-workgroup-size-x --max-compute-workgroups-per-dimension --max-compute-invocations-per-workgroup --requested-hit-capacity --expected-hits-per-item --hot-opcode-count --hot-window-count --requeue-count --max-priority-age --graph-node-count --graph-edge-count --frontier-density-bps --memory-pressure-bps --resident-device-bytes --device-memory-budget-bytes --help -h'
            valued='--request:file --offset:none --count:none --format:format -f:format --color:color --queue-len:none --requested-worker-groups:none --max-workgroup-size-x:none --max-compute-workgroups-per-dimension:none --max-compute-invocations-per-workgroup:none --requested-hit-capacity:none --expected-hits-per-item:none --hot-opcode-count:none --hot-window-count:none --requeue-count:none --max-priority-age:none --graph-node-count:none --graph-edge-count:none --frontier-density-bps:none --memory-pressure-bps:none --resident-device-bytes:none --device-memory-budget-bytes:none'
            places='file_bin'
            ;;
        plan)
            options='--device --request --previous --policy --compare --explain --sweep --ops --buffer --offset --count --lenient --format -f --json --color --quiet -q --queue-len --requested-worker-groups --max-workgroup-size-x --max-compute-workgroups-per-dimension --max-compute-invocations-per-workgroup --requested-hit-capacity --expected-hits-per-item --hot-opcode-count --hot-window-count --requeue-count --max-priority-age --graph-node-count --graph-edge-count --frontier-density-bps --memory-pressure-bps --resident-device-bytes --device-memory-budget-bytes --help -h'
            valued='--device:device --request:file --previous:topology --policy:file --compare:file --sweep:none --ops:file_cl --buffer:buffer --offset:none --count:none --format:format -f:format --color:color --queue-len:none --requested-worker-groups:none --max-workgroup-size-x:none --max-compute-workgroups-per-dimension:none --max-compute-invocations-per-workgroup:none --requested-hit-capacity:none --expected-hits-per-item:none --hot-opcode-count:none --hot-window-count:none --requeue-count:none --max-priority-age:none --graph-node-count:none --graph-edge-count:none --frontier-density-bps:none --memory-pressure-bps:none --resident-device-bytes:none --device-memory-budget-bytes:none'
            places='file_bin'
            ;;
        converge)
            options='--step --steps --matrix --transitions --edges --operand --lazy --max-iterations --device -d --timeout --output -o --offset --count --lenient --force --format -f --json --color --quiet -q --help -h'
            valued='--step:step --steps:file_cl --matrix:file --transitions:file --edges:file --operand:file_npy --max-iterations:none --device:device -d:device --timeout:none --output:file -o:file --offset:none --count:none --format:format -f:format --color:color'
            places='file_bin'
            ;;
        launch)
            options='--device -d --ops --epoch --where --age-threshold --mode --plan --policy --trace --trace-records --tenant-quota --max-steps --timeout --fault-unknown --workers --work-group-size --ticket --fast-index --no-fast-index --shard-slots --verify --watch --no-watch --buffer --grace --control --save-control --debug-log --debug-records --record --record-capacity --in-place --no-in-place --output -o --backup --dask --dask-security --resume --formats --follow --feed --reclaim --spin-ms --stall-after --on-stall --stall-ends --fail-on-fault --dry-run --force --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--device:device -d:device --ops:file_cl --epoch:none --where:where --age-threshold:none --mode:mode --plan:plan --policy:file --trace:file --trace-records:none --tenant-quota:none --max-steps:none --timeout:none --workers:none --work-group-size:none --ticket:none --shard-slots:none --buffer:buffer --grace:none --control:file --save-control:file --debug-log:file --debug-records:none --record:file --record-capacity:none --output:file_bin -o:file_bin --dask:none --dask-security:none --formats:file --feed:file --spin-ms:none --stall-after:none --on-stall:command --op-names:file --format:format -f:format --color:color'
            places='file_bin'
            ;;
        workers)
            options='--all --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file_bin'
            ;;
        worker)
            options='--device -d --dask-security --format -f --json --color --help -h'
            valued='--device:device -d:device --dask-security:none --format:format -f:format --color:color'
            places='none'
            ;;
        debug)
            options='--formats --strict --force --limit --format -f --json --color --quiet -q --help -h'
            valued='--formats:file --limit:limit --format:format -f:format --color:color'
            places='file'
            ;;
        io)
            options='--op --status --tag --unused --force --limit --format -f --json --color --quiet -q --help -h'
            valued='--op:io_op --status:io_status --tag:none --limit:limit --format:format -f:format --color:color'
            places='file'
            ;;
        replay)
            options='--slots --tenant --op --failed --ring --diff --buffer --control --no-digest --limit --ops --op-names --no-builtin-names --format -f --json --color --quiet -q --help -h'
            valued='--slots:none --tenant:none --op:op --ring:file_bin --buffer:buffer --control:file --limit:limit --ops:file_cl --op-names:file --format:format -f:format --color:color'
            places='file'
            ;;
        demo)
            options='--device -d --output -o --keep --force --format -f --json --color --quiet -q --help -h'
            valued='--device:device -d:device --output:file_png -o:file_png --keep:file_bin --format:format -f:format --color:color'
            places=''
            ;;
        bench)
            options='--device -d --quick --sizes --repeat --only --seconds --tasks --format -f --json --color --quiet -q --help -h'
            valued='--device:device -d:device --sizes:none --repeat:none --only:none --seconds:none --tasks:none --format:format -f:format --color:color'
            places='subject'
            ;;
        help)
            options='--format -f --json --color --quiet -q --help -h'
            valued='--format:format -f:format --color:color'
            places='topic'
            ;;
        devices)
            options='--check --format -f --json --color --help -h'
            valued='--format:format -f:format --color:color'
            places=''
            ;;
        doctor)
            options='--system --timeout --format -f --json --color --quiet -q --help -h'
            valued='--system:system --timeout:none --format:format -f:format --color:color'
            places=''
            ;;
        ops)
            options='--check --device -d --format -f --json --color --quiet -q --help -h'
            valued='--device:device -d:device --format:format -f:format --color:color'
            places='file_cl+'
            ;;
        schema)
            options='--format -f --json --color --help -h'
            valued='--format:format -f:format --color:color'
            places='command'
            ;;
        completion)
            options='--format -f --json --help -h'
            valued='--format:format -f:format'
            places='shell'
            ;;
        *) options='' valued='' places='' ;;
    esac
}

# Sets `list` to the words of one kind.
__vyrectl_words() {
    case $1 in
        abi) list='task protocol auto' ;;
        action) list='pause resume yield requeue complete fault' ;;
        by) list='state priority tenant op age requeues flags fault_name' ;;
        cause) list='guard-live-lock shut-out mask-closed orphaned held unattended unknown-op unknown-handle waits-for-children due-forgotten not-due starved circling faulted full spinning draining healthy' ;;
        color) list='auto always never' ;;
        column) list='state op_handle tenant_id priority input_handle output_handle param continuation_pc continuation_data resume_epoch task_id parent_task_id age_ticks requeue_count yield_count flags fault_name' ;;
        command) list='encode decode build inspect open snapshot map diff plot report top transition set publish control why check recover repair apply plan converge launch workers worker debug io replay demo bench help devices doctor ops schema completion' ;;
        epoch) list='never' ;;
        fault) list='unknown_op bad_handle out_of_range counter_overflow bad_argument bad_type bad_outcome reserved_op read_only orphaned lost_children' ;;
        field) list='state op_handle tenant_id priority input_handle output_handle param continuation_pc continuation_data resume_epoch task_id parent_task_id age_ticks requeue_count yield_count flags' ;;
        finding) list='not-a-ring left-over-bytes too-many-slots unknown-state paused-without-flag paused-and-resume-ready yielded-without-flag requeued-without-flag running-without-runner running-unseen ready-with-stale-flag counter-at-end counter-near-end uncounted-turn starving stale-telemetry duplicate-task-id own-parent orphaned-parent parent-done-first unrunnable-op undefined-op starvation-guard foreign-window broken-partitions drained-uncounted metrics-behind epoch-behind printf-elsewhere io-record-wrong io-request-failed empty-ring abandoned-file running-held waits-for-ever due-epoch faulted done-with-flags arguments-in-task-words paused-flag-survives unnamed-flag-bits unknown-priority shut-out-tenant tenant-without-mask control-index fence-without-observables wrong-partition unknown-fault-code load-miss-unasked debug-dropped' ;;
        flag) list='paused yielded requeue_requested resume_ready' ;;
        format) list='table json jsonl csv' ;;
        group) list='state priority tenant op flags fault_name' ;;
        input_format) list='jsonl csv' ;;
        io_op) list='read write fence' ;;
        io_status) list='empty published claimed done wait_io yield requeue fault ok error' ;;
        limit) list='all' ;;
        metric) list='schedulable running paused faulted done_rate requeue_rate depth_rate age age_p99 age_p50' ;;
        mode) list='auto jit interpreter' ;;
        op) list='nop store_u32 atomic_add load_u32 compare_swap memcpy dfa_step batch_fence load_miss printf packed_slot shutdown scale copy fill saxpy sum spin wait requeue_n fault mandelbrot fork_sum quicksort stencil stencil_strip' ;;
        outcome) list='requeued yielded ready faulted' ;;
        plan) list='auto off' ;;
        priority) list='critical high normal low idle' ;;
        shell) list='bash zsh fish powershell' ;;
        state) list='empty ready running done paused yielded requeued faulted' ;;
        step) list='distribution reachability' ;;
        subject) list='host live wall devices' ;;
        system) list='debian fedora arch suse alpine conda macos' ;;
        topic) list='tutorial rings look telemetry edit launch feed operations families control why care dumps plan converge devices bench promises python ci formats contributing encode decode build inspect open snapshot map diff plot report top transition set publish check recover repair apply workers worker debug io replay demo help doctor ops schema completion' ;;
        topology) list='Empty SparseFrontier HybridFrontier DenseFrontier FusedDense MemoryConstrained' ;;
        where_name) list='state op_handle tenant_id priority input_handle output_handle param continuation_pc continuation_data resume_epoch task_id parent_task_id age_ticks requeue_count yield_count flags fault_name slot and or not in' ;;
        where_value) list='empty ready running done paused yielded requeued faulted critical high normal low idle requeue_requested resume_ready nop store_u32 atomic_add load_u32 compare_swap memcpy dfa_step batch_fence load_miss printf packed_slot shutdown scale copy fill saxpy sum spin wait requeue_n fault mandelbrot fork_sum quicksort stencil stencil_strip' ;;
        device) __vyrectl_find_devices; list="cpu gpu $_VYRECTL_DEVICES" ;;
        *) list='' ;;
    esac
}

# The one list that the program has to be asked for, once per session.
__vyrectl_find_devices() {
    [[ -n ${_VYRECTL_DEVICES-} ]] ||
        _VYRECTL_DEVICES=$(vyrectl devices --format csv 2>/dev/null | sed -e 1d -e 's/[",].*//' -e '/[[:space:]]/d')
}

# Sets `kind` to what the option $1 takes; it stays empty for a switch.
__vyrectl_kind_of_option() {
    local entry
    kind=''
    for entry in $valued; do
        [[ ${entry%%:*} != "$1" ]] || kind=${entry#*:}
    done
}

# Sets `kind` to what stands at position $1, counted from 0.
__vyrectl_kind_of_place() {
    local entry left=$1
    kind=''
    for entry in $places; do
        kind=${entry%+}
        if [[ $left -eq 0 || $entry == *+ ]]; then return; fi
        left=$((left - 1))
    done
    kind=''
}

# Adds those of the words "$@" that go on from $cur, each with $before in front and $after behind.
__vyrectl_add() {
    local word
    for word in "$@"; do
        word=$before$word
        [[ $word != "$cur"* ]] || COMPREPLY[${#COMPREPLY[@]}]=${word:cut}$after
    done
}

__vyrectl_no_space() {
    compopt -o nospace 2>/dev/null
}

# Adds files: `compgen` with the options "$@" lists them.
__vyrectl_add_files() {
    local file
    while IFS= read -r file; do
        __vyrectl_add "$file"
    done < <(compgen "$@" -- "${cur#"$before"}")
    compopt -o filenames 2>/dev/null
}

# Adds files that end in .$1 and folders, or any file where there are none.
__vyrectl_add_suffix() {
    __vyrectl_add_files -f -X "!*.$1"
    __vyrectl_add_files -d
    [[ ${#COMPREPLY[@]} -gt 0 ]] || __vyrectl_add_files -f
}

__vyrectl_offer() {
    local list='' after='' IFS=$' \t\n'
    case $1 in
        none | '') ;;
        file) __vyrectl_add_files -f ;;
        file_*) __vyrectl_add_suffix "${1#file_}" ;;
        buffer)
            [[ $cur == "$before"*=* ]] || return
            before=${cur%%=*}=
            __vyrectl_add_suffix npy
            ;;
        assignment) __vyrectl_offer_assignment ;;
        assignment_or_ring)
            [[ $cur == *=* ]] || __vyrectl_add_suffix bin
            __vyrectl_offer_assignment
            ;;
        where) __vyrectl_offer_where ;;
        *_list)
            [[ $cur != *,* ]] || before=${cur%,*},
            __vyrectl_words "${1%_list}"
            __vyrectl_add $list
            __vyrectl_no_space
            ;;
        *)
            __vyrectl_words "$1"
            __vyrectl_add $list
            ;;
    esac
}

# FIELD=VALUE: the field with its equals sign, then what that field takes.
__vyrectl_offer_assignment() {
    local field=${cur%%=*}
    if [[ $cur != *=* ]]; then
        __vyrectl_words field
        after='='
        __vyrectl_add $list
        __vyrectl_no_space
        return
    fi
    before=$field=
    case $field in
        state) __vyrectl_words state ;;
        op_handle|op) __vyrectl_words op ;;
        priority) __vyrectl_words priority ;;
        flags) __vyrectl_words flag ;;
        *) list='' ;;
    esac
    __vyrectl_add $list
}

# A condition, usually quoted: after a comparison what a column can hold, elsewhere columns and connectives.
__vyrectl_offer_where() {
    local tail=${cur##*[!A-Za-z0-9_]}
    local head=${cur%"$tail"} names='' values=''
    __vyrectl_words where_name; names=$list
    __vyrectl_words where_value; values=$list
    before=$head
    case ${head%"${head##*[![:space:]]}"} in
        *[=\<\>,]) __vyrectl_add $values ;;
        *'(') __vyrectl_add $names $values ;;
        *) __vyrectl_add $names ;;
    esac
    # A second spelling of a lone answer keeps readline from closing the quote: the condition may go on.
    [[ ${#COMPREPLY[@]} -ne 1 ]] || COMPREPLY[1]="${COMPREPLY[0]} "
    __vyrectl_no_space
}

# Sets `words`, `cur` and `cut`. Readline splits words at = and :, which stand inside options and values here, so they
# are put together again; `cut` is how much of `cur` readline leaves alone.
__vyrectl_read_line() {
    local i raw='' joined=''
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        raw=${COMP_WORDS[i]}
        if [[ $i -gt 0 && ( $joined || ( -n $raw && $raw != *[!=:]* ) ) ]]; then
            words[${#words[@]}-1]=${words[${#words[@]}-1]}$raw
        else
            words[${#words[@]}]=$raw
        fi
        [[ -n $raw && $raw != *[!=:]* ]] && joined=yes || joined=''
    done
    [[ -z $joined ]] || raw=''
    cur=${words[${#words[@]}-1]}
    cut=$((${#cur} - ${#raw}))
    case $cur in
        [\'\"]*) cur=${cur#?} ;;
        *) cur=${cur//\\/} ;;
    esac
}

# Sets `kind`, and `before` where the word begins with --option=, from the words up to the cursor.
__vyrectl_find_kind() {
    local i word command='' place=0 ended='' last=$((${#words[@]} - 1))
    local options valued places
    kind=''
    __vyrectl_describe ''
    for ((i = 1; i < last; i++)); do
        word=${words[i]}
        if [[ -n $kind ]]; then
            kind=''
        elif [[ -z $ended && $word == -- ]]; then
            ended=yes
        elif [[ -z $ended && $word == -?* ]]; then
            __vyrectl_kind_of_option "$word"
        elif [[ -z $command ]]; then
            command=$word
            __vyrectl_describe "$command"
        else
            place=$((place + 1))
        fi
    done
    if [[ -n $kind ]]; then
        return
    elif [[ -z $ended && $cur == --*=* ]]; then
        before=${cur%%=*}=
        __vyrectl_kind_of_option "${cur%%=*}"
    elif [[ -z $ended && $cur == -* ]]; then
        __vyrectl_add $options
    elif [[ -z $command ]]; then
        kind='command'
    else
        __vyrectl_kind_of_place $place
    fi
}

_vyrectl() {
    local words cur cut kind before='' after='' IFS=$' \t\n'
    COMPREPLY=()
    __vyrectl_read_line
    __vyrectl_find_kind
    __vyrectl_offer "$kind"
}

complete -F _vyrectl vyrectl
