#!/usr/bin/env bash
# A zarr array that was made shorter and longer again shows old values where it should show its fill value.
#
# Versions: zarr 3.1.6, numcodecs 0.16.6, numpy 2.4.6.
#
# Guessed before running: what resize() adds to an array is the fill value, everywhere.
# Seen: it is so in chunks that the shorter array did not reach. The chunk in which it ended is left on disk as it was
# and its tail comes back, so how much returns depends on the chunk size alone: a column of slots cut to 6 and grown to
# 8 has two slots that were removed. Who cuts must overwrite the tail first.
#
# Output seen:
#   chunks of 4, 8 nines cut to 2 and grown to 8: [9, 9, 9, 9, 0, 0, 0, 0]
#   chunks of 4, 8 nines cut to 6 and grown to 8: [9, 9, 9, 9, 9, 9, 9, 9]
#   chunks of 1, 8 nines cut to 6 and grown to 8: [9, 9, 9, 9, 9, 9, 0, 0]
#   chunks of 4, cut to 6, its tail set to 0 before: [9, 9, 9, 9, 9, 9, 0, 0]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check zarr==3.1.6 numcodecs==0.16.6 numpy==2.4.6

cat >"$folder/run.py" <<'END'
import sys

import zarr


def grown(chunk, length, before=lambda array: None):
    """Nines, cut to a length and grown to eight again."""
    store = f"{sys.argv[1]}/{chunk}-{length}.zarr"
    array = zarr.create_array(store, shape=8, chunks=chunk, dtype="uint32", fill_value=0, overwrite=True)
    array[:] = 9
    before(array)
    array.resize(length)
    array.resize(8)
    return zarr.open_array(store, mode="r")[:].tolist()


def clear(array):
    array[6:] = 0


for chunk, length in ((4, 2), (4, 6), (1, 6)):
    print(f"chunks of {chunk}, 8 nines cut to {length} and grown to 8: {grown(chunk, length)}")
print(f"chunks of 4, cut to 6, its tail set to 0 before: {grown(4, 6, clear)}")
END
"$folder/env/bin/python" "$folder/run.py" "$folder" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
