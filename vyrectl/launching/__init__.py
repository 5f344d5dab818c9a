"""One run of a ring in this process: `run.launch`, its rounds, its plan, what proves it, and its report."""
