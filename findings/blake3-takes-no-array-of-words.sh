#!/usr/bin/env bash
# blake3 refuses an array of 32-bit words that every hash of hashlib takes as its bytes.
#
# Versions: blake3 1.0.11, numpy 2.4.6.
#
# Guessed before running: blake3(array) is blake3 of the array's bytes, as hashlib's hashes have it.
# Seen: only buffers whose items are single bytes are taken. A numpy array of u32, a memoryview of one and
# array.array("I") are a BufferError, for update() too; the same memory seen as u8 is hashed. So code that changes from
# sha256 to blake3 has to cast its views. A memory-mapped file of words needs the cast as well.
#
# Output seen:
#   array of u4: sha256 takes it, blake3 BufferError
#   memoryview of it: sha256 takes it, blake3 BufferError
#   array.array("I"): sha256 takes it, blake3 BufferError
#   seen as u1: sha256 takes it, blake3 takes it
#   memoryview cast to B: sha256 takes it, blake3 takes it
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check blake3==1.0.11 numpy==2.4.6

cat >"$folder/run.py" <<'END'
import array, hashlib

import numpy as np
from blake3 import blake3

words = np.arange(6, dtype=np.uint32)


def takes(function, buffer):
    try:
        return "takes it" if function(buffer).digest() == function(words.tobytes()).digest() else "differs"
    except BufferError:
        return "BufferError"


for name, buffer in (
    ("array of u4", words),
    ("memoryview of it", memoryview(words)),
    ('array.array("I")', array.array("I", words.tolist())),
    ("seen as u1", words.view(np.uint8)),
    ("memoryview cast to B", memoryview(words).cast("B")),
):
    print(f"{name}: sha256 {takes(hashlib.sha256, buffer)}, blake3 {takes(blake3, buffer)}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
