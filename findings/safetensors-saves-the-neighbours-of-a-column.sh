#!/usr/bin/env bash
# safetensors saves a numpy column of slots as the words that lie behind its first one: other fields' values.
#
# Versions: safetensors 0.8.0, numpy 2.4.6.
#
# Guessed before running: an array that is not contiguous comes back equal, as from numpy.save.
# Seen: type and shape are the column's; the values are what lies in memory from the column's start on, without an
# error or a warning. So it is with every view that skips: one field of records, every second number, a transposed
# table. The documentation asks for contiguous tensors, and nothing checks it. numpy.ascontiguousarray helps.
#
# Output seen:
#   state of 4 slots: [1, 1, 1, 1], saved and loaded: [1, 7, 0, 100]
#   every second of 0..7: [0, 2, 4, 6], saved and loaded: [0, 1, 2, 3]
#   a transposed table: [0, 3, 1, 4, 2, 5], saved and loaded: [0, 1, 2, 3, 4, 5]
#   state, contiguous: [1, 1, 1, 1], saved and loaded: [1, 1, 1, 1]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6

cat >"$folder/run.py" <<'END'
import numpy as np
from safetensors.numpy import load, save

slots = np.zeros(4, [("state", "<u4"), ("op", "<u4"), ("priority", "<u4"), ("id", "<u4")])
slots["state"], slots["op"], slots["id"] = 1, 7, range(100, 104)
for name, array in (
    ("state of 4 slots", slots["state"]),
    ("every second of 0..7", np.arange(8, dtype=np.uint32)[::2]),
    ("a transposed table", np.arange(6, dtype=np.uint32).reshape(2, 3).T),
    ("state, contiguous", np.ascontiguousarray(slots["state"])),
):
    back = load(save({"column": array}))["column"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    print(f"{name}: {array.ravel().tolist()}, saved and loaded: {back.ravel().tolist()}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
