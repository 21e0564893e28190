"""What the network looks like from inside a pod, with the tools of this machine."""

import json
import pathlib
import subprocess
import sys

from .cluster import Cluster

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])).close()
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


class PodNetwork:
    """The network namespace of a running pod: its address, and every policy that holds for it."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str) -> None:
        self.name = f"{namespace}/{pod}"
        status = cluster.kube.get("pod", pod, namespace=namespace)["status"]
        self.address = status["podIP"]
        node = cluster.node_of(self.address)
        container = status["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        spec = json.loads(node.ctr("-n", "k8s.io", "containers", "info", container))["Spec"]
        networks = [n["path"] for n in spec["linux"]["namespaces"] if n["type"] == "network"]
        self.path = pathlib.Path(networks[0])

    def enter(self, *command) -> list[str]:
        return ["nsenter", f"--net={self.path}", *map(str, command)]

    def reaches(self, host: str, port: int, seconds: float = 2) -> bool:
        """Whether a new TCP connection is made. Refused by the far side counts as reached: packets came back."""
        command = self.enter(sys.executable, "-c", CONNECT, host, port, seconds)
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return done.returncode == 0 or "ConnectionRefused" in done.stderr

    def run(self, *command, seconds: float = 60) -> subprocess.CompletedProcess:
        return subprocess.run(self.enter(*command), capture_output=True, text=True, timeout=seconds)


def resolve(cluster: Cluster, namespace: str, service: str) -> str:
    """The ClusterIP of a Service."""
    return cluster.kube.get("service", service, namespace=namespace)["spec"]["clusterIP"]
