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
@@commands@@
        *) options='' valued='' places='' ;;
    esac
}

# Sets `list` to the words of one kind.
__vyrectl_words() {
    case $1 in
@@kinds@@
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
@@field_values@@
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
