"""Where everything is. Addresses may be the same for two clusters at once: their namespaces keep them apart."""

import os
import pathlib

TESTS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = TESTS.parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
BIN = pathlib.Path(os.environ.get("CLOISTER_KUBERNETES_BIN", CACHE / "cloister-kubernetes" / "bin"))
# Names the cgroups; with another NAME and WORK two clusters run side by side.
NAME = os.environ.get("CLOISTER_KUBERNETES_NAME", "cloister-test")
# Emptied at every start, kept afterwards: logs, images, certificates.
WORK = pathlib.Path(os.environ.get("CLOISTER_KUBERNETES_WORK", f"/tmp/{NAME}"))
LOGS = WORK / "log"
PKI = WORK / "pki"
KUBECONFIG = WORK / "admin.conf"

NODE_NETWORK = "10.77.0"  # node N is 10.77.0.N; node 1 also runs the control plane
CONTROL_PLANE = f"{NODE_NETWORK}.1"
API_SERVER = f"https://{CONTROL_PLANE}:6443"
# The firm's own servers beside the cluster: PostgreSQL and a registry.
SERVICES_HOST = f"{NODE_NETWORK}.50"
SERVICES_NAME = "services.firm.example"
POD_NETWORK = "10.88"  # pods of node N: 10.88.N.0/24
SERVICE_NETWORK = "10.96.0"
DNS = f"{SERVICE_NETWORK}.10"
INTERNET = "203.0.113.10"  # a namespace that plays the outside, reached through node 1

PROGRAMS = [
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
    "coredns", "netpol", "probe", "helm", "helm3", "kwok",
]


def environment() -> dict[str, str]:
    """For kubectl and helm: ours first, and this cluster."""
    path = f"{BIN}:{os.environ['PATH']}:/usr/sbin:/sbin"
    return {**os.environ, "PATH": path, "KUBECONFIG": str(KUBECONFIG), "HELM_CACHE_HOME": str(WORK / "helm")}


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if not (BIN / name).exists()]
