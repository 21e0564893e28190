"""etcd, API server, controller manager and scheduler."""

import ssl
import urllib.request

from .daemons import Daemons
from .settings import API_SERVER, CONTROL_PLANE, PKI, SERVICE_NETWORK, WORK


def start(daemons: Daemons) -> None:
    daemons.start("etcd", "node1", etcd())
    daemons.start("apiserver", "node1", api_server())
    daemons.until("apiserver", "the API server is ready", is_ready, 120)
    daemons.start("kcm", "node1", controller_manager())
    daemons.start("scheduler", "node1", scheduler())


def is_ready() -> bool:
    context = ssl.create_default_context(cafile=PKI / "ca.crt")
    context.load_cert_chain(PKI / "admin.crt", PKI / "admin.key")
    with urllib.request.urlopen(f"{API_SERVER}/readyz", context=context, timeout=2) as answer:
        return answer.status == 200


def etcd() -> list[str]:
    here = "http://127.0.0.1"
    return [
        "etcd", f"--data-dir={WORK}/etcd", f"--listen-client-urls={here}:2379", f"--advertise-client-urls={here}:2379",
        f"--listen-peer-urls={here}:2380", f"--initial-advertise-peer-urls={here}:2380",
        f"--initial-cluster=default={here}:2380", "--unsafe-no-fsync", "--quota-backend-bytes=4294967296",
        "--log-level=warn",
    ]


def api_server() -> list[str]:
    return [
        "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--bind-address={CONTROL_PLANE}",
        f"--advertise-address={CONTROL_PLANE}", f"--service-cluster-ip-range={SERVICE_NETWORK}.0/24",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
        "--kubelet-preferred-address-types=InternalIP", f"--client-ca-file={PKI}/ca.crt",
        f"--tls-cert-file={PKI}/apiserver.crt", f"--tls-private-key-file={PKI}/apiserver.key",
        "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={PKI}/sa.pub",
        f"--service-account-signing-key-file={PKI}/sa.key", f"--kubelet-certificate-authority={PKI}/ca.crt",
        f"--kubelet-client-certificate={PKI}/apikubelet.crt", f"--kubelet-client-key={PKI}/apikubelet.key",
        f"--requestheader-client-ca-file={PKI}/front-ca.crt", "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-", f"--proxy-client-cert-file={PKI}/front.crt",
        f"--proxy-client-key-file={PKI}/front.key",
    ]


def controller_manager() -> list[str]:
    # The default request rates take minutes for 1,000 pods.
    return [
        "kube-controller-manager", *as_user("kcm"), "--use-service-account-credentials=true",
        f"--service-account-private-key-file={PKI}/sa.key", f"--root-ca-file={PKI}/ca.crt",
        f"--cluster-signing-cert-file={PKI}/ca.crt", f"--cluster-signing-key-file={PKI}/ca.key",
    ]


def scheduler() -> list[str]:
    return ["kube-scheduler", *as_user("scheduler")]


def as_user(name: str) -> list[str]:
    conf = f"{WORK}/{name}.conf"
    return [
        f"--kubeconfig={conf}", f"--authentication-kubeconfig={conf}", f"--authorization-kubeconfig={conf}",
        "--bind-address=127.0.0.1", "--leader-elect=false", "--kube-api-qps=500", "--kube-api-burst=1000",
    ]
