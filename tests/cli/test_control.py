"""`control`: a control buffer shown, made, and edited by name."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def words_of(path: Path) -> tuple[int, ...]:
    data = path.read_bytes()
    return struct.unpack(f"<{len(data) // 4}I", data)


@pytest.fixture
def control(tmp_path: Path, cli: Cli) -> Path:
    """Three tenants, four observables, ten slots."""
    path = tmp_path / "c.bin"
    sizes = ("--tenants", "3", "--observables", "4", "--slots", "10")
    assert cli("control", "c.bin", "--new", *sizes).code == 0
    return path


def test_a_fresh_one(cli: Cli, control: Path) -> None:
    words = words_of(control)
    assert len(words) == 164
    assert words[:7] == (0, 0, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1, 0)
    assert words[129:135] == (0, 2, 4, 6, 8, 10)
    record = cli("control", "c.bin", "--json").json()
    assert [one["tenant"] for one in record["tenants"] if one["authorised"]] == [0, 1, 2]
    assert [one["mask"] for one in record["tenants"][28:]] == [0, None, None, None]
    assert [one["first_slot"] for one in record["priorities"]] == [0, 2, 4, 6, 8]
    assert (record["slot_total"], record["observable_words"], record["observables"]) == (10, 4, [])


def test_all_tenants_by_default_and_words_at_once(cli: Cli, tmp_path: Path) -> None:
    record = cli("control", "n.bin", "--new", "epoch=7", "observable.1=5", "--json").json()
    assert all(one["authorised"] for one in record["tenants"][:29])
    assert (record["epoch"], record["observables"]) == (7, [{"observable": 1, "word": 161, "value": 5}])
    assert words_of(tmp_path / "n.bin")[128] == 7


def test_a_file_that_exists_is_kept(cli: Cli, control: Path) -> None:
    before = control.read_bytes()
    result = cli("control", "c.bin", "--new")
    assert (result.code, control.read_bytes()) == (1, before)
    assert cli("control", "c.bin", "--new", "--force", "--observables", "0").code == 0
    assert len(words_of(control)) == 160


def test_a_file_that_is_replaced_may_be_kept(cli: Cli, control: Path) -> None:
    before = control.read_bytes()
    assert cli("control", "c.bin", "--new", "--backup").code == 2
    result = cli("control", "c.bin", "--new", "--force", "--backup")
    assert (result.code, "the old one is c.bin.bak" in result.err) == (0, True)
    assert (control.parent / "c.bin.bak").read_bytes() == before != control.read_bytes()


def test_a_strangers_one_is_kept_the_first_time(cli: Cli, control: Path) -> None:
    theirs = control.parent / "theirs.bin"
    theirs.write_bytes(control.read_bytes())
    results = [cli("control", "theirs.bin", f"epoch={epoch}") for epoch in (5, 6, 7)]
    assert [("the old one is theirs.bin.bak" in one.out, one.code) for one in results] == [
        (True, 0),
        (False, 0),
        (False, 0),
    ]
    assert (control.parent / "theirs.bin.bak").read_bytes() == control.read_bytes()
    assert [one.name for one in control.parent.glob("*.bak*")] == ["theirs.bin.bak"]


def test_a_strangers_one_that_a_fresh_one_replaces_is_kept(cli: Cli, control: Path) -> None:
    theirs = control.parent / "theirs.bin"
    theirs.write_bytes(control.read_bytes())
    result = cli("control", "theirs.bin", "--new", "--force")
    assert (result.code, "the old one is theirs.bin.bak" in result.err) == (0, True)
    assert (control.parent / "theirs.bin.bak").read_bytes() == control.read_bytes()
    assert "the old one" not in cli("control", "theirs.bin", "--new", "--force", "--tenants", "2").err


def test_a_fresh_one_replaces_no_other_kind_of_file(cli: Cli, control: Path) -> None:
    ring = control.parent / "r.bin"
    assert cli("build", "r.bin", "--synthetic", "50").code == 0
    before = ring.read_bytes()
    (control.parent / "link.bin").symlink_to("r.bin")
    for name in ("r.bin", "link.bin"):
        result = cli("control", name, "--new", "--force")
        assert (result.code, "a control buffer" in result.err, ring.read_bytes()) == (3, True, before)
    lock = (control.parent / "r.bin.lock").read_bytes()
    for name in ("r.bin.lock", "r.bin.live"):
        result = cli("control", name, "--new")
        assert (result.code, "of r.bin" in result.err) == (2, True)
    assert (control.parent / "r.bin.lock").read_bytes() == lock
    assert not (control.parent / "r.bin.live").exists()


def test_words_are_written_by_name(cli: Cli, control: Path) -> None:
    before = control.read_bytes()
    result = cli("control", "c.bin", "shutdown=yes", "mask.1=shut", "quota.0-1=9", "--backup", "--json")
    assert [(one["word"], one["name"], one["new"]) for one in result.json()["changes"]] == [
        (0, "shutdown", 1),
        (4, "tenant_masks.1", 0),
        (32, "tenant_quota.0", 9),
        (33, "tenant_quota.1", 9),
    ]
    assert (control.parent / "c.bin.bak").read_bytes() == before
    words = words_of(control)
    assert [words[index] for index in (0, 3, 4, 32, 33, 34)] == [1, 2**32 - 1, 0, 9, 9, 1_000_000]
    assert sum(a != b for a, b in zip(words, struct.unpack("<164I", before), strict=True)) == 4


def test_offsets_from_a_slot_total(cli: Cli, control: Path) -> None:
    assert cli("control", "c.bin", "--slots", "1000").code == 0
    assert words_of(control)[129:135] == (0, 200, 400, 600, 800, 1000)


def test_a_dry_run_and_nothing_to_change(cli: Cli, control: Path) -> None:
    before = control.read_bytes()
    assert cli("control", "c.bin", "epoch=9", "--dry-run").code == 0
    assert cli("control", "c.bin", "epoch=0", "--backup").out == "c.bin: nothing to change\n"
    assert control.read_bytes() == before
    assert not (control.parent / "c.bin.bak").exists()


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("c.bin", "epohc=3"), 2),
        (("c.bin", "epoch"), 2),
        (("c.bin", "epoch=3", "observable.4=1"), 2),
        (("c.bin", "epoch=4294967296"), 2),
        (("c.bin", "--tenants", "3"), 2),
        (("c.bin", "--dry-run"), 2),
        (("n.bin", "--new", "--observables", "1048577"), 2),
        (("-", "epoch=3"), 2),
        (("none.bin",), 1),
        (("short.bin",), 3),
        (("odd.bin", "epoch=3"), 3),
    ],
)
def test_refusals_change_nothing(cli: Cli, control: Path, args: tuple[str, ...], code: int) -> None:
    (control.parent / "short.bin").write_bytes(bytes(636))
    (control.parent / "odd.bin").write_bytes(bytes(641))
    before = control.read_bytes()
    assert cli("control", *args).code == code
    assert control.read_bytes() == before
    assert not (control.parent / "n.bin").exists()


def test_from_standard_input(cli: Cli, control: Path) -> None:
    data = control.read_bytes()
    assert cli("control", "-", "--json", stdin=data).json()["control"] == "-"
    assert cli("control", "-", "epoch=3", stdin=data).code == 2


@pytest.mark.parametrize("more", [(), ("--force",), ("--dry-run",)])
def test_a_new_control_buffer_never_has_a_ring_removed(
    cli: Cli, tmp_path: Path, more: tuple[str, ...]
) -> None:
    assert cli("build", "ring.bin", "--synthetic", "20").code == 0
    before = (tmp_path / "ring.bin").read_bytes()
    result = cli("control", "ring.bin", "--new", *more)
    assert (result.code, "looks like a ring" in result.err, "name another path" in result.err) == (
        3,
        True,
        True,
    )
    assert "emove" not in result.err
    assert (tmp_path / "ring.bin").read_bytes() == before


def test_a_control_buffer_that_is_there_is_replaced_when_told_so(cli: Cli, tmp_path: Path) -> None:
    assert cli("control", "control.bin", "--new", "epoch=3").code == 0
    result = cli("control", "control.bin", "--new")
    assert (result.code, "vyrectl control control.bin --new --force --backup" in result.err) == (1, True)
    assert cli("control", "control.bin", "--new", "--force", "--backup").code == 0
    assert (tmp_path / "control.bin.bak").exists()
