"""`helm install` without a value, to an answer whose record an outsider can check."""

import json

from cluster.settings import WORK
from cluster.wait import until
from conftest import custom, deployment, model
from release import Release


def test_installs_without_a_value_and_every_pod_becomes_ready(plain: Release, cluster):
    told = plain.install()
    plain.until_ready("controller", 1)
    plain.until_ready("agent", 2)
    assert "identity" in told, "the notes say how the first admin gets in"
    (WORK / "notes.txt").write_text(told)


def test_the_first_admin_gets_in_and_sees_both_nodes(plain: Release):
    caller = plain.caller()
    nodes = json.loads(plain.cli(caller, "nodes", "-o", "json"))
    assert {node["name"] for node in nodes} == {"node1", "node2"}
    assert all(node["state"] == "ready" for node in nodes)


def test_the_nodes_are_mirrored_for_kubectl(plain: Release):
    names = {item["metadata"]["name"] for item in plain.kube.items("fleetnodes", namespace="cloister")}
    assert names == {"node1", "node2"}
    assert "node1" in plain.kube.run("-n", "cloister", "get", "fn")


def test_a_model_from_the_registry_is_refused_until_sources_and_signers_are_named(plain: Release, firm):
    plain.apply(model("smollm2", firm.reference))
    refused = plain.until_condition("model", "smollm2", "Fetched", "False", reason="SourceRefused")
    assert "allow" in refused["message"], refused
    plain.delete("model", "smollm2")


def test_from_apply_to_ready(plain: Release, firm, sources, sources_claim):
    plain.upgrade(*sources, *sources_claim)
    plain.until_ready("controller", 1)
    caller = plain.caller()
    until("both nodes are connected to the new controller", lambda: connected(plain, caller) == ["node1", "node2"])
    plain.apply(firm.trust_policy(), model("smollm2", firm.reference), deployment("ward", "smollm2", replicas=2))
    plain.kube.run("-n", "cloister", "wait", "--for=condition=Ready", "model/smollm2", "--timeout=120s")
    plain.kube.run("-n", "cloister", "wait", "--for=condition=Ready", "md/ward", "--timeout=180s")
    status = plain.kube.get("modeldeployment", "ward", namespace="cloister")["status"]
    assert status["readyReplicas"] == 2
    assert {place["node"] for place in status["placements"]} == {"node1", "node2"}


def test_models_from_a_volume_and_over_https_are_verified_alike(plain: Release, firm):
    url, sha256 = firm.archive()
    plain.apply(
        custom("Model", "smollm2-volume", {"source": {"path": "team-a/smollm2"}}),
        custom("Model", "smollm2-https", {"source": {"https": {"url": url, "sha256": sha256}}}),
        custom("Model", "smollm2-other-bytes", {"source": {"https": {"url": url, "sha256": "0" * 64}}}),
        custom("Model", "unsigned-name", {"source": {"path": "team-a/smollm2"}}),
    )
    for name in ("smollm2-volume", "smollm2-https"):
        verified = plain.until_condition("model", name, "Verified", "True")
        assert "firm" in verified["message"] or verified["reason"], verified
    fetched = plain.until_condition("model", "smollm2-other-bytes", "Fetched", "False")
    assert sha256 in fetched["message"], fetched
    refused = plain.until_condition("model", "unsigned-name", "Verified", "False")
    assert "trust" in refused["message"], refused
    for name in ("smollm2-volume", "smollm2-https", "smollm2-other-bytes", "unsigned-name"):
        plain.delete("model", name)


def test_an_answer_through_the_service_and_its_record_checked_offline(plain: Release):
    caller = plain.caller()
    checked = json.loads(plain.cli(caller, "check", "ward", "--audit-key", plain.secret("audit.vkey"), "-o", "json"))
    assert checked["completion_tokens"] > 0
    records = plain.verified_log(caller)
    assert records[checked["record"]]["kind"] == "inference.requested"


def test_helm_test_asks_and_verifies(plain: Release):
    told = plain.kube.helm("test", "cloister", "-n", "cloister", "--logs", "--timeout", "120s")
    assert "Succeeded" in told


def test_people_scale_and_explain_with_kubectl(plain: Release):
    plain.kube.run("-n", "cloister", "scale", "md/ward", "--replicas=1")
    plain.kube.run("-n", "cloister", "wait", "--for=jsonpath={.status.readyReplicas}=1", "md/ward", "--timeout=60s")
    plain.kube.run("-n", "cloister", "scale", "md/ward", "--replicas=2")
    plain.kube.run("-n", "cloister", "wait", "--for=jsonpath={.status.readyReplicas}=2", "md/ward", "--timeout=120s")
    assert "replicas" in plain.kube.run("explain", "modeldeployment.spec")


def test_a_tenants_deployment_is_that_tenants_alone(plain: Release):
    plain.apply(deployment("heart", "smollm2", tenant="cardiology"))
    refused = plain.until_condition("modeldeployment", "heart", "Admitted", "False")
    assert "cardiology" in refused["message"], "there is no such tenant yet"
    caller = plain.caller()
    plain.cli(caller, "tenant", "create", "cardiology")
    plain.until_condition("modeldeployment", "heart", "Ready", seconds=180)
    for name, tenant in (("heart-app", ["--tenant", "cardiology"]), ("house-app", [])):
        key = json.loads(plain.cli(caller, "key", "create", name, *tenant, "-o", "json"))["secret"]
        (WORK / f"{name}.key").write_text(key)
    plain.cli(caller, "chat", "heart", "-m", "Name a colour.", "--max-tokens", "4", key_file=WORK / "heart-app.key")
    for key, foreign in (("heart-app", "ward"), ("house-app", "heart")):
        told = plain.cli_fails(caller, "chat", foreign, "-m", "Name a colour.", key_file=WORK / f"{key}.key")
        assert foreign in told, told
    changed = deployment("heart", "smollm2", tenant="oncology")
    message = plain.kube.fails("-n", "cloister", "apply", "-f", "-", stdin=json.dumps(changed))
    assert "tenant cannot be changed" in message, message
    plain.delete("modeldeployment", "heart")


def test_what_cannot_be_is_refused_with_field_and_rule(plain: Release):
    wrong = deployment("wrong", "smollm2", replicas=-1, contextLength=-5, jurisdiction="Germany", maxSequences=100000)
    message = plain.kube.fails("-n", "cloister", "apply", "-f", "-", stdin=json.dumps(wrong))
    for field in ("replicas", "contextLength", "jurisdiction", "maxSequences"):
        assert f"spec.{field}" in message, message


def connected(release: Release, caller) -> list[str]:
    nodes = json.loads(release.cli(caller, "nodes", "-o", "json"))
    return sorted(node["name"] for node in nodes if node["state"] == "ready")
