"""Faults of one controller's fleet, each with callers asking meanwhile, and their answers and records checked."""

import json
import os
import pathlib
import signal
import time

from cluster.pods import PodNetwork
from cluster.wait import until
from conftest import deployment, model
from release import Release, Traffic, check_records

WARD = "ward"


def test_agent_pod_evicted(plain: Release):
    """Its replica drains, the other one serves, and the new pod takes the node's identity up again."""
    caller = plain.caller()
    before = {node["name"]: node["id"] for node in nodes(plain, caller)}
    with Traffic(plain, caller, WARD) as traffic:
        victim = plain.pod_names("agent")[0]
        evict(plain, victim)
        until("the pod is replaced", lambda: victim not in plain.pod_names("agent"), seconds=90)
        plain.until_ready("agent", 2)
        until_replicas(plain, 2)
        traffic.until_answers(5)
    assert traffic.failures() == []
    assert {node["name"]: node["id"] for node in nodes(plain, caller)} == before
    check_records(plain, caller, traffic)


def test_worker_killed_for_memory(plain: Release, cluster):
    """What runs on it ends with an error and a closing record; the replica is back without anybody's help."""
    caller = plain.caller()
    with Traffic(plain, caller, WARD) as traffic:
        process, cgroup = worker(cluster, "node1")
        kill_for_memory(process, cgroup)
        until("the worker is gone", lambda: not pathlib.Path(f"/proc/{process}").exists())
        until("another worker", lambda: worker(cluster, "node1")[0] != process)
        until_replicas(plain, 2)
        traffic.until_answers(5)
    for failure in traffic.failures():
        assert failure["status"] >= 500 or failure.get("error"), failure
    check_records(plain, caller, traffic)


def test_kubelet_restarted(plain: Release, cluster):
    caller = plain.caller()
    started = containers(plain)
    with Traffic(plain, caller, WARD) as traffic:
        cluster.kill("kubelet1")
        traffic.until_answers(5)
        cluster.daemons.restart("kubelet1")
        until("node1 is Ready", lambda: cluster.is_ready("node1"))
        traffic.until_answers(5)
    assert traffic.failures() == []
    assert containers(plain) == started, "no container was restarted"
    check_records(plain, caller, traffic)


def test_api_server_gone_for_a_minute(plain: Release, cluster):
    """Inference and record do not need it; afterwards the operator goes on where it was.

    The controller manager goes and comes with it, as where it holds a Lease: one that sat the minute out would come
    back with leases a minute old, and call every node lost that did.
    """
    caller = plain.caller()
    with Traffic(plain, caller, WARD) as traffic:
        cluster.kill("apiserver")
        cluster.kill("kcm")
        gone = time.monotonic()
        while time.monotonic() - gone < 60:
            traffic.until_answers(3)
        cluster.daemons.restart("apiserver")
        until("the API server is back", lambda: cluster.kube.run("get", "--raw", "/readyz"), seconds=90)
        cluster.daemons.restart("kcm")
        traffic.until_answers(5)
    assert traffic.failures() == []
    plain.kube.run("-n", "cloister", "scale", "md/ward", "--replicas=1")
    until_replicas(plain, 1, seconds=120)
    plain.kube.run("-n", "cloister", "scale", "md/ward", "--replicas=2")
    until_replicas(plain, 2, seconds=120)
    check_records(plain, caller, traffic)


def test_volume_full(plain: Release, cluster):
    """No record, no answer: requests are refused before anything is dispatched, and served again with room."""
    caller = plain.caller()
    controller = plain.pods("controller")[0]
    claim = next(v["persistentVolumeClaim"]["claimName"] for v in controller["spec"]["volumes"] if "persistentVolumeClaim" in v)
    volume = plain.kube.get("pvc", claim, namespace="cloister")["spec"]["volumeName"]
    folder = pathlib.Path(plain.kube.get("pv", volume)["spec"]["local"]["path"])
    filler = folder / "filler"
    with Traffic(plain, caller, WARD, callers=4) as traffic:
        try:
            fill(filler)
            # The database goes on for as long as its write-ahead log has room of its own.
            # One whose request is on record is closed on record later; the others were not even dispatched.
            until("requests refused without a record", lambda: unrecorded(traffic), seconds=150)
        finally:
            filler.unlink()
        traffic.until_answers(5)
    check_records(plain, caller, traffic)


def test_model_changed_in_the_registry_after_signing(plain: Release, firm):
    plain.apply(model("smollm2-altered", firm.push_altered()))
    refused = plain.until_condition("model", "smollm2-altered", "Verified", "False")
    assert "weights" in refused["message"] or "gguf" in refused["message"], refused
    plain.delete("model", "smollm2-altered")


def test_scaled_from_three_to_nothing_and_back(plain: Release):
    for count in (3, 0, 3, 2):
        plain.kube.run("-n", "cloister", "scale", "md/ward", f"--replicas={count}")
        until_replicas(plain, count, seconds=150)


def test_two_people_edit_one_object(plain: Release):
    """In Kubernetes: the second is told. Beside Kubernetes: the operator says so and overwrites nothing."""
    apply = ["-n", "cloister", "apply", "--server-side", "-f", "-"]
    plain.kube.run(*apply, "--field-manager=first", "--force-conflicts", stdin=to_json(deployment(WARD, "smollm2", replicas=2)))
    message = plain.kube.fails(*apply, "--field-manager=second", stdin=to_json(deployment(WARD, "smollm2", replicas=1)))
    assert "conflict" in message.lower() and "replicas" in message, message
    caller = plain.caller()
    plain.cli(caller, "deploy", WARD, "--model", "smollm2", "--replicas", "1")
    drifted = plain.until_condition("modeldeployment", WARD, "InSync", "False")
    assert drifted["reason"] == "ChangedElsewhere", drifted
    plain.cli(caller, "deploy", WARD, "--model", "smollm2", "--replicas", "2")
    plain.until_condition("modeldeployment", WARD, "InSync", "True")


def test_deleted_in_the_middle_of_loading(plain: Release):
    plain.apply(deployment("brief", "smollm2", replicas=1))
    until("a replica that is not ready yet", lambda: placements(plain, "brief"))
    plain.delete("modeldeployment", "brief")
    caller = plain.caller()
    assert "brief" not in plain.cli(caller, "deployments")


def unrecorded(traffic: Traffic) -> list[dict]:
    return [failure for failure in traffic.failures() if failure["status"] == 503 and not failure.get("record")]


# --- how it is done ---------------------------------------------------------------------------------


def nodes(release: Release, caller: PodNetwork) -> list[dict]:
    return json.loads(release.cli(caller, "nodes", "-o", "json"))


def placements(release: Release, name: str) -> list[dict]:
    return release.kube.get("modeldeployment", name, namespace="cloister").get("status", {}).get("placements", [])


def until_replicas(release: Release, count: int, seconds: float = 90) -> None:
    def ready() -> bool:
        status = release.kube.get("modeldeployment", WARD, namespace="cloister")["status"]
        return (status.get("readyReplicas") or 0, len(status.get("placements", []))) == (count, count)

    until(f"{count} ready replicas", ready, seconds=seconds)


def containers(release: Release) -> set[str]:
    pods = release.pods("controller") + release.pods("agent")
    return {status["containerID"] for pod in pods for status in pod["status"]["containerStatuses"]}


def evict(release: Release, pod: str) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": release.namespace}}
    path = f"/api/v1/namespaces/{release.namespace}/pods/{pod}/eviction"
    release.kube.run("create", "--raw", path, "-f", "-", stdin=to_json(body))


def worker(cluster, node: str) -> tuple[int, pathlib.Path]:
    """Process and memory cgroup of the newest worker on a k8s node."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            groups = dict(line.split(":", 2)[1:] for line in (process / "cgroup").read_text().splitlines())
        except OSError:
            continue
        memory = groups.get("memory", "")
        if b"worker" in command[:2] and f"/{node}/" in memory:
            found.append((int(process.name), pathlib.Path("/sys/fs/cgroup/memory") / memory.lstrip("/")))
    return max(found)


def kill_for_memory(process: int, cgroup: pathlib.Path) -> None:
    """The container's limit is drawn so tight that the kernel chooses a victim; if it finds enough to reclaim
    instead, the signal that it would have sent is sent."""
    limit = cgroup / "memory.limit_in_bytes"
    before = limit.read_text()
    try:
        limit.write_text(str(int((cgroup / "memory.usage_in_bytes").read_text()) + (1 << 20)))
        until("the kernel kills", lambda: not pathlib.Path(f"/proc/{process}").exists(), seconds=5)
    except (OSError, AssertionError):
        os.kill(process, signal.SIGKILL)
    finally:
        limit.write_text(before)


def fill(file: pathlib.Path) -> None:
    with open(file, "wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(1 << 20))
        except OSError:
            pass
        for size in (4096, 512, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                pass


def to_json(value: dict) -> str:
    return json.dumps(value)
