"""The cluster as a test uses it. Lives inside the namespaces of `namespaces.py`."""

import signal
import time

from . import control_plane, images, network, pki
from .daemons import Daemons
from .kube import Kube
from .node import Node
from .settings import KUBECONFIG, TESTS, missing_programs
from .wait import until


class Cluster:
    def __init__(self) -> None:
        if missing := missing_programs():
            raise SystemExit(f"missing: {', '.join(missing)}. Build them: tests/kubernetes/build-tools.sh")
        self.began = time.monotonic()
        self.daemons = Daemons()
        self.nodes: dict[int, Node] = {}
        self.kube = Kube(KUBECONFIG)
        self.images: list = []

    def start_control_plane(self) -> None:
        network.build()
        self.authority = pki.make()
        self.daemons.start("internet", "internet", ["probe", "serve", ":8080"])
        control_plane.start(self.daemons)
        self._tell("the API server is ready")
        for name, rule in {"netpol": "--clusterrole=view", "netpol-namespaces": "--clusterrole=namespace-reader"}.items():
            if rule.endswith("namespace-reader"):
                self.kube.run("create", "clusterrole", "namespace-reader", "--verb=get,list,watch", "--resource=namespaces")
            self.kube.run("create", "clusterrolebinding", name, rule, "--user=netpol")

    def start_nodes(self, count: int) -> None:
        self.images = images.build()
        for number in range(1, count + 1):
            self.add_node(number)
        self.kube.apply_file(TESTS / "cluster" / "coredns.yaml")
        self.kube.run("-n", "kube-system", "rollout", "status", "deploy/coredns", "--timeout=60s")
        self._tell("cluster DNS answers")

    def add_node(self, number: int) -> Node:
        if number != 1:
            network.add_node(number, list(self.nodes))
        node = Node(number, self.daemons)
        node.start(self.authority, self.images)
        self.nodes[number] = node
        until(f"{node.name} is Ready", lambda: self.is_ready(node.name), seconds=90)
        self._tell(f"{node.name} is Ready")
        return node

    def is_ready(self, name: str, status: str = "True") -> bool:
        conditions = self.kube.get("node", name)["status"].get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == status for c in conditions)

    def load_image(self, image) -> None:
        """Onto every node, as an air-gapped firm does."""
        for node in self.nodes.values():
            node.load_image(image)

    def kill(self, name: str) -> None:
        self.daemons.stop(name, signal.SIGKILL)

    def partition(self, number: int) -> None:
        network.set_link(number, up=False)

    def heal(self, number: int) -> None:
        network.set_link(number, up=True)

    def node_of(self, pod_address: str) -> Node:
        return self.nodes[int(pod_address.split(".")[2])]

    def stop(self) -> None:
        for name, peak in sorted(self.daemons.peaks().items()):
            print(f"  peak with page cache {peak >> 20:5d} MiB  {name}")
        self.daemons.stop_all()

    def _tell(self, what: str) -> None:
        print(f"  {time.monotonic() - self.began:6.1f} s  {what}", flush=True)
