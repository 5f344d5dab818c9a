#!/usr/bin/env bash
# A kernel behind a user event that failed never runs, and its own event says that it is complete.
#
# Versions: pyopencl 2026.1.4 with Intel's runtime, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: the standard has a command whose wait list failed end with a negative status, so the
# kernel's event reads as an error (Debian's PoCL 3.1 says -1 there).
# Seen: the wait for the kernel's event is an error (-14), the kernel did not touch its buffer, and the status of the
# event is 0, CL_COMPLETE. Who polls the status of an event, rather than waiting, takes a kernel that never ran for
# one that did its work.
#
# Output seen:
#   wait: error -14, status: 0, items that ran: 0 of 64
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
    pyopencl==2026.1.4 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
mkdir "$folder/vendors"
echo "$folder/env/lib/libintelocl.so" >"$folder/vendors/intel.icd"
export OCL_ICD_VENDORS="$folder/vendors" PYOPENCL_NO_CACHE=1

cat >"$folder/run.py" <<'END'
import warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl

device = cl.get_platforms()[0].get_devices()[0]
context = cl.Context([device])
queue, other = cl.CommandQueue(context), cl.CommandQueue(context)
source = "__kernel void mark(__global int *out) { out[get_global_id(0)] = 1; }"
kernel = cl.Program(context, source).build().mark
out = np.zeros(64, np.int32)
buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR, hostbuf=out)
kernel.set_args(buffer)
gate = cl.UserEvent(context)
done = cl.enqueue_nd_range_kernel(queue, kernel, out.shape, None, wait_for=[gate])
queue.flush()
gate.set_status(-5)
try:
    done.wait()
    waited = "returned"
except cl.Error as error:
    waited = f"error {error.code}"
status = done.command_execution_status
cl.enqueue_copy(other, out, buffer).wait()
print(f"wait: {waited}, status: {status}, items that ran: {out.sum()} of {out.size}")
END
seen=$("$folder/env/bin/python" "$folder/run.py")
echo "$seen"
[ "$seen" = "wait: error -14, status: 0, items that ran: 0 of 64" ] \
    || { echo "This is not what was seen when it was written down." >&2; exit 1; }
