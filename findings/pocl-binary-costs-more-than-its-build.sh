#!/usr/bin/env bash
# PoCL compiles a program a second time, and for longer, when it is asked for the binary of what it has just built.
#
# Versions: pyopencl 2026.1.4 with the PoCL 3.0-rc2 of PyPI's pocl-binary-distribution 3.0. Debian's PoCL
# 3.1-3+deb12u1 does the same (twice the build). Beside it Intel's runtime, PyPI intel-opencl-rt 2026.2.0.
#
# Guessed before running: clGetProgramInfo(CL_PROGRAM_BINARIES) hands out what clBuildProgram has made, in no time.
# Seen: Intel's runtime does so. PoCL's build makes bitcode alone; machine code for every kernel of the program, for
# any work-group size, is made when the binary is asked for: 3 to 4 times the processor time of the build for 24 small
# kernels, although nothing may ever be launched from it. The second question costs nothing. So a program cache that
# keeps the binary of every build at once makes a first start on PoCL several times as slow as no cache at all; PoCL
# has a cache of its own, which a cache above it can leave the work to.
#
# Output seen:
#   PoCL: build 0.70 s, its binary 2.70 s, asked again 0.00 s
#   Intel: build 0.80 s, its binary 0.00 s, asked again 0.00 s
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyopencl==2026.1.4 \
    pocl-binary-distribution==3.0 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
mkdir "$folder/pocl" "$folder/intel" "$folder/cache"
ls "$folder"/env/lib/python3*/site-packages/pyopencl/.libs/libpocl-*.so >"$folder/pocl/pocl.icd"
echo "$folder/env/lib/libintelocl.so" >"$folder/intel/intel.icd"
export POCL_CACHE_DIR="$folder/cache" PYOPENCL_NO_CACHE=1

cat >"$folder/run.py" <<'END'
import resource, sys, warnings

warnings.simplefilter("ignore")
import pyopencl as cl


def cpu():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


kernel = """
__kernel void walk{0}(__global uint *words, uint count) {{
    uint at = get_global_id(0);
    for (uint turn = 0; turn < count; ++turn) {{
        switch (words[at % count] % {1}u) {{
            case 0: words[at % count] += turn; break;
            case 1: words[(at + 1u) % count] ^= at; break;
            default: at = at * 1664525u + {0}u;
        }}
    }}
}}
"""
source = "".join(kernel.format(number, number + 3) for number in range(24))
context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
times = [cpu()]
program = cl.Program(context, source).build()
for step in range(3):
    times.append(cpu())
    program.get_info(cl.program_info.BINARIES)
build, binary, again = (end - begin for begin, end in zip(times, times[1:]))
print(f"{sys.argv[1]}: build {build:.2f} s, its binary {binary:.2f} s, asked again {again:.2f} s")
sys.exit((binary > build) != (sys.argv[1] == "PoCL") or again > build / 4)
END
status=0
OCL_ICD_VENDORS="$folder/pocl" "$folder/env/bin/python" "$folder/run.py" PoCL || status=1
OCL_ICD_VENDORS="$folder/intel" "$folder/env/bin/python" "$folder/run.py" Intel || status=1
[ "$status" = 0 ] || { echo "This is not what was seen when it was written down." >&2; exit 1; }
