"""500 deployments on 1,000 nodes: how long, how much memory, how many requests. In order: each test goes on from where
the one before it ended. Times are printed against their goals; limits that must hold on any machine are asserted."""

import subprocess
import time

from api_requests import Spent
from cluster.settings import environment
from cluster.wait import until
from fleet import MODEL, NAMESPACE, NODES, custom
from watched import is_ready

DEPLOYMENTS = 500
MOVED = 40  # scaled, and later removed
READY_GOAL_S, READY_MAX_S = 60, 180
PEAK_MAX_MIB = 256
CREATION_REQUESTS_MAX = 6  # per object
RESYNC_S = 15
QUIET_S = 2 * RESYNC_S


def names(first: int, count: int) -> list[str]:
    return [f"ward-{number:03d}" for number in range(first, first + count)]


def deployment(name: str) -> dict:
    return custom("ModelDeployment", name, {"model": MODEL, "replicas": 1, "contextLength": 512, "maxSequences": 2})


def wait_for(fleet, what: str, condition, seconds: float) -> None:
    try:
        until(what, condition, seconds=seconds, pause=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{fleet.deployments.reasons()}\n{fleet.said('enrolled')}") from error


def test_every_node_is_mirrored(fleet):
    began = time.monotonic()
    is_ready_node = lambda item: item.get("status", {}).get("state") == "ready"  # noqa: E731
    until(f"{NODES} FleetNodes", lambda: fleet.mirror.count(is_ready_node) == NODES, seconds=120)
    print(f"\n  {NODES} FleetNodes are mirrored, {time.monotonic() - began:.1f} s after the model was ready")
    one = fleet.mirror.all()[0]["status"]
    assert one["memoryTotalBytes"] == 256 << 30 and one["jurisdiction"] and one["certificateExpiresAt"]


def test_500_deployments_become_ready(fleet):
    before, cpu_s = fleet.count(), fleet.daemons.cpu_seconds("controller")
    wards = names(0, DEPLOYMENTS)
    began = time.monotonic()
    fleet.apply(*map(deployment, wards))
    applied_s = time.monotonic() - began
    wait_for(fleet, f"{DEPLOYMENTS} deployments are ready", lambda: len(fleet.deployments.ready_at) == DEPLOYMENTS, READY_MAX_S)
    times = sorted(at - began for at in fleet.deployments.ready_at.values())
    spent = Spent(before, fleet.count())
    print(f"\n  ready: first {times[0]:.1f} s, half {times[DEPLOYMENTS // 2]:.1f} s, all {times[-1]:.1f} s "
          f"(goal {READY_GOAL_S} s, of which kubectl apply took {applied_s:.1f} s)")
    print(f"  {spent.summary()}")
    fleet.tell_costs(cpu_s, times[-1])
    per_object = spent.for_kind("modeldeployments") / DEPLOYMENTS
    print(f"  {per_object:.2f} requests per ModelDeployment (at most {CREATION_REQUESTS_MAX}), "
          f"{spent.for_kind('fleetnodes') / NODES:.2f} per FleetNode")
    assert times[-1] < READY_MAX_S
    assert per_object <= CREATION_REQUESTS_MAX


def test_a_deployment_answers(fleet):
    answer = fleet.ask("ward-000")
    assert answer["choices"][0]["message"]["content"] == "This answer is simulated"


def test_nothing_is_asked_when_nothing_changes(fleet):
    wait_for(fleet, "all deployments are ready", lambda: fleet.deployments.count(is_ready) == DEPLOYMENTS, 30)
    before, cpu_s = fleet.count(), fleet.daemons.cpu_seconds("controller")
    until("several resyncs have passed", lambda: time.monotonic() - before.at >= QUIET_S, seconds=2 * QUIET_S)
    spent = Spent(before, fleet.count())
    resyncs = spent.seconds / RESYNC_S
    per_object = spent.for_kind("modeldeployments") / DEPLOYMENTS / resyncs
    print(f"\n  quiet: {spent.summary()}\n  {per_object:.3f} requests per ModelDeployment and resync (at most 1)")
    fleet.tell_costs(cpu_s, spent.seconds)
    assert spent.looks > 0, "the operator looked at nothing"
    assert per_object <= 1


def test_some_deployments_are_scaled(fleet):
    before, scaled = fleet.count(), names(0, MOVED)
    began = time.monotonic()
    fleet.run("scale", "--replicas=2", *(f"modeldeployment/{name}" for name in scaled))

    def is_scaled(item: dict) -> bool:
        return item["spec"]["replicas"] == 2 and item["status"].get("readyReplicas") == 2 and is_ready(item)

    wait_for(fleet, f"{MOVED} deployments have two replicas", lambda: fleet.deployments.count(is_scaled) == MOVED, 120)
    spent = Spent(before, fleet.count())
    print(f"\n  {MOVED} scaled to two replicas: {time.monotonic() - began:.1f} s; {spent.summary()}")
    assert fleet.deployments.count(is_ready) == DEPLOYMENTS, "the others stayed as they were"


def test_some_deployments_are_deleted(fleet):
    before, deleted = fleet.count(), names(DEPLOYMENTS - MOVED, MOVED)
    began = time.monotonic()
    kubectl = subprocess.Popen(
        ["kubectl", "-n", NAMESPACE, "delete", "modeldeployment", "--wait=false", *deleted],
        env=environment(), stdout=subprocess.DEVNULL)
    left = DEPLOYMENTS - MOVED
    wait_for(fleet, f"{MOVED} deployments are gone", lambda: fleet.deployments.count() == left, 120)
    assert kubectl.wait(60) == 0
    spent = Spent(before, fleet.count())
    print(f"\n  {MOVED} deleted, drained first: {time.monotonic() - began:.1f} s; {spent.summary()}")
    wait_for(fleet, "their replicas are gone from the nodes", lambda: "(500 ready)" in fleet.said("enrolled"), 30)


def test_the_mirror_catches_up(fleet):
    """A FleetNode is written at most every 30 s, so this may take that long."""
    placed = lambda: sum(item["status"].get("replicas", 0) for item in fleet.mirror.all())  # noqa: E731
    until("the mirror shows every replica", lambda: placed() == DEPLOYMENTS, seconds=120)
    assert len(fleet.mirror.all()) == NODES


def test_memory_stays_bounded(fleet):
    peak_mib = fleet.daemons.memory_bytes("controller", "VmHWM") >> 20
    sim_mib = fleet.daemons.memory_bytes("sim", "VmHWM") >> 20
    print(f"\n  peak resident memory: controller {peak_mib} MiB (at most {PEAK_MAX_MIB}), simulation {sim_mib} MiB")
    assert peak_mib <= PEAK_MAX_MIB
