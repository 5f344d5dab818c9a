#!/usr/bin/env bash
# On Intel's CPU runtime a launch of 1000003 items takes many times as long as one of 1000000: it runs in groups of one.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: without a local size the runtime takes groups of a useful size and a smaller one at the end,
# as OpenCL C 3.0 lets it.
# Seen: it takes a divisor of the number of items. A prime number has none, so each item is a group of its own, of
# which nothing is put into vectors: about 50 to 100 times the time. With 64 named the same launch does have a smaller
# group at the end, and takes about as long as the round number (up to four times). 1000002 items get groups of 6. So a
# local size should be named, or the number of items rounded up, whenever data decides how many items there are.
#
# Output seen (the times vary):
#   1000000 items, unnamed: 500 groups of 2000, 0.36 ms
#   1000002 items, unnamed: 166667 groups of 6, 5.07 ms
#   1000003 items, unnamed: 1000003 groups of 1, 24.06 ms
#   1000003 items, 64 named: 15626 groups of 64, 1.36 ms
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
import sys, warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl

context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context, properties=cl.command_queue_properties.PROFILING_ENABLE)
source = """
__kernel void run(__global float *out, __global uint *told) {
    size_t at = get_global_id(0);
    float x = out[at];
    for (int turn = 0; turn < 20; ++turn) x = x * 0.5f + 1.0f;
    out[at] = x;
    if (at == 0) told[0] = get_num_groups(0), told[1] = get_local_size(0);
}
"""
kernel = cl.Program(context, source).build(["-cl-std=CL3.0"]).run
told = np.zeros(2, np.uint32)
out, notes = (cl.Buffer(context, cl.mem_flags.READ_WRITE, size) for size in (1 << 22, told.nbytes))
kernel.set_args(out, notes)


def measure(items, group):
    times = []
    for _ in range(7):
        event = cl.enqueue_nd_range_kernel(queue, kernel, (items,), group)
        event.wait()
        times.append((event.profile.end - event.profile.start) / 1e6)
    cl.enqueue_copy(queue, told, notes)
    name = f"{group[0]} named" if group else "unnamed"
    print(f"{items} items, {name}: {told[0]} groups of {told[1]}, {min(times):.2f} ms")
    return int(told[1]), min(times)


(size, round_time), (six, _) = measure(1_000_000, None), measure(1_000_002, None)
(one, prime_time), (named, named_time) = measure(1_000_003, None), measure(1_000_003, (64,))
sys.exit((one, six, named) != (1, 6, 64) or size < 64 or prime_time < 5 * max(round_time, named_time))
END
"$folder/env/bin/python" "$folder/run.py" \
    || { echo "This is not what was seen when it was written down." >&2; exit 1; }
