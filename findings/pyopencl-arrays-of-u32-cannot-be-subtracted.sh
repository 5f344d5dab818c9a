#!/usr/bin/env bash
# With numpy 2 pyopencl's arrays of unsigned numbers can be added but not subtracted from one another.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: a - b of two uint32 arrays wraps around as in C and in numpy.
# Seen: pyopencl computes a - b as a + (-1) * b and asks numpy for a -1 of the arrays' type, which numpy 2 refuses
# (OverflowError), whatever the arrays hold: 7 - 2 fails too. The same goes for 10 - a. Less a plain number works, and
# so does adding the negation: a + (-b).
#
# Output seen:
#   uint8: a + b works, a - b OverflowError, 10 - a OverflowError, a - 1 works, a + (-b) works
#   uint32: a + b works, a - b OverflowError, 10 - a OverflowError, a - 1 works, a + (-b) works
#   uint64: a + b works, a - b OverflowError, 10 - a OverflowError, a - 1 works, a + (-b) works
#   int32: a + b works, a - b works, 10 - a works, a - 1 works, a + (-b) works
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
for kind in ("uint8", "uint32", "uint64", "int32"):
    a, b = np.array([7, 9], kind), np.array([2, 9], kind)
    told = []
    for text in ("a + b", "a - b", "10 - a", "a - 1", "a + (-b)"):
        exact = eval(text, {"a": a, "b": b})
        try:
            got = eval(text, {"a": to_device(queue, a), "b": to_device(queue, b)}).get()
            told.append(f"{text} " + ("works" if (got == exact).all() else f"is {got}"))
        except OverflowError:
            told.append(f"{text} OverflowError")
    print(f"{kind}: " + ", ".join(told))
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
