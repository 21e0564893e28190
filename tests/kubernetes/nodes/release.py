"""An installed release, as the people who run it and the programs that call it see it."""

import base64
import json
import pathlib
import signal
import subprocess
import sys

from cluster.cluster import Cluster
from cluster.pods import PodNetwork, resolve
from cluster.settings import REPOSITORY, WORK
from cluster.wait import until

CHART = REPOSITORY / "charts" / "cloister"
PROGRAMS = REPOSITORY / "target" / "x86_64-unknown-linux-musl" / "image"
CLIENT_LABEL = {"cloister.dev/client": "true"}


class Release:
    def __init__(self, cluster: Cluster, namespace: str, name: str = "cloister") -> None:
        self.cluster, self.kube = cluster, cluster.kube
        self.namespace, self.name = namespace, name

    # --- as Helm's user -----------------------------------------------------------------------------

    def install(self, *settings: str, version: int = 4, wait: bool = True) -> str:
        waiting = ["--wait", "--timeout", "180s"] if wait else []
        where = ["-n", self.namespace, "--create-namespace"]
        return self.kube.helm("install", self.name, CHART, *where, *waiting, *settings, version=version)

    def upgrade(self, *settings: str, chart: pathlib.Path = CHART, version: int = 4) -> str:
        """With these settings and no others: without a flag Helm would take the last ones."""
        where = ["-n", self.namespace, "--reset-values", "--wait", "--timeout", "240s"]
        return self.kube.helm("upgrade", self.name, chart, *where, *settings, version=version)

    def rollback(self, revision: int, version: int = 4) -> str:
        where = ["-n", self.namespace, "--wait", "--timeout", "240s"]
        return self.kube.helm("rollback", self.name, revision, *where, version=version)

    # --- as kubectl's user --------------------------------------------------------------------------

    def pods(self, component: str) -> list[dict]:
        chosen = f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component={component}"
        return self.kube.items("pods", "-l", chosen, namespace=self.namespace)

    def pod_names(self, component: str) -> list[str]:
        return sorted(pod["metadata"]["name"] for pod in self.pods(component))

    def ready(self, component: str) -> list[str]:
        """Names of the pods that are ready and stay."""
        def is_ready(pod: dict) -> bool:
            conditions = pod["status"].get("conditions", [])
            leaving = "deletionTimestamp" in pod["metadata"]
            return not leaving and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

        return sorted(pod["metadata"]["name"] for pod in self.pods(component) if is_ready(pod))

    def until_ready(self, component: str, count: int, seconds: float = 120) -> None:
        until(f"{count} ready {component} pods", lambda: len(self.ready(component)) == count, seconds=seconds)

    def condition(self, kind: str, name: str, condition: str) -> dict:
        status = self.kube.get(kind, name, namespace=self.namespace).get("status", {})
        return next((c for c in status.get("conditions", []) if c["type"] == condition), {})

    def until_condition(
        self, kind: str, name: str, condition: str, status: str = "True", *, reason: str = "", seconds: float = 120,
    ) -> dict:
        last = {}

        def seen():
            found = self.condition(kind, name, condition)
            last.update(found)
            fits = found.get("status") == status and reason in ("", found.get("reason"))
            return found if fits else None

        try:
            return until(f"{kind}/{name} {condition}={status} {reason}", seen, seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the condition was {last}") from None

    def apply(self, *objects: dict) -> str:
        return self.kube.apply(*objects, namespace=self.namespace)

    def delete(self, kind: str, name: str, seconds: int = 120) -> None:
        self.kube.run("-n", self.namespace, "delete", kind, name, f"--timeout={seconds}s", seconds=seconds + 30)

    def secret(self, key: str) -> str:
        data = self.kube.get("secret", f"{self.name}-identity", namespace=self.namespace)["data"]
        return base64.b64decode(data[key]).decode().strip()

    def lease_holder(self) -> str:
        lease = self.kube.get("lease", f"{self.name}-controller", namespace=self.namespace)
        return lease.get("spec", {}).get("holderIdentity", "")

    # --- as a caller in the cluster -----------------------------------------------------------------

    def caller(self, name: str = "caller", labels: dict | None = None, namespace: str = "") -> PodNetwork:
        """A pod that does nothing; callers' programs are run in its network."""
        namespace = namespace or self.namespace
        self.kube.apply(idle_pod(name, CLIENT_LABEL if labels is None else labels), namespace=namespace)
        self.kube.run("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        return PodNetwork(self.cluster, namespace, name)

    def url(self) -> str:
        return f"http://{resolve(self.cluster, self.namespace, self.name)}:7080"

    def cli(self, caller: PodNetwork, *arguments, seconds: float = 120, key_file: pathlib.Path | None = None) -> str:
        """`cloister`, which must succeed; what it printed. With the first admin's key, unless told another."""
        return self.cli_at(caller, self.url(), *arguments, seconds=seconds, key_file=key_file)

    def cli_at(
        self, caller: PodNetwork, url: str, *arguments, seconds: float = 120, key_file: pathlib.Path | None = None,
    ) -> str:
        done = self.typed(caller, url, arguments, key_file or self.key_file(), seconds)
        if done.returncode != 0:
            raise AssertionError(f"cloister {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def cli_fails(self, caller: PodNetwork, *arguments, key_file: pathlib.Path) -> str:
        """`cloister`, which must not succeed; why."""
        done = self.typed(caller, self.url(), arguments, key_file, 120)
        assert done.returncode != 0, f"cloister {' '.join(arguments)} succeeded: {done.stdout}"
        return done.stderr

    def typed(self, caller: PodNetwork, url: str, arguments: tuple, key_file: pathlib.Path, seconds: float):
        connection = ["--url", url, "--api-key-file", key_file]
        return caller.run(PROGRAMS / "cloister", *connection, *arguments, seconds=seconds)

    def key_file(self) -> pathlib.Path:
        file = WORK / f"{self.namespace}.key"
        file.write_text(self.secret("admin.key"))
        file.chmod(0o600)
        return file

    def verified_log(self, caller: PodNetwork) -> dict[str, dict]:
        """The whole log, checked by the outsider's program; its leaves by record id."""
        evidence, key = WORK / f"{self.namespace}.evidence", WORK / f"{self.namespace}.vkey"
        key.write_text(self.secret("audit.vkey"))
        self.cli(caller, "audit", "export", "--out", evidence)
        command = [PROGRAMS / "cloister-audit", "verify", evidence, "--key", key]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return leaves(evidence)


def leaves(evidence: pathlib.Path) -> dict[str, dict]:
    """A header, then a leaf and a line that is none, in turns (docs/evidence-format.md)."""
    lines = evidence.read_text().splitlines()
    records = [json.loads(line) for line in lines[1::2]]
    return {record["id"]: record for record in records}


class Traffic:
    """Callers that ask without a pause while something happens."""

    def __init__(self, release: Release, caller: PodNetwork, deployment: str, callers: int = 2) -> None:
        self.release, self.caller = release, caller
        self.out = WORK / f"traffic-{deployment}-{id(self)}.jsonl"
        script = REPOSITORY / "tests" / "kubernetes" / "traffic.py"
        command = [sys.executable, script, release.url(), release.key_file(), deployment, self.out, callers]
        self.process = subprocess.Popen(caller.enter(*command))

    def __enter__(self) -> "Traffic":
        self.until_answers(1)
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(90)

    def results(self) -> list[dict]:
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def answers(self) -> list[dict]:
        return [result for result in self.results() if result["status"] == 200]

    def failures(self) -> list[dict]:
        return [result for result in self.results() if result["status"] != 200]

    def until_answers(self, more: int, seconds: float = 60) -> None:
        """That so many more requests are answered from now on."""
        before = len(self.answers())
        until(f"{more} more answers", lambda: len(self.answers()) >= before + more, seconds=seconds)


def check_records(release: Release, caller: PodNetwork, traffic: Traffic) -> dict[str, dict]:
    """Every answer has its two records, no request is left open, and every refusal that came with a record has it
    closed. The log is checked as an outsider would."""
    records = release.verified_log(caller)
    closed = {record["intent"] for record in records.values() if record.get("intent")}
    for result in traffic.results():
        if result["status"] == 200:
            assert records[result["record"]]["kind"] == "inference.requested"
            completed = records[result["completion_record"]]
            assert completed["kind"] == "inference.completed" and completed["intent"] == result["record"]
        elif result.get("record"):
            assert result["record"] in closed, f"left open: {result}"
    for question in {result["question"] for result in traffic.answers()}:
        answers = {result["text"] for result in traffic.answers() if result["question"] == question}
        assert len(answers) == 1, f"the same request gave different tokens: {answers}"
    return records


def idle_pod(name: str, labels: dict) -> dict:
    container = {
        "name": "idle", "image": "test.local/probe:1", "imagePullPolicy": "Never", "args": ["sleep", "100000"],
        "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True,
        },
    }
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name, **labels}},
        "spec": {
            # On the node that is never cut off.
            "nodeSelector": {"kubernetes.io/hostname": "node1"},
            "containers": [container], "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }
