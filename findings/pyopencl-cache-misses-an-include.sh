#!/usr/bin/env bash
# pyopencl's program cache runs an old kernel after a header changed, if a comment stands behind the #include.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: the cache, which looks up what a source includes, builds anew when any header changed,
# however the header is named.
# Seen: it does so for a line that holds nothing but #include "value.h". With a comment behind it, with the name in a
# macro, or for a header that its own neighbour includes, the change is not seen and the kernel of the first run is
# used, without a word, until the cache is emptied or PYOPENCL_NO_CACHE is set.
#
# Output seen:
#   header says 1, then 2
#   alone on its line: 1, then 2
#   a comment behind it: 1, then 1
#   named by a macro: 1, then 1
#   by a header beside it: 1, then 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
    pyopencl==2026.1.4 numpy==2.4.6 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
mkdir -p "$folder/vendors" "$folder/headers/sub"
echo "$folder/env/lib/libintelocl.so" >"$folder/vendors/intel.icd"
export OCL_ICD_VENDORS="$folder/vendors" XDG_CACHE_HOME="$folder/cache"
unset PYOPENCL_NO_CACHE
echo '#include "beside.h"' >"$folder/headers/sub/outer.h"

cat >"$folder/run.py" <<'END'
import sys, warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl

context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context)
for lines in (
    '#include "value.h"',
    '#include "value.h"  // the value',
    '#define HEADER "value.h"\n#include HEADER',
    '#include "sub/outer.h"',
):
    source = lines + "\n__kernel void run(__global int *out) { out[0] = VALUE; }"
    kernel = cl.Program(context, source).build(["-I", sys.argv[1]]).run
    out = np.zeros(1, np.int32)
    buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, out.nbytes)
    kernel.set_args(buffer)
    cl.enqueue_nd_range_kernel(queue, kernel, (1,), None)
    cl.enqueue_copy(queue, out, buffer)
    print(out[0])
END
for value in 1 2; do
    echo "#define VALUE $value" | tee "$folder/headers/value.h" >"$folder/headers/sub/beside.h"
    "$folder/env/bin/python" "$folder/run.py" "$folder/headers" >"$folder/run$value"
done
{
    echo "header says 1, then 2"
    printf '%s\n' "alone on its line: " "a comment behind it: " "named by a macro: " "by a header beside it: " |
        paste -d '\0' - "$folder/run1" /dev/null | sed 's/$/, then /' | paste -d '\0' - "$folder/run2"
} | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
