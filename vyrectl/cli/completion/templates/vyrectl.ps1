# PowerShell completion for vyrectl. Generated from the program's own options; do not edit.
#
# Install it with `vyrectl --install-completion powershell`, or dot-source this file from $PROFILE.

Register-ArgumentCompleter -Native -CommandName vyrectl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # Kind -> pairs of a word and its meaning.
    $kinds = @{
@@kinds@@
    }

    # Command -> options (name, kind of the value or '' for a switch, help) and kinds of its arguments in order;
    # a kind that ends in + takes every further argument.
    $commands = @{
@@commands@@
    }

    # Field -> kind of its value in FIELD=VALUE.
    $fieldValues = @{
@@field_values@@
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
