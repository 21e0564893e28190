"""Two controllers on one PostgreSQL: one log, one leader, and every fault of a node, a pod or the database."""

import json
import signal
import time

from cluster.pods import PodNetwork
from cluster.settings import REPOSITORY, WORK
from cluster.wait import until
from conftest import ICU
from release import Release, Traffic, check_records


def on_node(fleet: Release, component: str, node: str) -> str:
    return next(p["metadata"]["name"] for p in fleet.pods(component) if p["spec"]["nodeName"] == node)


def test_every_controller_answers_and_all_write_one_log(fleet: Release):
    caller = fleet.caller()
    boots = set()
    for pod in fleet.pods("controller"):
        url = f"http://{pod['status']['podIP']}:7080"
        fleet.cli_at(caller, url, "check", ICU)
    for record in fleet.verified_log(caller).values():
        if record["kind"] == "inference.completed":
            boots.add(record["boot"])
    assert len(boots) == 2


def test_controller_pod_deleted(fleet: Release):
    caller = fleet.caller()
    with Traffic(fleet, caller, ICU) as traffic:
        victim = fleet.pod_names("controller")[0]
        before = uid(fleet, victim)
        fleet.delete("pod", victim)
        until("another pod of that name", lambda: uid(fleet, victim) != before)
        fleet.until_ready("controller", 2)
        traffic.until_answers(5)
    assert traffic.failures() == []
    check_records(fleet, caller, traffic)


def test_leader_killed(fleet: Release, cluster):
    """What it was relaying is lost to its callers and closed on record by whoever leads next: the other one, or the
    killed one's successor in the same pod, if that is back before the lease has run out."""
    caller = fleet.caller()
    with Traffic(fleet, caller, ICU, callers=4) as traffic:
        leader = fleet.lease_holder()
        kill_container(fleet, cluster, leader.split("_")[0])
        until("another leader", lambda: fleet.lease_holder() not in ("", leader), seconds=45)
        fleet.until_ready("controller", 2)
        traffic.until_answers(5)
    until("no request is left open", lambda: not open_requests(fleet, caller), seconds=60, pause=1)
    check_records(fleet, caller, traffic)


def test_postgresql_restarted(fleet: Release, cluster, firm):
    caller = fleet.caller()
    with Traffic(fleet, caller, ICU) as traffic:
        cluster.daemons.stop("postgres", signal.SIGINT)  # as `pg_ctl restart` does
        refused = until("a refusal", lambda: traffic.failures(), seconds=30)
        assert refused[0]["status"] in (0, 503), refused[0]
        until("controllers that are not ready", lambda: fleet.ready("controller") == [], seconds=60)
        cluster.daemons.restart("postgres")
        fleet.until_ready("controller", 2)
        traffic.until_answers(5)
    until("no request is left open", lambda: not open_requests(fleet, caller), seconds=60, pause=1)
    check_records(fleet, caller, traffic)


def test_node_partitioned_and_healed(fleet: Release, cluster):
    """Its replicas are placed elsewhere; when it is back it obeys the newer generation and nothing was served twice.

    Then one replica goes back to it: the loss of one node shall not be the deployment's.
    """
    caller = fleet.caller()
    assert caller.address.startswith("10.88.1."), "the caller is on the side that stays"
    cluster.partition(2)
    try:
        until("node2 is not Ready", lambda: cluster.is_ready("node2", "Unknown"), seconds=90)
        with Traffic(fleet, caller, ICU) as traffic:
            until("both replicas on node1", lambda: placed_on(fleet) == ["node1", "node1"], seconds=150)
            traffic.until_answers(10)
            cluster.heal(2)
            until("node2 is Ready", lambda: cluster.is_ready("node2"), seconds=60)
            fleet.until_ready("controller", 2)
            fleet.until_ready("agent", 2)
            until("node2 is connected", lambda: node_connected(fleet, "node2"), seconds=60)
            until("a replica back on node2", lambda: placed_on(fleet) == ["node1", "node2"], seconds=120)
            traffic.until_answers(5)
    finally:
        cluster.heal(2)
    records = check_records(fleet, caller, traffic)
    closings = [record["intent"] for record in records.values() if record.get("intent")]
    assert len(closings) == len(set(closings)), "no request was answered twice"


def test_a_stolen_token_is_refused(fleet: Release, cluster):
    """An agent's token, used from another pod; and a token of another namespace's account of the same name."""
    token = fleet.kube.run(
        "-n", "fleet", "create", "token", "cloister-agent", "--audience=cloister-agents",
        "--bound-object-kind=Pod", f"--bound-object-name={on_node(fleet, 'agent', 'node2')}").strip()
    thief = fleet.caller("thief", labels=agent_labels(fleet))
    try:
        use_stolen_tokens(fleet, cluster, thief, token)
    finally:
        fleet.delete("pod", "thief")


def use_stolen_tokens(fleet: Release, cluster, thief: PodNetwork, token: str) -> None:
    refused = enrol(fleet, thief, token, "node2")
    assert "an address of the pod" in refused, refused
    refused = enrol(fleet, thief, token, "node1")
    assert "claims to run on the k8s node" in refused, refused
    cluster.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    cluster.kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "cloister-agent", "namespace": "other"}})
    foreign = fleet.kube.run("-n", "other", "create", "token", "cloister-agent", "--audience=cloister-agents").strip()
    refused = enrol(fleet, thief, foreign, "node1")
    assert "of the serviceaccount system:serviceaccount:other:cloister-agent" in refused, refused


# --- how it is done ---------------------------------------------------------------------------------


def uid(fleet: Release, pod: str) -> str:
    return next((p["metadata"]["uid"] for p in fleet.pods("controller") if p["metadata"]["name"] == pod), "")


def kill_container(fleet: Release, cluster, pod: str) -> None:
    found = fleet.kube.get("pod", pod, namespace="fleet")
    container = found["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    node = cluster.node_of(found["status"]["podIP"])
    node.ctr("-n", "k8s.io", "task", "kill", "--signal", "SIGKILL", container)


def open_requests(fleet: Release, caller: PodNetwork) -> set[str]:
    records = fleet.verified_log(caller).values()
    closed = {record["intent"] for record in records if record.get("intent")}
    return {record["id"] for record in records if record["kind"] == "inference.requested"} - closed


def placed_on(fleet: Release) -> list[str]:
    status = fleet.kube.get("modeldeployment", ICU, namespace="fleet")["status"]
    ready = [p for p in status.get("placements", []) if p["phase"].lower() == "ready"]
    return sorted(place["node"] for place in ready)


def node_connected(fleet: Release, name: str) -> bool:
    caller = PodNetwork(fleet.cluster, "fleet", "caller")
    nodes = json.loads(fleet.cli(caller, "nodes", "-o", "json"))
    return any(node["name"] == name and node["state"] == "ready" for node in nodes)


def agent_labels(fleet: Release) -> dict:
    """What the policies go by: the thief is let through to the port, so that the token alone decides."""
    labels = fleet.pods("agent")[0]["metadata"]["labels"]
    # Without this one the DaemonSet would adopt the pod.
    return {key: value for key, value in labels.items() if key.startswith("app.kubernetes.io/")}


def enrol(fleet: Release, thief: PodNetwork, token: str, node: str) -> str:
    """Runs the agent's program with somebody else's token; what it was told."""
    folder = WORK / f"thief-{time.monotonic_ns()}"
    folder.mkdir()
    (folder / "token").write_text(token)
    ca = fleet.kube.get("configmap", "cloister-fleet-ca", namespace="fleet")["data"]["ca.pem"]
    (folder / "ca.pem").write_text(ca)
    agent = REPOSITORY / "target" / "x86_64-unknown-linux-gnu" / "image" / "cloister-agent"
    controller = next(p["status"]["podIP"] for p in fleet.pods("controller") if p["spec"]["nodeName"] == "node1")
    until("the thief gets through to the port", lambda: thief.reaches(controller, 7082))
    hosts = folder / "hosts"
    host = "cloister-agents.fleet.svc"
    hosts.write_text(f"{controller} {host}\n")
    script = f"mount --bind {hosts} /etc/hosts && exec timeout 15 {agent} --data {folder}/data --kubernetes-token {folder}/token " \
        f"--controller https://{host}:7082 --controller-ca {folder}/ca.pem --name {node}"
    done = thief.run("unshare", "--mount", "sh", "-c", script, seconds=40)
    assert done.returncode != 0
    return (done.stdout + done.stderr).lower()
