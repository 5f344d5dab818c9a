#!/usr/bin/env bash
# pyopencl's product of a uint32 and an int32 array is an int64 array that was computed in 32 bits.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: the result has numpy's type, int64, and with it numpy's values.
# Seen: it has the type, and the kernel multiplies before it widens, by C's rules for a uint and an int: the values
# have wrapped around at 2^32 and are then stored in 64 bits, where nobody expects that. 7 * -8 comes as 4294967240.
# The sum of the same arrays is right, since each number is scaled, and so widened, before it is added. A comparison
# goes by C's rules too: 7 < -8 is true. Right is a.astype(np.int64) * b.
#
# Output seen:
#   a * b: int64 [4294967240, 705032704], numpy: int64 [-56, 5000000000]
#   a + b: int64 [-1, 2500000002], numpy: int64 [-1, 2500000002]
#   a < b: int8 [1, 0], numpy: bool [0, 0]
#   a.astype(np.int64) * b: int64 [-56, 5000000000], numpy: int64 [-56, 5000000000]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
    pyopencl==2026.1.4 numpy==2.4.6 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
mkdir "$folder/vendors"
echo "$folder/env/lib/libintelocl.so" >"$folder/vendors/intel.icd"
export OCL_ICD_VENDORS="$folder/vendors" PYOPENCL_NO_CACHE=1

cat >"$folder/run.py" <<'END'
import warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl
from pyopencl.array import to_device

context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context)
a, b = np.array([7, 2_500_000_000], np.uint32), np.array([-8, 2], np.int32)
for text in ("a * b", "a + b", "a < b", "a.astype(np.int64) * b"):
    exact = eval(text, {"a": a, "b": b, "np": np})
    got = eval(text, {"a": to_device(queue, a), "b": to_device(queue, b), "np": np}).get()
    told = [f"{one.dtype} {[int(value) for value in one]}" for one in (got, exact)]
    print(f"{text}: {told[0]}, numpy: {told[1]}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
