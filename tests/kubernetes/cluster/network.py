"""The wires: a bridge that joins the nodes, the firm's own servers beside them, and an outside that must not be reached."""

from .namespaces import shell
from .settings import CONTROL_PLANE, INTERNET, NODE_NETWORK, POD_NETWORK, SERVICE_NETWORK, SERVICES_HOST


def build() -> None:
    """Node 1 is the namespace we are in. The bridge and the outside hang off it."""
    outside = INTERNET.rsplit(".", 1)[0]
    shell(
        "ip netns attach node1 1",
        f"ip link add node0 type bridge; ip addr add {CONTROL_PLANE}/24 dev node0; ip link set node0 up",
        "ip netns add internet; ip link add internet0 type veth peer name e0; ip link set e0 netns internet",
        f"ip addr add {outside}.1/24 dev internet0; ip link set internet0 up",
        f"ip -n internet link set lo up; ip -n internet addr add {INTERNET}/24 dev e0; ip -n internet link set e0 up",
        f"ip -n internet route add default via {outside}.1",
        # So that this namespace can reach Services itself.
        f"ip route add {SERVICE_NETWORK}.0/24 dev node0",
    )
    attach("services", SERVICES_HOST)
    masquerade(1)


def attach(namespace: str, address: str) -> None:
    """A namespace on the nodes' bridge, with its default route through node 1."""
    shell(
        f"ip netns add {namespace}; ip link add e-{namespace} type veth peer name p-{namespace}",
        f"ip link set e-{namespace} netns {namespace}; ip link set p-{namespace} master node0 up",
        f"ip -n {namespace} link set lo up; ip -n {namespace} addr add {address}/24 dev e-{namespace}",
        f"ip -n {namespace} link set e-{namespace} up; ip -n {namespace} route add default via {CONTROL_PLANE}",
    )


def add_node(number: int, others: list[int]) -> None:
    """Routes between the pods of every pair of nodes."""
    attach(f"node{number}", f"{NODE_NETWORK}.{number}")
    for other in others:
        route(other, number)
        route(number, other)
    masquerade(number)


def route(node: int, to: int) -> None:
    where = "" if node == 1 else f"-n node{node}"
    shell(f"ip {where} route replace {POD_NETWORK}.{to}.0/24 via {NODE_NETWORK}.{to}")


def masquerade(node: int) -> None:
    """Only what leaves the cluster: the bridge plugin's own ipMasq would also hide a pod's address from pods of other
    nodes, and the receiver's NetworkPolicy would see a node. Without bridge-nf-call-iptables pods of one node bypass
    every netfilter rule."""
    inside = f"{{ {POD_NETWORK}.0.0/16, {NODE_NETWORK}.0/24 }}"
    enter = f"nsenter --net=/run/netns/node{node}"
    rule = f"type nat hook postrouting priority srcnat + 10; ip saddr {POD_NETWORK}.0.0/16 ip daddr != {inside} masquerade;"
    shell(
        f"{enter} sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1",
        f"{enter} nft 'table ip outward {{ chain post {{ {rule} }}; }}'",
    )


def set_link(node: int, up: bool) -> None:
    """Partitions a node, or heals it."""
    shell(f"ip link set p-node{node} {'up' if up else 'down'}")
