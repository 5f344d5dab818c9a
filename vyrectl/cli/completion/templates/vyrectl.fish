# fish completion for vyrectl. Generated from the program's own options; do not edit.
#
# Install it with `vyrectl --install-completion fish`, or put this file into ~/.config/fish/completions.

# --- where the cursor is ---

# The options of a command that take a value.
function __vyrectl_valued
    switch "$argv[1]"
@@valued@@
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

@@kinds@@
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
@@field_values@@
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
@@commands@@
