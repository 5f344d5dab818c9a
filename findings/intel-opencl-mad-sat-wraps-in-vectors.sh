#!/usr/bin/env bash
# On Intel's CPU runtime mad_sat() wraps around in the work-items that run as a vector and saturates in those left over.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: mad_sat(a, b, c) is a * b + c kept within its type, as the standard says, in every work-item.
# Seen: int and uint wrap around in the items that the compiler put into vectors (64 of a group of 67); the last three
# are right, and so is a group of one item: a test with one work-item sees nothing. It also goes wrong where nothing
# overflows: 1131318657 - 2147483648 is an int, and the vector says INT_MAX. For long all items are wrong, for ulong and
# the narrower types none. add_sat() and sub_sat() are right.
#
# Output seen:
#   uint mad_sat(2, 2, 4294967294) is 4294967295: 64 items: 2, 3: 4294967295; alone: 4294967295
#   int mad_sat(3, 1000000000, 2000000000) is 2147483647: 64 items: 705032704, 3: 2147483647; alone: 2147483647
#   int mad_sat(-1131318657, -1, -2147483648) is -1016164991: 3 items: -1016164991, 64: 2147483647; alone: -1016164991
#   long mad_sat(1, LONG_MAX, 1) is LONG_MAX: 67 items: LONG_MIN; alone: LONG_MIN
#   short mad_sat(300, 300, -30000) is 32767: 67 items: 32767; alone: 32767
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

context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context)
source = """
__kernel void run(__global T *out, __global const T *a, __global const T *b, __global const T *c) {
    size_t at = get_global_id(0);
    out[at] = mad_sat(a[at], b[at], c[at]);
}
"""


def group(name, kind, numbers, items):
    kernel = cl.Program(context, source).build([f"-DT={name}"]).run
    out = np.zeros(items, kind)
    inputs = [np.full(items, number, kind) for number in numbers]
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    buffers = [cl.Buffer(context, flags, hostbuf=one) for one in (out, *inputs)]
    kernel.set_args(*buffers)
    cl.enqueue_nd_range_kernel(queue, kernel, (items,), (items,))
    cl.enqueue_copy(queue, out, buffers[0])
    return out


for name, kind, *numbers in (
    ("uint", "u4", 2, 2, 2**32 - 2),
    ("int", "i4", 3, 10**9, 2 * 10**9),
    ("int", "i4", -1131318657, -1, -(2**31)),
    ("long", "i8", 1, 2**63 - 1, 1),
    ("short", "i2", 300, 300, -30000),
):
    limits, (a, b, c) = np.iinfo(kind), numbers
    exact = min(max(a * b + c, limits.min), limits.max)
    many = zip(*np.unique(group(name, kind, numbers, 67), return_counts=True))
    said = ", ".join(f"{count}: {value}" for value, count in many).replace(":", " items:", 1)
    line = f"{name} mad_sat({a}, {b}, {c}) is {exact}: {said}; alone: {group(name, kind, numbers, 1)[0]}"
    print(line.replace(str(2**63 - 1), "LONG_MAX").replace(str(-(2**63)), "LONG_MIN"))
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
