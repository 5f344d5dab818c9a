#!/usr/bin/env bash
# pyopencl's RadixSort puts 64-bit keys in the order of their low 32 bits, also when told that keys have 64.
#
# Versions: pyopencl 2026.1.4, numpy 2.4.6, mako 1.4.3, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
#
# Guessed before running: an array of unsigned long sorted by its own values comes out as numpy.sort has it.
# Seen: each key is cut to a uint before its bits are looked at. key_bits=64, the documented way to say how long a key
# is, makes twice the passes and changes nothing. Only key_dtype, a parameter that its documentation does not name,
# does. No error, no warning: a list of small numbers is sorted well, so a test with small ones passes.
#
# Output seen:
#   numpy.sort:          [3, 7, 8589934592, 1099511627776]
#   RadixSort:           [1099511627776, 8589934592, 3, 7]
#   with key_bits=64:    [1099511627776, 8589934592, 3, 7]
#   with key_dtype too:  [3, 7, 8589934592, 1099511627776]
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
from pyopencl.algorithm import RadixSort
from pyopencl.array import to_device

context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context)
keys = np.array([2**40, 3, 2**33, 7], np.uint64)


def sort(made, **asked):
    sorter = RadixSort(context, "unsigned long *keys", key_expr="keys[i]", sort_arg_names=["keys"], **made)
    (ordered,), _ = sorter(to_device(queue, keys), **asked)
    return ordered.get().tolist()


print("numpy.sort:         ", np.sort(keys).tolist())
print("RadixSort:          ", sort({}))
print("with key_bits=64:   ", sort({}, key_bits=64))
print("with key_dtype too: ", sort({"key_dtype": np.uint64}, key_bits=64))
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
