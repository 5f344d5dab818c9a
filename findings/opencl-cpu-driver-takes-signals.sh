#!/usr/bin/env bash
# A CPU driver for OpenCL takes a program's signal handlers; a handler of SIGUSR1 is never called again.
#
# Versions: pyopencl 2026.1.4 with Intel's runtime, PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0).
# The same was seen with Debian's PoCL 3.1-3+deb12u1, there as soon as its devices are listed.
#
# Guessed before running: a driver for computing leaves the handlers that the program has set as they are.
# Seen: once a context is made, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1 and SIGUSR2 have other handlers. A SIGUSR1
# sent after that, and each one after it, does not reach the program's own handler and is swallowed; a SIGTERM reaches
# it, since the new handler steps back and sends it again. So `kill -USR1` to a program that dumps its stack or
# rotates a log on it does nothing any more. Who saves the actions before the context and puts them back hears all.
#
# Output seen:
#   before a context: SIGUSR1 heard 1 of 1
#   after a context:  SIGUSR1 heard 0 of 3, SIGTERM heard 1 of 1
#   handlers put back: SIGUSR1 heard 3 of 3
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
import ctypes, os, signal, sys, time, warnings

warnings.simplefilter("ignore")
import pyopencl as cl

NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
heard = []
for name in NAMES:
    signal.signal(getattr(signal, name), lambda number, frame: heard.append(signal.Signals(number).name))


def count(name, times):
    del heard[:]
    for _ in range(times):
        os.kill(os.getpid(), getattr(signal, name))
        time.sleep(0.05)
    return f"{name} heard {heard.count(name)} of {times}"


sigaction = ctypes.CDLL(None).sigaction
print("before a context:", count("SIGUSR1", 1), flush=True)
saved = {name: ctypes.create_string_buffer(512) for name in NAMES}
for name in NAMES:
    sigaction(getattr(signal, name), None, saved[name])
context = cl.Context(cl.get_platforms()[0].get_devices())
if sys.argv[1] == "kept":
    for name in NAMES:
        sigaction(getattr(signal, name), saved[name], None)
    print("handlers put back:", count("SIGUSR1", 3))
else:
    print("after a context: ", count("SIGUSR1", 3) + ",", count("SIGTERM", 1))
END
left=$("$folder/env/bin/python" "$folder/run.py" left)
kept=$("$folder/env/bin/python" "$folder/run.py" kept | tail -n 1)
printf '%s\n%s\n' "$left" "$kept"
expected='before a context: SIGUSR1 heard 1 of 1
after a context:  SIGUSR1 heard 0 of 3, SIGTERM heard 1 of 1
handlers put back: SIGUSR1 heard 3 of 3'
[ "$left
$kept" = "$expected" ] || { echo "This is not what was seen when it was written down." >&2; exit 1; }
