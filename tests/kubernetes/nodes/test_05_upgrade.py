"""Upgrades and rollbacks by both Helms, with callers asking all the while: none fails, none is unrecorded."""

import pytest

from cluster.wait import until
from conftest import ICU
from release import Release, Traffic, check_records


def roll(fleet: Release, act) -> None:
    """Everything is replaced by `act`: controllers and agents are other pods afterwards."""
    caller = fleet.caller()
    before = {pod["metadata"]["uid"] for kind in ("controller", "agent") for pod in fleet.pods(kind)}
    with Traffic(fleet, caller, ICU) as traffic:
        act()
        fleet.until_ready("controller", 2)
        fleet.until_ready("agent", 2)
        until("both replicas", lambda: ready(fleet) == 2, seconds=120)
        traffic.until_answers(10)
    after = {pod["metadata"]["uid"] for kind in ("controller", "agent") for pod in fleet.pods(kind)}
    assert not before & after, "every pod was replaced"
    print(f"  {len(traffic.answers())} answers, {len(traffic.failures())} failures")
    assert traffic.failures() == []
    check_records(fleet, caller, traffic)


def ready(fleet: Release) -> int:
    return fleet.kube.get("modeldeployment", ICU, namespace="fleet")["status"].get("readyReplicas", 0)


@pytest.fixture
def changed(sources, postgres_settings) -> list[str]:
    """Another image by name, and another configuration."""
    return [*sources, *postgres_settings, "--set", "image.tag=next", "--set", "controller.logLevel=warn"]


def test_upgrade_with_helm_4(fleet: Release, changed):
    roll(fleet, lambda: fleet.upgrade(*changed))


def test_rollback_with_helm_4(fleet: Release):
    roll(fleet, lambda: fleet.rollback(1))


def test_upgrade_with_helm_3(fleet: Release, changed):
    roll(fleet, lambda: fleet.upgrade(*changed, version=3))


def test_identity_outlives_every_upgrade(fleet: Release):
    """What the controller wrote into the objects that the chart made is still there."""
    assert fleet.secret("admin.key").startswith("clk_")
    assert "BEGIN CERTIFICATE" in fleet.kube.get("configmap", "cloister-fleet-ca", namespace="fleet")["data"]["ca.pem"]
    assert fleet.lease_holder()
