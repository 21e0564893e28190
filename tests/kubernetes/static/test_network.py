"""Nothing in or out but flows with a name."""

import pytest

from chart import HERE, VALUE_SETS, agrees, of_kind, pods

WITH_POLICIES = [values for values in VALUE_SETS if of_kind(values, "NetworkPolicy")]


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def selector_text(selector):
    labels = {key.rsplit("/", 1)[-1]: value for key, value in selector.get("matchLabels", {}).items()}
    labels = {key: value for key, value in labels.items() if key not in ("instance",) and (key, value) != ("name", "cloister")}
    return " ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "all"


def peer_text(peer):
    if "ipBlock" in peer:
        kept_out = "".join(f" but {one}" for one in peer["ipBlock"].get("except", []))
        return peer["ipBlock"]["cidr"] + kept_out
    parts = []
    if "namespaceSelector" in peer:
        parts.append(f"namespaces({selector_text(peer['namespaceSelector'])})")
    if "podSelector" in peer:
        parts.append(f"pods({selector_text(peer['podSelector'])})")
    return "/".join(parts)


def flows(values):
    """One line per direction of each policy."""
    for name, policy in of_kind(values, "NetworkPolicy").items():
        spec = policy["spec"]
        for kind, word, peers in (("Ingress", "from", "from"), ("Egress", "to", "to")):
            if kind not in spec["policyTypes"]:
                assert kind.lower() not in spec, name
                continue
            rules = spec.get(kind.lower(), [])
            allowed = [
                f"{', '.join(map(peer_text, rule[peers]))} at "
                + " ".join(f"{port['protocol']}/{port['port']}" for port in rule["ports"])
                for rule in rules
            ]
            yield f"{name}: {selector_text(spec['podSelector'])} {word} {'; '.join(allowed) or 'nobody'}"


def test_flows_are_as_committed():
    text = "".join(f"# {values}\n" + "".join(f"{line}\n" for line in flows(values)) + "\n" for values in WITH_POLICIES)
    agrees(HERE / "network.txt", text)


@pytest.mark.parametrize("values", WITH_POLICIES)
def test_every_pod_is_denied_everything_first(values):
    (deny,) = [one for name, one in of_kind(values, "NetworkPolicy").items() if name.endswith("-default-deny")]
    assert deny["spec"].keys() == {"podSelector", "policyTypes"} and set(deny["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    for name, metadata, _ in pods(values):
        assert matches(deny["spec"]["podSelector"], metadata["labels"]), name


@pytest.mark.parametrize("values", WITH_POLICIES)
def test_every_rule_names_peers_and_ports(values):
    for name, policy in of_kind(values, "NetworkPolicy").items():
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            assert rule.get("from") or rule.get("to"), f"{name}: a rule without peers allows everyone"
            assert rule.get("ports"), f"{name}: a rule without ports allows every port"


@pytest.mark.parametrize("values", WITH_POLICIES)
def test_an_agent_reaches_controllers_and_dns_and_nothing_reaches_it(values):
    names = set()
    for pod, metadata, _ in pods(values):
        if metadata["labels"]["app.kubernetes.io/component"] != "agent":
            continue
        for name, policy in of_kind(values, "NetworkPolicy").items():
            if matches(policy["spec"]["podSelector"], metadata["labels"]):
                assert "ingress" not in policy["spec"], (pod, name)
                names |= {name} if "egress" in policy["spec"] else set()
    assert {name.split("-agent-", 1)[1] for name in names} == {"to-controller", "to-dns"}


def test_nothing_leaves_by_default():
    for name, policy in of_kind("default", "NetworkPolicy").items():
        for rule in policy["spec"].get("egress", []):
            for peer in rule["to"]:
                if "ipBlock" in peer:
                    assert name == "cloister-controller-to-api-server"
                    assert not peer["ipBlock"]["cidr"].endswith("/0")


@pytest.mark.parametrize("values", WITH_POLICIES)
def test_a_service_port_can_be_reached_by_somebody(values):
    opened = {
        port["port"]
        for policy in of_kind(values, "NetworkPolicy").values()
        for rule in policy["spec"].get("ingress", [])
        for port in rule["ports"]
    }
    for service in of_kind(values, "Service").values():
        assert {port["port"] for port in service["spec"]["ports"]} <= opened
