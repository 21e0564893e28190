"""What goes and what stays."""

from cluster.wait import until
from release import Release


def test_uninstall_with_deployments_running_keeps_the_data(plain: Release, cluster):
    claims = {item["metadata"]["name"] for item in plain.kube.items("pvc", namespace="cloister")}
    key = plain.secret("admin.key")
    plain.kube.helm("uninstall", "cloister", "-n", "cloister", "--wait", "--timeout", "120s")
    until("no pod is left", lambda: plain.pods("controller") + plain.pods("agent") == [], seconds=90)
    assert {item["metadata"]["name"] for item in plain.kube.items("pvc", namespace="cloister")} == claims
    assert plain.secret("admin.key") == key
    assert plain.kube.items("modeldeployments", namespace="cloister"), "intents stay with the kinds"


def test_installed_again_it_goes_on_where_it_was(plain: Release, sources):
    plain.install(*sources)
    plain.until_ready("controller", 1)
    plain.until_condition("modeldeployment", "ward", "Ready", seconds=180)
    caller = plain.caller()
    kinds = {record["kind"] for record in plain.verified_log(caller).values()}
    assert "inference.completed" in kinds, "the log of before"


def test_a_namespace_can_be_deleted_with_everything_in_it(plain: Release, cluster):
    """Finalizers drain while the controller is there, and hold nothing up when it is not."""
    for kinds in ("modeldeployments,models", "trustpolicies"):
        plain.kube.run("-n", "cloister", "delete", kinds, "--all", "--timeout=120s")
    plain.kube.helm("uninstall", "cloister", "-n", "cloister", "--wait")
    plain.kube.run("delete", "namespace", "cloister", "--timeout=120s")
