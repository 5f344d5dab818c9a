"""Where the runtime's own kernel would do otherwise, a launch and `check` say so to whoever meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring

READY = {"state": 1, "priority": 2}
DEVICE = ("--device", "reference", "--output", "after.bin")


@pytest.mark.parametrize(
    ("fields", "fault", "instead"),
    [
        ({"op_handle": 0x2000}, "unknown_op", "the runtime's kernel ends such a task as Done"),
        (
            {"op_handle": 1, "input_handle": 5, "output_handle": 0xFFFF},
            "out_of_range",
            "the runtime's kernel drops such an access",
        ),
        ({"op_handle": 7}, "out_of_range", "the runtime's kernel raises the epoch without observable words"),
        ({"op_handle": 0x1008, "param": 9}, "user(9)", None),
    ],
)
def test_a_fault_says_what_the_runtime_does_instead(
    cli: Cli, tmp_path: Path, fields: dict[str, int], fault: str, instead: str | None
) -> None:
    write_ring(tmp_path / "ring.bin", slot(**READY, task_id=1, **fields), slot(**READY, task_id=2))
    assert cli("control", "control.bin", "--new", "--tenants", "1", "--observables", "0").code == 0
    args = ("launch", "ring.bin", *DEVICE, "--control", "control.bin", "--fault-unknown")
    found = cli(*args, "--json").json()["faults"]
    assert [(row["name"], row["runtime"]) for row in found] == [(fault, instead)]
    if instead:
        assert instead in " ".join(cli(*args).out.split())


def test_a_refusal_says_that_the_runtime_ends_them(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", slot(**READY, task_id=1, op_handle=0x2000))
    refused = cli("launch", "ring.bin", *DEVICE)
    assert refused.code == 3
    assert "the runtime's kernel ends a task without a handler as Done" in refused.err


def test_tenants_without_a_mask(cli: Cli, tmp_path: Path) -> None:
    tenants = (0, 3, 28, 29, 31, 4000)
    write_ring(
        tmp_path / "ring.bin", *(slot(**READY, task_id=n + 1, tenant_id=t) for n, t in enumerate(tenants))
    )
    assert cli("control", "control.bin", "--new", "--tenants", "1").code == 0
    args = ("launch", "ring.bin", *DEVICE, "--control", "control.bin")
    left = cli(*args, "--json").json()["left_alone"]
    assert (left["shut_out"], left["without_mask"]) == (5, 3)
    shown = " ".join(cli(*args).out.split())
    assert "3 slots of tenants 29 and up, which have no mask: the runtime reads the quota table" in shown
    assert "2 slots of a tenant that is not let in" in shown
    free = cli("launch", "ring.bin", *DEVICE, "--json").json()["left_alone"]
    assert (free["shut_out"], free["without_mask"]) == (0, 0)
