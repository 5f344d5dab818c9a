"""The ladder of fences: the best rung that builds and works; and what is said when none does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.needs import does_not_apply
from tests.opencl.fakes import FakeCl, device
from vyrectl.errors import AbiMismatchError, DeviceError, KernelBuildError
from vyrectl.opencl import kept, program
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.build import LADDER
from vyrectl.opencl.devices import Device
from vyrectl.opencl.program import build_program, engine_options
from vyrectl.opencl.source import Variant, assemble

Rewrite = Callable[..., None]


@pytest.fixture
def rewrite(monkeypatch: pytest.MonkeyPatch) -> Rewrite:
    """Changes one text after the other in every program that is put together from now on."""

    def rewrite(*changes: tuple[str, str]) -> None:
        def rewritten(*arguments: Any, **options: Any) -> str:
            text = assemble(*arguments, **options)
            for old, new in changes:
                assert old in text
                text = text.replace(old, new)
            return text

        monkeypatch.setattr(program, "assemble", rewritten)

    return rewrite


def on_first_rung(new: str, old: str = "") -> str:
    """A text that is `new` on the first rung and `old` on all others."""
    return f"\n#if VYRE_RUNG == 1\n{new}\n#else\n{old}\n#endif\n"


@pytest.fixture
def on_rung_1(backend: OpenCLBackend) -> Device:
    """A device whose best rung is the first one."""
    if backend.program().rung.number != 1:
        does_not_apply(f"{backend.name} has no C11 atomics at device scope")
    return backend.device


def test_the_rungs_go_down() -> None:
    numbers = [rung.number for rung in LADDER]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2, 3}
    assert all(rung.standard.startswith("CL") and rung.meaning for rung in LADDER)


def test_rung_2_needs_nvidia_s_compiler(device: Device, rewrite: Rewrite) -> None:
    typedef = "typedef volatile __global uint *vyre_word_ptr;"
    rewrite((typedef, on_first_rung("#error no", typedef)))
    try:
        number = build_program(device).rung.number
    except DeviceError:
        number = 3
    assert number == (2 if "nvidia" in device.platform.lower() else 3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    const bool won = vyre_cas_acquire(words, 5u, 6u);", "    const bool won = true;"),
        ("    vyre_store_release(words + 1, vyre_load_acquire(words) + 1u);", ""),
        ("    vyre_add_relaxed(words + 2, 9u);", ""),
        ("    vyre_max_relaxed(words + 2, 4u);", "    words[2] = 4u;"),
        ("vyre_cas_value_acq_rel(words + 3, 11u, 12u);", "11u;"),
        ("const bool lost = vyre_cas_acquire(words, 5u, 7u);", "const bool lost = true;"),
    ],
)
def test_a_rung_whose_atomics_do_not_work_is_not_chosen(
    on_rung_1: Device, rewrite: Rewrite, old: str, new: str
) -> None:
    """Each primitive in turn is made to do nothing, on the first rung alone."""
    rewrite((old, on_first_rung(new, old)))
    assert build_program(on_rung_1).rung.number > 1


def test_a_rung_that_dies_is_not_chosen(on_rung_1: Device, rewrite: Rewrite) -> None:
    """A kernel that the first rung does not have cannot be made, as where an atomic has no body."""
    rewrite(("__kernel void vyre_probe_atomics(", on_first_rung("", "__kernel") + "void vyre_probe_atomics("))
    assert build_program(on_rung_1).rung.number > 1


def test_no_rung_works(device: Device, rewrite: Rewrite) -> None:
    rewrite(("    vyre_add_relaxed(words + 2, 9u);", ""))
    with pytest.raises(DeviceError, match="builds its atomics and they do not work"):
        build_program(device)


def test_no_rung_has_kernels(device: Device, rewrite: Rewrite) -> None:
    rewrite(("__kernel void vyre_probe_atomics(", "void vyre_probe_atomics("))
    with pytest.raises(DeviceError, match="cannot run them"):
        build_program(device)


@pytest.mark.parametrize(
    ("platform", "driver", "bounded"),
    [
        ("NVIDIA CUDA", "group", True),
        ("NVIDIA CUDA", "exact", False),
        ("Portable Computing Language", "group", False),
    ],
)
def test_registers_are_bounded_where_groups_must_be_resident(
    device: Device, platform: str, driver: str, bounded: bool
) -> None:
    asked = replace(device, platform=platform, kind="gpu")
    options = engine_options(asked, Variant(driver=driver))
    assert options == (["-cl-nv-maxrregcount=64"] if bounded else [])


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_functions_are_called_on_cpus_alone(device: Device, kind: str) -> None:
    options = engine_options(replace(device, kind=kind), Variant())
    assert ("-DVYRE_CALLS" in options) == (kind == "cpu")


@pytest.mark.parametrize(
    ("version", "calls"),
    [
        ("OpenCL 3.0 PoCL 3.1+debian  Linux, None+Asserts", False),
        ("OpenCL 3.0 PoCL 6.0  Linux, Release", False),
        ("OpenCL 3.0 PoCL 7.1+debian  Linux, None+Asserts", True),
        ("OpenCL 3.0 PoCL 10.0", True),
        ("OpenCL 3.0 LINUX", False),
        ("", False),
    ],
)
def test_groups_call_functions_where_their_compiler_must(device: Device, version: str, calls: bool) -> None:
    options = engine_options(replace(device, kind="cpu", platform_version=version), Variant(driver="group"))
    assert ("-DVYRE_CALLS" in options) == calls


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "vyre_u32 flags; ",
            "vyre_u32 flags; vyre_u32 more; ",
            r"says 68 for sizeof\(slot\), the wire says 64",
        ),
        (
            "    ulong bytes; ",
            "    uint bytes; uint spare; ulong more; ",
            r"32 for sizeof\(buffer row\)",
        ),
        ("OFFSET(vyre_slot, param)", "OFFSET(vyre_slot, flags)", "60 for offset of param, the wire says 24"),
        ("uint ends[5];", "uint ends[6];", r"says 36 for sizeof\(witness\), the wire says 32"),
        (" 448u ", " 449u ", "says 449 for VYRE_FLOW_BUSY, the wire says 448"),
        ("= *(const uchar *)&one;", "= 0u;", "says 0 for byte order"),
    ],
)
def test_another_layout_is_refused(
    device: Device, rewrite: Rewrite, old: str, new: str, message: str
) -> None:
    own_check = "typedef char vyre_slot_is_64_bytes[sizeof(vyre_slot) == 64 ? 1 : -1];"
    rewrite((old, new), (own_check, ""))
    with pytest.raises(AbiMismatchError, match=message):
        build_program(device)


def with_fake(monkeypatch: pytest.MonkeyPatch, **options: Any) -> FakeCl:
    cl = FakeCl(**options)
    monkeypatch.setattr("vyrectl.opencl.program.admits", lambda *about: True)
    for module in (program, kept):
        monkeypatch.setattr(module, "pyopencl", lambda: cl)
    return cl


def test_a_pocl_that_does_not_know_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    cl = with_fake(
        monkeypatch, build_log="error: unknown target CPU 'generic'\nnote: valid target CPU values are"
    )
    with pytest.raises(KernelBuildError, match="this build of PoCL does not know the processor") as caught:
        build_program(device())
    assert "instead of the one from PyPI" in str(caught.value.fix)
    assert cl.builds == len(LADDER)


def test_a_compiler_that_refuses_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Build on <pyopencl.Device 'x'>:\n\nkernel.cl:3: error\n\n(options: -x)"
    log = f"clBuildProgram failed\n\n{said}\n(source saved as /a.cl)"
    with_fake(monkeypatch, build_log=log)
    with pytest.raises(KernelBuildError, match="the kernels do not compile") as caught:
        build_program(device(name="Toaster"))
    assert caught.value.where == "Toaster"
    assert caught.value.log == "kernel.cl:3: error"


def test_a_compiler_that_may_write_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with_fake(monkeypatch, build_log="clBuildProgram failed")
    monkeypatch.setattr("vyrectl.opencl.build.file_size_limit", lambda: 4096)
    with pytest.raises(KernelBuildError, match=r"files of 4 KiB \(ulimit -f\)") as caught:
        build_program(device())
    assert str(caught.value.fix).startswith("ulimit -f unlimited")


def test_a_device_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    with_fake(monkeypatch, opens=False)
    with pytest.raises(DeviceError, match="cannot be opened"):
        build_program(device())
