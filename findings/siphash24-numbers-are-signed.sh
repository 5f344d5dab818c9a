#!/usr/bin/env bash
# siphash24's intdigest() is a signed number: negative for half of all inputs, and no longer the digest's hexadecimal.
#
# Versions: siphash24 1.9 (which pytools, and with it pyopencl, hashes with).
#
# Guessed before running: intdigest() is the 8 bytes of digest() as a number from 0 to 2**64 - 1, low byte first.
# Seen: it is the same 8 bytes taken as a signed number. So "intdigest() % shards" is right in Python alone, where % of
# a negative number is not negative; a u64 column refuses it, and f"{number:016x}" has a minus sign.
#
# Output seen:
#   abc: digest f2302604a0c33bc0, intdigest -4594863902769663758, unsigned it would be 13851880170939887858
#   negative for 479 of 1000 inputs; all are the digest's bytes as a signed number: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check siphash24==1.9

cat >"$folder/run.py" <<'END'
from siphash24 import siphash13

one = siphash13(b"abc")
unsigned = int.from_bytes(one.digest(), "little")
print(f"abc: digest {one.hexdigest()}, intdigest {one.intdigest()}, unsigned it would be {unsigned}")
many = [siphash13(b"%d" % number) for number in range(1000)]
negative = sum(one.intdigest() < 0 for one in many)
signed = all(one.intdigest() == int.from_bytes(one.digest(), "little", signed=True) for one in many)
print(f"negative for {negative} of 1000 inputs; all are the digest's bytes as a signed number: {signed}")
END
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
sed -n '/^# Output seen:$/,/^set /{s/^#   //p}' "$0" | cmp - "$folder/seen" && echo "as it was"
