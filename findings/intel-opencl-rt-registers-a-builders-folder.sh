#!/usr/bin/env bash
# Intel's CPU runtime from PyPI registers itself with the folder of the machine that built it: no loader finds it.
#
# Versions: PyPI intel-opencl-rt 2026.2.0 (intel-cmplr-lib-rt 2026.2.0), pyopencl 2026.1.4.
#
# Guessed before running: the .icd files that the wheel puts into the environment name the library alone, or by its
# path in that environment, so that OCL_ICD_VENDORS=ENVIRONMENT/etc/OpenCL/vendors is all a user has to set.
# Seen: both .icd files hold paths below /opt/anaconda1anaconda2anaconda3, the text that conda's packages carry in
# the place of a prefix and that conda rewrites on installation; pip rewrites nothing. With that folder of .icd files
# there is no platform at all; with a file of one's own that names the very same library there is one.
#
# Output seen:
#   intel-cpu.icd: /opt/anaconda1anaconda2anaconda3/lib/libintelocl.so
#   intel-fpga_emu.icd: /opt/anaconda1anaconda2anaconda3/lib/libintelocl_emu.so
#   as installed: 0 platforms
#   with a file of one's own: 1 platform
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check --no-compile \
    pyopencl==2026.1.4 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
vendors=$folder/env/etc/OpenCL/vendors
mkdir "$folder/own"
echo "$folder/env/lib/libintelocl.so" >"$folder/own/intel.icd"

cat >"$folder/count.py" <<'END_OF_COUNT'
import pyopencl as cl

try:
    found = len(cl.get_platforms())
except cl.LogicError:
    found = 0
print(found, "platform" if found == 1 else "platforms")
END_OF_COUNT

count() {
    OCL_ICD_VENDORS=$1 "$folder/env/bin/python" "$folder/count.py"
}

{
    for name in intel-cpu intel-fpga_emu; do
        printf '%s.icd: %s\n' "$name" "$(cat "$vendors/$name.icd")"
    done
    printf 'as installed: %s\n' "$(count "$vendors")"
    printf "with a file of one's own: %s\n" "$(count "$folder/own")"
} | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" >"$folder/expected"
cmp "$folder/expected" "$folder/seen" && echo "as it was"
