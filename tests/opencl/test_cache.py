"""Built kernels are kept: whole or not at all, for exactly what they were built from, and never too many."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vyrectl.engine.ops import load_source
from vyrectl.opencl import cache as module
from vyrectl.opencl.build import LADDER, Built, Ladder
from vyrectl.opencl.cache import VARIABLE, Entry, KernelCache, cache_folder, key_of, why_off
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.program import Program, build_program
from vyrectl.opencl.source import Variant

KEY = key_of(["a", "b"])
ENTRY = Entry(b"\x00binary\n\xff" * 100, {"coherent": True})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setenv("VYRECTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.kernel")) if folder.is_dir() else []


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were really compiled, in order."""
    compiled: list[str] = []
    original = Ladder._from_source

    def note(self: Ladder, rung: Any) -> Any:
        compiled.append(self._source)
        return original(self, rung)

    monkeypatch.setattr(Ladder, "_from_source", note)
    return compiled


# --- entries ---


def test_an_entry_comes_back(folder: Path) -> None:
    cache = KernelCache(folder)
    assert cache.get(KEY) is None
    cache.put(KEY, ENTRY)
    assert cache.get(KEY) == ENTRY
    assert [path.name for path in folder.iterdir()] == [f"{KEY}.kernel"]
    assert folder.stat().st_mode & 0o777 == 0o700
    cache.drop(KEY)
    cache.drop(KEY)
    assert cache.get(KEY) is None


def test_names_tell_borders_apart() -> None:
    assert len({key_of(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], [])}) == 5
    assert key_of(["\ud800"]) == key_of(["\ud800"])


@pytest.mark.parametrize("change", ["cut", "empty", "flipped", "other"])
def test_a_damaged_entry_is_dropped(folder: Path, change: str) -> None:
    cache = KernelCache(folder)
    cache.put(KEY, ENTRY)
    path = folder / f"{KEY}.kernel"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(
        {"cut": bytes(data[:60]), "empty": b"", "flipped": bytes(data), "other": b"x" * 500}[change]
    )
    assert cache.get(KEY) is None
    assert not path.exists()


def test_an_entry_of_somebody_else_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = KernelCache(folder)
    cache.put(KEY, ENTRY)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.get(KEY) is None
    assert entries(folder)


def test_the_least_recently_used_go_first(folder: Path) -> None:
    cache = KernelCache(folder, most_bytes=3500)
    keys = [key_of([str(n)]) for n in range(6)]
    for age, key in enumerate(keys[:3]):
        cache.put(key, ENTRY)
        old = time.time() - 1000 + age
        os.utime(folder / f"{key}.kernel", (old, old))
    assert cache.get(keys[0]) == ENTRY
    cache.put(keys[3], ENTRY)
    assert [cache.get(key) is not None for key in keys[:4]] == [True, False, True, True]
    cache.put(keys[4], Entry(bytes(5000)))
    assert cache.get(keys[4]) is None


def test_answers_and_programs_do_not_drive_each_other_out(folder: Path) -> None:
    answers = KernelCache(folder, most_bytes=400, kind=module.ANSWERS)
    keys = [key_of([str(n)]) for n in range(9)]
    KernelCache(folder).put(KEY, ENTRY)
    for key in keys:
        answers.put(key, Entry(b"", {"answer": True}))
    assert 0 < sum(answers.get(key) is not None for key in keys) < len(keys)
    KernelCache(folder, most_bytes=len(ENTRY.binary) + 200).put(keys[0], ENTRY)
    assert [path.stem for path in entries(folder)] == [keys[0]]
    assert answers.get(keys[-1]) is not None


def test_leavings_of_dead_processes_go(folder: Path) -> None:
    folder.mkdir()
    for name, age in (("old", 2 * module.STALE_SECONDS), ("new", 1)):
        path = folder / f".unfinished-{name}"
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age,) * 2)
    (folder / "something of the user's").write_bytes(b"x")
    KernelCache(folder).put(KEY, ENTRY)
    assert {path.name for path in folder.iterdir()} == {
        ".unfinished-new",
        "something of the user's",
        f"{KEY}.kernel",
    }


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = KernelCache(tmp_path / "file" / "cache")
    cache.put(KEY, ENTRY)
    assert cache.get(KEY) is None


def test_where_it_is(tmp_path: Path) -> None:
    assert cache_folder({"VYRECTL_CACHE": "Off", "XDG_CACHE_HOME": "/x"}) is None
    assert cache_folder({"VYRECTL_CACHE": "/mine", "XDG_CACHE_HOME": "/x"}) == Path("/mine")
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/vyrectl")
    assert cache_folder({}).name == "vyrectl"  # type: ignore[union-attr]
    KernelCache(None).put(KEY, ENTRY)
    assert KernelCache(None).get(KEY) is None


# --- programs ---


def rungs_lost(program: Program) -> int:
    """How many rungs did not build before the one that works."""
    return LADDER.index(program.rung)


def test_a_program_is_built_once(device: Device, folder: Path, builds: list[str]) -> None:
    first = build_program(device)
    again = build_program(device)
    assert len(builds) == rungs_lost(first) + 1
    assert (again.rung, again.coherent, len(entries(folder))) == (first.rung, first.coherent, 1)
    assert again.kernel("vyre_run").handle.num_args == first.kernel("vyre_run").handle.num_args
    build_program(device, variant=Variant(verify=True))
    assert len(entries(folder)) == 2


def test_a_changed_include_is_another_program(
    device: Device, folder: Path, builds: list[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.cl").write_text(
        '#include "inner.h"\nVYRE_OP(0x20000, mine, "x") { return vyre_fault(CODE); }\n'
    )
    for code in (1, 2, 1):
        (tmp_path / "inner.h").write_text(f"#define CODE {code}u\n")
        build_program(device, (load_source(tmp_path / "mine.cl"),))
    assert len(entries(folder)) == 2
    assert "#define CODE 1u" in builds[0]


def test_what_a_compiler_includes_by_itself_is_not_kept(device: Device, folder: Path) -> None:
    cl = pyopencl()
    source = '#line 1 "/mine.cl"\n'
    source += "#if 0\n#include <anything.h>\n#endif\n__kernel void k(__global uint *a) { a[0] = 1u; }\n"
    ladder = Ladder(cl, device, cl.Context([device.handle]), source)
    ladder.keep(next(iter(ladder)))
    assert not entries(folder)


@pytest.mark.parametrize("content", [b"", b"no binary at all"])
def test_a_binary_that_the_driver_refuses_is_built_anew(
    device: Device, folder: Path, builds: list[str], content: bytes
) -> None:
    build_program(device)
    (path,) = entries(folder)
    KernelCache(folder).put(path.stem, Entry(content, {"coherent": True}))
    builds.clear()
    program = build_program(device)
    assert builds
    assert program.kernel("vyre_run")
    builds.clear()
    build_program(device)
    assert not builds[rungs_lost(program) :]


def test_off_keeps_nothing(device: Device, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VYRECTL_CACHE", "off")
    build_program(device)
    assert not folder.exists()


def test_without_a_cache_no_binary_is_asked_for(device: Device) -> None:
    ladder = Ladder(pyopencl(), device, None, "", cache=KernelCache(None))
    ladder.keep(Built(LADDER[0], None))


WORKER = """
import sys
from pathlib import Path
from vyrectl.opencl.cache import Entry, KernelCache, key_of

cache = KernelCache(Path(sys.argv[1]), most_bytes=20_000)
for turn in range(150):
    key = key_of([str(turn % 7)])
    found = cache.get(key)
    assert found is None or found.binary == bytes([turn % 7]) * 4000, turn
    cache.put(key, Entry(bytes([turn % 7]) * 4000))
"""


def test_processes_share_a_folder(folder: Path) -> None:
    """More entries than fit: they drop one another's while they write and read."""
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(folder)]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 20_000
    assert not list(folder.glob(".unfinished-*"))


def test_a_tilde_is_the_home_folder() -> None:
    assert cache_folder({VARIABLE: "~/c", "HOME": "/home/me"}) == Path("/home/me/c")
    assert cache_folder({VARIABLE: "/x/~/c", "HOME": "/home/me"}) == Path("/x/~/c")


def test_a_relative_xdg_folder_is_ignored() -> None:
    found = cache_folder({"XDG_CACHE_HOME": "here", "HOME": "/home/me"})
    assert found is not None
    assert str(found).startswith("/home/me/")


def test_a_user_without_a_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert cache_folder({}) is None
    assert cache_folder({VARIABLE: "~/c"}) is None
    assert why_off({}) == "this user has no home folder"
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/vyrectl")


def test_nothing_is_kept_while_a_driver_is_debugged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.delenv("POCL_DEBUG", raising=False)
    assert KernelCache.of_user().is_on
    monkeypatch.setenv("POCL_DEBUG", "all")
    assert not KernelCache.of_user().is_on
    assert why_off(os.environ) == "POCL_DEBUG"
    monkeypatch.setenv("POCL_DEBUG", "0")
    assert KernelCache.of_user().is_on
