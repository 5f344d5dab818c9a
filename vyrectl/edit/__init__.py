"""One write path for every change of a ring, held or not: plan, write, the editor of a ring that runs, mending."""
