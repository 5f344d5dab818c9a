"""The shells that have a completion script. Standard library only, so that handing one out loads nothing else."""

SCRIPT_NAMES: dict[str, str] = {
    "bash": "vyrectl.bash",
    "zsh": "_vyrectl",
    "fish": "vyrectl.fish",
    "powershell": "vyrectl.ps1",
}
"""Shell -> name of its completion script, which is its template's too."""
