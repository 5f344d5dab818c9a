"""Why a queue does not move: classes of causes, each a rule over a scene, and the command that mends it."""
