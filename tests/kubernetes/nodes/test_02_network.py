"""Nothing leaves: every forbidden way is tried with packets, and what must pass still passes."""

import pathlib

import pytest

from cluster.pods import PodNetwork, resolve
from cluster.settings import CONTROL_PLANE, DNS, INTERNET, NODE_NETWORK, SERVICES_HOST
from release import Release

KUBELET, API_SERVER, HTTP, GRPC, AGENTS = 10250, 6443, 7080, 7081, 7082


@pytest.fixture(scope="module")
def pods(plain: Release, cluster):
    """One pod of each kind, by role."""
    cluster.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    found = {
        "agent": PodNetwork(cluster, "cloister", plain.pod_names("agent")[0]),
        "controller": PodNetwork(cluster, "cloister", plain.pod_names("controller")[0]),
        "caller": plain.caller(), "unlabelled": plain.caller("unlabelled", labels={}),
        "stranger": plain.caller("stranger", namespace="other"),
        "server": plain.caller("server", labels={}, namespace="other"),
    }
    return found


def node_of(pod: PodNetwork) -> str:
    return f"{NODE_NETWORK}.{pod.address.split('.')[2]}"


def test_the_forbidden_targets_are_there_for_a_pod_without_policy(pods):
    stranger = pods["stranger"]
    assert stranger.reaches(INTERNET, 8080)
    assert stranger.reaches(node_of(stranger), KUBELET)
    assert stranger.reaches(SERVICES_HOST, 5432)
    assert stranger.reaches(pods["server"].address, 9) and stranger.reaches(CONTROL_PLANE, API_SERVER)


@pytest.mark.parametrize("role", ["agent", "controller"])
def test_nothing_leaves_from(pods, role):
    pod = pods[role]
    assert not pod.reaches(INTERNET, 8080), "the outside"
    assert not pod.reaches(pods["server"].address, 9), "another namespace"
    assert not pod.reaches(node_of(pod), KUBELET), "its own node's kubelet"
    assert not pod.reaches(SERVICES_HOST, 22), "another port of the firm's servers"


def test_an_agent_reaches_the_controller_and_names_and_nothing_else(pods, cluster, plain):
    agent, controller = pods["agent"], pods["controller"]
    assert agent.reaches(controller.address, AGENTS)
    assert agent.reaches(DNS, 53)
    assert not agent.reaches(controller.address, HTTP), "the admin port"
    assert not agent.reaches(CONTROL_PLANE, API_SERVER), "the API server"
    assert not agent.reaches(SERVICES_HOST, 5000), "the registry"
    other = PodNetwork(cluster, "cloister", plain.pod_names("agent")[1])
    assert not agent.reaches(other.address, AGENTS), "another agent"


def test_the_worker_is_in_the_agents_network_and_has_no_sockets_of_its_own(pods, cluster):
    node = cluster.node_of(pods["agent"].address)
    workers = worker_processes(node.name)
    assert workers, "a replica runs on this node"
    for status in workers:
        assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status


def worker_processes(node: str) -> list[str]:
    """/proc/PID/status of the workers of a k8s node (of all nodes: they are told apart by their cgroup)."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            if b"worker" in command[:2] and f"/{node}/" in (process / "cgroup").read_text():
                found.append((process / "status").read_text())
        except OSError:
            continue
    return found


def test_the_controller_still_reaches_what_it_needs(pods, plain):
    controller = pods["controller"]
    assert controller.reaches(DNS, 53)
    assert controller.reaches(CONTROL_PLANE, API_SERVER)
    assert controller.reaches(SERVICES_HOST, 5000), "the registry that was allowed"


def test_a_labelled_caller_gets_in_and_nobody_else(pods, plain, cluster):
    controller, agent = pods["controller"].address, pods["agent"].address
    service = resolve(cluster, "cloister", "cloister")
    assert pods["caller"].reaches(service, HTTP) and pods["caller"].reaches(controller, GRPC)
    assert not pods["caller"].reaches(controller, AGENTS), "the agents' port is for agents"
    for role in ("unlabelled", "stranger"):
        for port in (HTTP, GRPC, AGENTS):
            assert not pods[role].reaches(controller, port), f"{role} to {port}"
        assert not pods[role].reaches(agent, AGENTS), role
