"""`launch --tenant-quota`: what it claims, reports and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import words_at
from tests.support.rings import slot, write_ring


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    """Six tasks: tenants 1, 2, 1, 2, 1, 9."""
    slots = [slot(state=1, priority=2, tenant_id=n, task_id=i + 1) for i, n in enumerate((1, 2, 1, 2, 1, 9))]
    return write_ring(tmp_path / "ring.bin", *slots)


def launch(cli: Cli, *quotas: str) -> dict[str, object]:
    options = [text for quota in quotas for text in ("--tenant-quota", quota)]
    result = cli("launch", "ring.bin", "--device", "reference", "--json", *options)
    assert result.code == 0
    return result.json()


def test_a_bounded_tenant_is_shut_out_when_it_is_spent(cli: Cli, tenants: Path) -> None:
    report = launch(cli, "1=2", "0x2=0", "77=5")
    assert (report["ended"], report["claims"], report["remaining"]) == ("drained", 3, 0)
    assert report["left_alone"]["shut_out"] == 3  # type: ignore[index]
    assert report["quotas"] == [
        {"tenant_id": 1, "quota": 2, "claims": 2},
        {"tenant_id": 2, "quota": 0, "claims": 0},
        {"tenant_id": 77, "quota": 5, "claims": 0},
    ]
    assert [words_at(tenants, n)["state"] for n in range(6)] == [3, 1, 3, 1, 1, 3]


def test_a_quota_is_that_of_one_launch(cli: Cli, tenants: Path) -> None:
    for left in (2, 1, 0):
        report = launch(cli, "1=1")
        assert report["left_alone"]["shut_out"] == left  # type: ignore[index]
    assert launch(cli)["claims"] == 0


def test_it_is_verified_and_shown(cli: Cli, tenants: Path) -> None:
    result = cli("launch", "ring.bin", "--device", "reference", "--verify", "--tenant-quota", "1=2")
    assert result.code == 0
    assert "tenant  claims  quota\n──────  ──────  ─────\n     1       2      2\n" in result.out
    assert "1 slot  of a tenant that is not let in or has spent its quota" in result.out


def test_without_quotas_there_is_nothing_to_show(cli: Cli, tenants: Path) -> None:
    assert launch(cli)["quotas"] == []
    assert "quota" not in cli("launch", "ring.bin", "--device", "reference").out


def test_a_dry_run_leaves_out_who_has_none(cli: Cli, tenants: Path) -> None:
    record = cli("launch", "ring.bin", "--dry-run", "--json", "--tenant-quota", "1=0").json()
    assert (record["claimable"], record["left_alone"]["shut_out"]) == (3, 3)


@pytest.mark.parametrize("text", ["1", "a=1", "1=-1", "1=4294967296"])
def test_what_it_refuses(cli: Cli, tenants: Path, text: str) -> None:
    result = cli("launch", "ring.bin", "--tenant-quota", text, "--json")
    assert (result.code, result.error()["fix"]) == (
        2,
        "Give a tenant and a number of claims: --tenant-quota 3=100, in Python quotas={3: 100}",
    )
