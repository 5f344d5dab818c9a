"""The wire, as data: slot layout, states, priorities, flags, opcodes, fault codes, limits, control buffer.

Everything else in the project that knows a word index, a state number or an opcode derives it from here; the
C header (`vyrectl.devtools.cheader`), the numpy dtype (`vyrectl.abi.dtype`) and the README's tables are generated.
Only `dtype` may import numpy; the other modules use the standard library alone.
"""

ABI_VERSION = "vyre-runtime 0.6.3"
"""The release of the defining runtime whose layout this is."""
