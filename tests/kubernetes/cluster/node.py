"""A node: containerd, kubelet, kube-proxy and the enforcer of network policies, in a network namespace of its own."""

import json
import pathlib
import subprocess

from . import pki
from .daemons import CGROUPS, Daemons
from .settings import DNS, NAME, NODE_NETWORK, PKI, POD_NETWORK, WORK

CGROUP_CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "devices", "freezer", "systemd"]
RESOLV = WORK / "resolv.conf"


class Node:
    def __init__(self, number: int, daemons: Daemons) -> None:
        self.number, self.name, self.daemons = number, f"node{number}", daemons
        self.address = f"{NODE_NETWORK}.{number}"
        self.folder = WORK / self.name
        self.socket = f"/run/ctd{number}.sock"

    def start(self, authority: pki.Authority, images: list[pathlib.Path]) -> None:
        for part in ("cni", "kubelet", "podlogs", "static", "plugins"):
            (self.folder / part).mkdir(parents=True)
        hosts = (self.name, self.address, "127.0.0.1")
        authority.issue(self.name, f"system:node:{self.name}", group="system:nodes", hosts=hosts)
        pki.kubeconfig(self.name)
        self._make_cgroups()
        RESOLV.write_text("nameserver 127.0.0.1\n")
        (self.folder / "cni" / "10-bridge.conflist").write_text(json.dumps(self._pod_network()))
        (self.folder / "containerd.toml").write_text(self._containerd())
        (self.folder / "kubelet.yaml").write_text(json.dumps(self._kubelet()))
        (self.folder / "proxy.yaml").write_text(json.dumps(self._proxy()))
        self._launch("containerd", ["containerd", "-c", self.folder / "containerd.toml"])
        self.daemons.until(f"containerd{self.number}", "containerd answers", lambda: self.ctr("version") or True, 30)
        for image in images:
            self.load_image(image)
        self._launch("kubelet", [
            "kubelet", f"--config={self.folder}/kubelet.yaml", f"--kubeconfig={WORK}/{self.name}.conf",
            f"--hostname-override={self.name}", f"--node-ip={self.address}", f"--root-dir={self.folder}/kubelet", "--v=2",
        ])
        self._launch("proxy", ["kube-proxy", f"--config={self.folder}/proxy.yaml"])
        self._launch("netpol", ["netpol", f"--kubeconfig={WORK}/netpol.conf", f"--pod-cidr={POD_NETWORK}.0.0/16"])

    def load_image(self, image: pathlib.Path) -> None:
        self.ctr("-n", "k8s.io", "images", "import", "--all-platforms", str(image))

    def ctr(self, *arguments: str) -> str:
        done = subprocess.run(["ctr", "-a", self.socket, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def run(self, *command: str, seconds: float = 30) -> subprocess.CompletedProcess:
        """A command in the node's network."""
        enter = ["nsenter", f"--net=/run/netns/{self.name}"]
        return subprocess.run([*enter, *command], capture_output=True, text=True, timeout=seconds)

    def _launch(self, program: str, command: list) -> None:
        self.daemons.start(f"{program}{self.number}", self.name, command)

    def _make_cgroups(self) -> None:
        for controller in CGROUP_CONTROLLERS:
            (CGROUPS / controller / NAME / self.name).mkdir(parents=True, exist_ok=True)
        for kind in ("cpus", "mems"):  # or no process can enter
            machine = (CGROUPS / "cpuset" / f"cpuset.{kind}").read_text()
            for folder in (NAME, f"{NAME}/{self.name}"):
                (CGROUPS / "cpuset" / folder / f"cpuset.{kind}").write_text(machine)

    def _pod_network(self) -> dict:
        subnet = f"{POD_NETWORK}.{self.number}.0/24"
        ipam = {
            "type": "host-local", "dataDir": f"{self.folder}/ipam", "ranges": [[{"subnet": subnet}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        }
        bridge = {
            "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True, "ipam": ipam,
        }
        return {"cniVersion": "0.4.0", "name": "podnet", "plugins": [bridge]}

    def _containerd(self) -> str:
        # No CAP_SYS_RESOURCE: nothing may lower oom_score_adj. No AppArmor, no systemd, several nodes on one machine.
        return f"""version = 2
root = "{self.folder}/containerd"
state = "/run/ctd{self.number}"
[grpc]
  address = "{self.socket}"
[ttrpc]
  address = "/run/ctd{self.number}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "{self.folder}/plugins"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "test.local/pause:1"
  stream_server_address = "127.0.0.1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{self.folder}/cni"
"""

    def _kubelet(self) -> dict:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "address": self.address,
            "authentication": {
                "anonymous": {"enabled": False}, "x509": {"clientCAFile": f"{PKI}/ca.crt"}, "webhook": {"enabled": True},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{PKI}/{self.name}.crt", "tlsPrivateKeyFile": f"{PKI}/{self.name}.key",
            "clusterDomain": "cluster.local", "clusterDNS": [DNS], "resolvConf": str(RESOLV),
            "containerRuntimeEndpoint": f"unix://{self.socket}", "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{NAME}/{self.name}", "failCgroupV1": False, "failSwapOn": False, "oomScoreAdj": 0,
            # Or images that were loaded beforehand can give ErrImageNeverPull.
            "imagePullCredentialsVerificationPolicy": "NeverVerify",
            "podLogsDir": f"{self.folder}/podlogs", "staticPodPath": f"{self.folder}/static",
            "volumePluginDir": f"{self.folder}/plugins", "seccompDefault": True,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            # There is nowhere to pull an image from again.
            "imageGCHighThresholdPercent": 100,
            "healthzBindAddress": "127.0.0.1",
        }

    def _proxy(self) -> dict:
        # These sysctls are read-only in a network namespace: 0 leaves them alone.
        conntrack = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
            "clusterCIDR": f"{POD_NETWORK}.0.0/16", "bindAddress": self.address,
            "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249",
            "clientConnection": {"kubeconfig": f"{WORK}/proxy.conf"}, "hostnameOverride": self.name, "oomScoreAdj": 0,
            "conntrack": conntrack,
        }
