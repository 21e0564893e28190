"""Who may do what in the cluster."""

import pytest

from chart import HERE, VALUE_SETS, agrees, objects, of_kind


def rights(values):
    """One line per right: who, where, what."""
    for role in objects(values):
        if role["kind"] not in ("Role", "ClusterRole"):
            continue
        where = "namespace" if role["kind"] == "Role" else "cluster"
        holders = [
            f"{subject['kind']} {subject['name']}"
            for binding in objects(values)
            if binding["kind"] == f"{role['kind']}Binding" and binding["roleRef"]["name"] == role["metadata"]["name"]
            for subject in binding["subjects"]
        ]
        prefix = "rbac.authorization.k8s.io/aggregate-to-"
        holders += [f"people with {key.removeprefix(prefix)}" for key in role["metadata"]["labels"] if key.startswith(prefix)]
        for rule in role["rules"]:
            for resource in rule["resources"]:
                group = f"{resource}.{rule['apiGroups'][0]}".rstrip(".")
                names = f" named {','.join(rule['resourceNames'])}" if "resourceNames" in rule else ""
                yield f"{'; '.join(holders)} | {where} | {group}{names} | {' '.join(sorted(rule['verbs']))}"


def test_rights_are_as_committed():
    agrees(HERE / "rbac.txt", "".join(f"{line}\n" for line in sorted(rights("default"))))


@pytest.mark.parametrize("values", VALUE_SETS)
def test_no_right_is_wider_than_its_need(values):
    for role in objects(values):
        if role["kind"] not in ("Role", "ClusterRole"):
            continue
        for rule in role["rules"]:
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"], role["metadata"]["name"]
            assert "nonResourceURLs" not in rule
            if "secrets" in rule["resources"]:
                assert rule["resourceNames"] and set(rule["verbs"]) == {"get", "update", "patch"}
            if "pods" in rule["resources"]:
                assert rule["verbs"] == ["get"]
            assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"])


@pytest.mark.parametrize("values", VALUE_SETS)
def test_agents_have_no_rights(values):
    (account,) = {
        one["spec"]["template"]["spec"]["serviceAccountName"] for one in objects(values) if one["kind"] == "DaemonSet"
    }
    for binding in objects(values):
        for subject in binding.get("subjects", []):
            assert subject["name"] != account


def test_bound_in_the_cluster_is_token_review_alone():
    bound = {one["roleRef"]["name"] for one in of_kind("default", "ClusterRoleBinding").values()}
    rules = [rule for name in bound for rule in of_kind("default", "ClusterRole")[name]["rules"]]
    assert rules == [{"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}]
    assert not of_kind("narrow", "ClusterRole") and not of_kind("locked-down", "Role")
