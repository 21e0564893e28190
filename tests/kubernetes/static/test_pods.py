"""Every pod meets Pod Security "restricted", is bounded, and gets only what it needs."""

import pytest

from chart import VALUE_SETS, pods

# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
ALL = [(values, *pod) for values in VALUE_SETS for pod in pods(values)]
each_pod = pytest.mark.parametrize("values, name, metadata, spec", ALL, ids=[f"{one[0]}-{one[1]}" for one in ALL])


def containers(spec):
    return spec["containers"] + spec.get("initContainers", []) + spec.get("ephemeralContainers", [])


@each_pod
def test_pod_is_restricted(values, name, metadata, spec):
    for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"):
        assert field not in spec
    for volume in spec["volumes"]:
        assert set(volume) - {"name"} <= VOLUMES, volume
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security.get("runAsUser", 1) != 0 and security.get("runAsGroup", 1) != 0
    assert security["seccompProfile"]["type"] in ("RuntimeDefault", "Localhost")
    assert not {"sysctls", "seLinuxOptions", "windowsOptions", "appArmorProfile"} & security.keys()


@each_pod
def test_containers_are_restricted(values, name, metadata, spec):
    for container in containers(spec):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["privileged"] is False
        assert security["runAsNonRoot"] is True
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert not {"procMount", "runAsUser", "seccompProfile"} & security.keys()
        assert not [port for port in container.get("ports", []) if "hostPort" in port]


@each_pod
def test_pod_is_bounded(values, name, metadata, spec):
    for container in containers(spec):
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys()
        assert "memory" in resources["limits"]
        assert "cpu" not in resources["limits"], "a throttled process answers late"
    for volume in spec["volumes"]:
        assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": 1}), volume
    assert spec.get("terminationGracePeriodSeconds", spec.get("activeDeadlineSeconds", 0)) >= 10


@each_pod
def test_only_controllers_hold_a_token_for_the_api(values, name, metadata, spec):
    controller = metadata["labels"]["app.kubernetes.io/component"] == "controller"
    assert spec["automountServiceAccountToken"] is controller
    for volume in spec["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            assert source.get("serviceAccountToken", {"audience": "cloister-agents"})["audience"] == "cloister-agents"


@each_pod
def test_service_variables_stay_out_of_the_environment(values, name, metadata, spec):
    assert spec["enableServiceLinks"] is False


@each_pod
def test_long_running_containers_are_probed(values, name, metadata, spec):
    if metadata["labels"]["app.kubernetes.io/component"] == "test":
        return
    for container in containers(spec):
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


@each_pod
def test_mounts_and_volumes_match(values, name, metadata, spec):
    mounted = {mount["name"] for container in containers(spec) for mount in container["volumeMounts"]}
    claimed = {"data"} if metadata["labels"]["app.kubernetes.io/component"] == "controller" else set()
    assert mounted == {volume["name"] for volume in spec["volumes"]} | claimed


def test_no_secret_is_written_into_arguments_or_environment():
    for _, _, _, spec in ALL:
        for container in containers(spec):
            database = [one for one in container.get("env", []) if one["name"] == "CLOISTER_DATABASE"]
            assert all("secretKeyRef" in one["valueFrom"] for one in database)
            assert not [one for one in container.get("args", []) if "postgres://" in one]


def test_a_new_chart_version_alone_restarts_nobody():
    for _, _, metadata, _ in ALL:
        if metadata["labels"]["app.kubernetes.io/component"] != "test":
            assert not {"helm.sh/chart", "app.kubernetes.io/version"} & metadata["labels"].keys()
