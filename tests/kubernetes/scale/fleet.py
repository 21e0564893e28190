"""One controller on SQLite, outside of any pod, with what the chart would have made for it; and its simulated nodes."""

import base64
import json
import os
import pathlib
import urllib.request

from api_requests import Count
from cluster.cluster import Cluster
from cluster.firm import Signer
from cluster.settings import LOGS, REPOSITORY, WORK
from cluster.wait import until
from watched import GROUP, Watched

NODES = 1000
NAMESPACE, RELEASE = "scale", "cloister"
IMAGE_PROGRAMS = REPOSITORY / "target" / "x86_64-unknown-linux-musl" / "image"
PROGRAMS = pathlib.Path(os.environ.get("CLOISTER_PROGRAMS", IMAGE_PROGRAMS))
SIM = pathlib.Path(os.environ.get("CLOISTER_SIM", REPOSITORY / "target" / "debug" / "cloister-sim"))
MODEL_FILE = pathlib.Path(os.environ.get(
    "CLOISTER_TEST_MODEL", REPOSITORY / ".cloister" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"))
CRDS = REPOSITORY / "charts" / "cloister" / "files" / "crds"
MODEL = "smollm2"
HTTP, GRPC, AGENTS = "127.0.0.1:7080", "127.0.0.1:7081", "127.0.0.1:7082"


class Fleet:
    def __init__(self, cluster: Cluster) -> None:
        for file in (PROGRAMS / "cloister-controller", PROGRAMS / "cloister", SIM, MODEL_FILE, CRDS):
            assert file.exists(), f"{file} is missing: build the programs (CLOISTER_PROGRAMS, CLOISTER_SIM), fetch the model"
        self.cluster, self.kube, self.daemons = cluster, cluster.kube, cluster.daemons
        self.url = f"http://{HTTP}"
        self.kube.apply_file(CRDS)
        crds = [f"crd/{plural}.fleet.cloister.dev" for plural in ("models", "modeldeployments", "trustpolicies", "fleetnodes")]
        self.kube.run("wait", "--for=condition=Established", "--timeout=60s", *crds)
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self.apply(*objects_of_the_chart())
        self.models, self.deployments = Watched(NAMESPACE, "models"), Watched(NAMESPACE, "modeldeployments")
        self.mirror = Watched(NAMESPACE, "fleetnodes")

    def apply(self, *objects: dict) -> str:
        return self.kube.apply(*objects, namespace=NAMESPACE)

    def run(self, *arguments, seconds: float = 180) -> str:
        return self.kube.run("-n", NAMESPACE, *arguments, seconds=seconds)

    def start_controller(self) -> None:
        sources = WORK / "sources"
        sources.mkdir()
        self.daemons.start("controller", "node1", [
            PROGRAMS / "cloister-controller", "--data", WORK / "controller", "--http", HTTP, "--grpc", GRPC,
            "--agents", AGENTS, "--sources", sources, "--kubernetes", "--kubernetes-namespace", NAMESPACE,
            "--kubernetes-pod", f"{RELEASE}-0", "--kubernetes-release", RELEASE,
        ])
        self.daemons.until("controller", "the controller is ready", self.is_ready, 60)

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
            return answer.status == 200

    def start_nodes(self) -> None:
        """With what the controller published: its authority for agents, its first key for administrators."""
        authority, key = WORK / "ca.pem", WORK / "admin.key"
        authority.write_text(until("the fleet's CA in its ConfigMap", self.published_ca))
        key.write_text(self.admin_key())
        key.chmod(0o600)
        self.daemons.start("sim", "node1", [
            SIM, "--agents", f"https://{AGENTS}", "--ca", authority, "--http", self.url, "--api-key-file", key,
            "--nodes", NODES, "--seed", 1,
        ])
        self.daemons.until("sim", f"{NODES} nodes are connected", lambda: self.said("ready:"), 240)
        print(f"\n  {self.said('ready:')}")

    def said(self, word: str) -> str:
        """The last line of the simulation that holds this word."""
        lines = (LOGS / "sim.log").read_text().splitlines()
        return next((line for line in reversed(lines) if word in line), "")

    def published_ca(self) -> str:
        return self.kube.get("configmap", f"{RELEASE}-fleet-ca", namespace=NAMESPACE).get("data", {}).get("ca.pem", "")

    def admin_key(self) -> str:
        data = self.kube.get("secret", f"{RELEASE}-identity", namespace=NAMESPACE)["data"]
        return base64.b64decode(data["admin.key"]).decode().strip()

    def import_model(self) -> None:
        signer = Signer(PROGRAMS / "cloister")
        signer.sign(MODEL_FILE, WORK / "sources" / MODEL)
        rule = {"models": [f"{MODEL}*"], "signers": [{"name": "firm", "publicKey": signer.public_pem()}]}
        self.apply(custom("TrustPolicy", "firm", {"rules": [rule]}), custom("Model", MODEL, {"source": {"path": MODEL}}))
        try:
            until(f"Model {MODEL} is ready", lambda: MODEL in self.models.ready_at, seconds=120)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.models.all(), indent=1)}") from error

    def count(self) -> Count:
        return Count(self.kube, self.url)

    def tell_costs(self, controller_cpu_s: float, seconds: float) -> None:
        peak, now = (self.daemons.memory_bytes("controller", field) >> 20 for field in ("VmHWM", "VmRSS"))
        cores = (self.daemons.cpu_seconds("controller") - controller_cpu_s) / seconds
        print(f"  controller: {now} MiB resident, peak {peak} MiB, {cores:.2f} cores; simulation: "
              f"{self.daemons.memory_bytes('sim') >> 20} MiB")

    def ask(self, deployment: str) -> dict:
        body = {"model": deployment, "max_tokens": 4, "messages": [{"role": "user", "content": "hello"}]}
        headers = {"Authorization": f"Bearer {self.admin_key()}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/chat/completions", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())


def objects_of_the_chart() -> list[dict]:
    def empty(version: str, kind: str, name: str) -> dict:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}

    return [
        empty("v1", "Secret", f"{RELEASE}-identity"), empty("v1", "ConfigMap", f"{RELEASE}-fleet-ca"),
        empty("coordination.k8s.io/v1", "Lease", f"{RELEASE}-controller"),
    ]


def custom(kind: str, name: str, spec: dict) -> dict:
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}
