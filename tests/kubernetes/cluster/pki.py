"""Certificates and kubeconfigs of the cluster (P-256; RSA would cost ten seconds)."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .settings import API_SERVER, CONTROL_PLANE, PKI, SERVICE_NETWORK, SERVICES_HOST, SERVICES_NAME, WORK

PEM = serialization.Encoding.PEM


class Authority:
    """Issues certificates into the folder `pki`."""

    def __init__(self, name: str) -> None:
        PKI.mkdir(parents=True, exist_ok=True)
        self.name, self.key = name, ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, self.key.public_key(), subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.subject = subject
        write(name, self.key, builder.sign(self.key, hashes.SHA256()))

    def issue(self, name: str, common_name: str, *, group: str = "", hosts: tuple[str, ...] = ()) -> None:
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if group:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name(attributes), key.public_key(), self.subject)
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if hosts:
            names = [host_name(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        write(name, key, builder.sign(self.key, hashes.SHA256()))

    def _builder(self, subject, public_key, issuer):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=30))
        )


def host_name(host: str):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def write(name: str, key, certificate) -> None:
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (PKI / f"{name}.key").write_bytes(private)
    (PKI / f"{name}.crt").write_bytes(certificate.public_bytes(PEM))


def make() -> Authority:
    """Everything that the control plane needs; the authority issues for nodes later."""
    authority, front = Authority("ca"), Authority("front-ca")
    api_names = tuple(f"kubernetes{end}" for end in ("", ".default", ".default.svc", ".default.svc.cluster.local"))
    authority.issue(
        "apiserver", "kube-apiserver",
        hosts=("localhost", *api_names, "127.0.0.1", f"{SERVICE_NETWORK}.1", CONTROL_PLANE),
    )
    authority.issue("apikubelet", "kube-apiserver-kubelet-client", group="system:masters")
    front.issue("front", "front-proxy-client")
    authority.issue("services", SERVICES_NAME, hosts=(SERVICES_NAME, SERVICES_HOST))
    users = {
        "admin": ("admin", "system:masters"), "kcm": ("system:kube-controller-manager", ""),
        "scheduler": ("system:kube-scheduler", ""), "proxy": ("system:kube-proxy", ""), "netpol": ("netpol", ""),
    }
    for name, (user, group) in users.items():
        authority.issue(name, user, group=group)
        kubeconfig(name)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)  # of ServiceAccount tokens
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (PKI / "sa.key").write_bytes(private)
    (PKI / "sa.pub").write_bytes(public)
    return authority


def kubeconfig(name: str) -> None:
    (WORK / f"{name}.conf").write_text(
        f"""apiVersion: v1
kind: Config
current-context: c
clusters: [{{name: c, cluster: {{server: "{API_SERVER}", certificate-authority: {PKI}/ca.crt}}}}]
users: [{{name: u, user: {{client-certificate: {PKI}/{name}.crt, client-key: {PKI}/{name}.key}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
"""
    )
