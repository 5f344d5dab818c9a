#!/usr/bin/env bash
# zarr cannot be imported any more once zfpy is installed, which it does not need.
#
# Versions: zarr 3.1.6, numcodecs 0.16.6, zfpy 1.0.1.post0, numpy 2.4.6.
#
# Guessed before running: zfpy is one more codec for numcodecs, found when it is there and passed over when it is not.
# Seen: numcodecs, which zarr imports, turns zfpy's version into numbers at its dots, and "post0" of the release that
# pip takes today is none: a ValueError, where numcodecs passes over an ImportError alone. zfpy itself works.
#
# Output seen:
#   zarr alone: zarr 3.1.6 imported
#   zfpy beside it: ValueError: invalid literal for int() with base 10: 'post0'
#   zfpy by itself: 64 numbers come back
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check zarr==3.1.6 numcodecs==0.16.6 numpy==2.4.6

tell() {
    "$folder/env/bin/python" -c "$1" 2>&1 | tail -n 1
}

zarr='import zarr; print("zarr", zarr.__version__, "imported")'
zfpy='import numpy, zfpy
numbers = numpy.arange(64, dtype="i4")
same = zfpy.decompress_numpy(zfpy.compress_numpy(numbers)) == numbers
print(same.sum(), "numbers come back")'
alone=$(tell "$zarr")
"$folder/env/bin/pip" install --quiet --disable-pip-version-check zfpy==1.0.1.post0
{
    echo "zarr alone: $alone"
    echo "zfpy beside it: $(tell "$zarr" || true)"
    echo "zfpy by itself: $(tell "$zfpy")"
} | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
