#!/usr/bin/env bash
# pyopencl's PhiloxGenerator gives a float32 of exactly 1.0 now and then, where its text has both ends excluded.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, mako 1.4.3, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: uniform() gives numbers from 0 on and below 1, as numpy's random() does and pyopencl's own
# text says ("endpoints excluded"; for rand() the range [a, b)).
# Seen: 32 random bits are scaled to a float, which has 24, and those next to the end round up to it: 5 in 64 million
# with this seed. A test with a few thousand numbers never meets one. int(number * bins) is then one bin too far, and
# log(1 - number) is minus infinity. numpy's float32 generator gave none.
#
# Output seen:
#   pyopencl: 5 of 67108864 are 1.0
#   numpy: 0 of 67108864 are 1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
    pyopencl==2026.1.4 numpy==2.4.6 mako==1.4.3 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
mkdir "$folder/vendors"
echo "$folder/env/lib/libintelocl.so" >"$folder/vendors/intel.icd"
export OCL_ICD_VENDORS="$folder/vendors" PYOPENCL_NO_CACHE=1 XDG_CACHE_HOME="$folder/cache"

cat >"$folder/run.py" <<'END'
import warnings

warnings.simplefilter("ignore")
import numpy as np
import pyopencl as cl
from pyopencl.clrandom import PhiloxGenerator

context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context)
count, rounds = 1 << 24, 4
philox, numbers = PhiloxGenerator(context, seed=1), np.random.default_rng(1)
for name, draw in (
    ("pyopencl", lambda: philox.uniform(queue, count, np.float32).get()),
    ("numpy", lambda: numbers.random(count, dtype=np.float32)),
):
    ends = sum(int((draw() == 1).sum()) for _ in range(rounds))
    print(f"{name}: {ends} of {count * rounds} are 1.0")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
