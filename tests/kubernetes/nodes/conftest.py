"""One cluster of two nodes for all stories, with the product's images on both, and the firm's servers beside it."""

import tarfile

import pytest

from cluster.cluster import Cluster
from cluster.firm import DATABASE_URL, REGISTRY, Postgres, Registry, Signer
from cluster.namespaces import shell
from cluster.settings import PKI, REPOSITORY, WORK
from release import PROGRAMS, Release

MODEL_FILE = REPOSITORY / ".cloister" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
IMAGES = REPOSITORY / "target" / "images"


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    cluster.start_control_plane()
    cluster.start_nodes(2)
    for image in sorted(IMAGES.glob("*.tar")):
        cluster.load_image(image)
    for node in cluster.nodes.values():
        add_next_tag(node)
    cluster.kube.apply(storage_class(), *(volume(cluster, number, index) for number in (1, 2) for index in range(4)))
    yield cluster
    cluster.stop()


def add_next_tag(node) -> None:
    """The images under a second tag, for upgrades."""
    for name in node.ctr("-n", "k8s.io", "images", "ls", "-q").split():
        repository, _, tag = name.rpartition(":")
        if repository.startswith("localhost/cloister/") and tag != "next":
            node.ctr("-n", "k8s.io", "images", "tag", "--force", name, f"{repository}:next")


def storage_class() -> dict:
    return {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kubernetes.io/no-provisioner",
        "metadata": {"name": "local", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def volume(cluster: Cluster, node: int, index: int) -> dict:
    """fsGroup holds on `local` volumes, not on hostPath ones."""
    folder = WORK / f"volumes/node{node}-{index}"
    folder.mkdir(parents=True, exist_ok=True)
    shell(f"mount -t tmpfs -o size=1g,mode=0755 tmpfs {folder}")  # so that it can be full
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [f"node{node}"]}
    return {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"node{node}-{index}"},
        "spec": {
            "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "local",
            "persistentVolumeReclaimPolicy": "Retain", "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


class Firm:
    """PostgreSQL, a registry, and models that the firm has signed."""

    def __init__(self, cluster: Cluster) -> None:
        self.postgres, self.registry = Postgres(cluster.daemons), Registry(cluster.daemons)
        self.postgres.start()
        self.registry.start()
        self.signer = Signer(PROGRAMS / "cloister")
        self.model_folder = self.signer.sign(MODEL_FILE, WORK / "signed")
        self.reference = self.registry.push_model("models/smollm2", self.model_folder)

    def push_altered(self) -> str:
        """The same signature over other bytes, under a digest of its own: what a registry's owner could do."""
        # Another model than the one that is in the fleet: that one would not even be fetched again.
        folder = self.signer.sign(MODEL_FILE, WORK / "altered", notes="a second model")
        weights = next(folder.glob("*.gguf"))
        with open(weights, "r+b") as file:
            file.seek(-4096, 2)
            byte = file.read(1)
            file.seek(-4096, 2)
            file.write(bytes([byte[0] ^ 1]))
        return self.registry.push_model("models/altered", folder)

    def archive(self) -> tuple[str, str]:
        """A third model as one archive on the firm's HTTPS server, which is the registry's; its URL and SHA-256."""
        folder = self.signer.sign(MODEL_FILE, WORK / "archived", notes="a model in an archive")
        with tarfile.open(WORK / "archived.tar", "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.add(file, arcname=file.name)
        pushed = self.registry.push_blob("models/archived", (WORK / "archived.tar").read_bytes())
        url = f"https://{REGISTRY}/v2/models/archived/blobs/{pushed['digest']}"
        return url, pushed["digest"].removeprefix("sha256:")

    def trust_policy(self, name: str = "firm", models: tuple[str, ...] = ("smollm2*",)) -> dict:
        signers = [{"name": "firm", "publicKey": self.signer.public_pem()}]
        return custom("TrustPolicy", name, {"rules": [{"models": list(models), "signers": signers}]})


@pytest.fixture(scope="session")
def firm(cluster) -> Firm:
    return Firm(cluster)


@pytest.fixture(scope="session")
def sources(cluster) -> list[str]:
    """Helm's settings that let the controller fetch from the firm's registry, and from nowhere else."""
    return [
        "--set", f"models.allowedHosts={{{REGISTRY}}}", "--set", "models.caBundle.configMap=firm-ca",
        "--set-json", 'networkPolicy.sources={"to":[{"ipBlock":{"cidr":"10.77.0.50/32"}}],"ports":[5000]}',
    ]


@pytest.fixture(scope="session")
def sources_claim(cluster, firm) -> list[str]:
    """Helm's settings for a volume with signed models, which both nodes reach: they are one machine."""
    folder = WORK / "models-on-a-volume"
    folder.mkdir()
    firm.signer.sign(MODEL_FILE, folder / "team-a" / "smollm2", notes="a model on a volume")
    kept = volume(cluster, 1, 9)
    kept["metadata"]["name"] = "models"
    kept["spec"] |= {"storageClassName": "", "accessModes": ["ReadOnlyMany"], "local": {"path": str(folder)},
                     "claimRef": {"namespace": "cloister", "name": "models"}}
    kept["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1", "node2"]}]}]}}
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models", "namespace": "cloister"},
        "spec": {"storageClassName": "", "volumeName": "models", "accessModes": ["ReadOnlyMany"],
                 "resources": {"requests": {"storage": "1Gi"}}},
    }
    cluster.kube.apply(kept, claim)
    return ["--set", "models.sourcesClaim=models"]


@pytest.fixture(scope="session")
def postgres_settings(firm) -> list[str]:
    return [
        "--set", "database.existingSecret=database", "--set", "crds.install=false",
        "--set-json", 'networkPolicy.database={"to":[{"ipBlock":{"cidr":"10.77.0.50/32"}}],"ports":[5432]}',
    ]


def prepare_namespace(cluster: Cluster, namespace: str) -> None:
    """As a hardened cluster has it: pod security enforced, the firm's authority in a ConfigMap."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"}
    cluster.kube.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "firm-ca", "namespace": namespace},
         "data": {"ca.crt": (PKI / "ca.crt").read_text()}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database", "namespace": namespace},
         "stringData": {"url": DATABASE_URL}},
    )


def custom(kind: str, name: str, spec: dict) -> dict:
    return {"apiVersion": "fleet.cloister.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def model(name: str, reference: str) -> dict:
    return custom("Model", name, {"source": {"oci": {"reference": reference}}})


def deployment(name: str, model: str, replicas: int = 1, **more) -> dict:
    return custom("ModelDeployment", name, {"model": model, "replicas": replicas, **more})


@pytest.fixture(scope="session")
def plain(cluster) -> Release:
    """Installed without a value: one controller, SQLite on a volume, an agent on every node."""
    prepare_namespace(cluster, "cloister")
    return Release(cluster, "cloister")


ICU = "icu"


@pytest.fixture(scope="session")
def fleet(cluster, firm, sources, postgres_settings) -> Release:
    """A second release: two controllers on PostgreSQL. The definitions are the first one's, or an administrator's."""
    if "modeldeployments" not in cluster.kube.run("api-resources", "--api-group=fleet.cloister.dev", "-o", "name"):
        cluster.kube.run("apply", "--server-side", "-f", REPOSITORY / "charts" / "cloister" / "files" / "crds")
    prepare_namespace(cluster, "fleet")
    fleet = Release(cluster, "fleet")
    fleet.install(*sources, *postgres_settings)
    fleet.until_ready("controller", 2)
    fleet.until_ready("agent", 2)
    fleet.apply(firm.trust_policy(), model("smollm2", firm.reference), deployment(ICU, "smollm2", replicas=2))
    fleet.kube.run("-n", "fleet", "wait", "--for=condition=Ready", f"md/{ICU}", "--timeout=180s")
    return fleet


def pytest_runtest_logreport(report) -> None:
    """A long run says at once what failed, and how long each story took."""
    if report.when == "call" or report.failed:
        print(f"\n  {report.outcome:7} {report.duration:6.1f} s  {report.nodeid.split('::')[-1]}", flush=True)
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        print(f"  {str(crash.message if crash else report.longrepr)[:1500]}", flush=True)
