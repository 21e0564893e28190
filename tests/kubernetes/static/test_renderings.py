"""What the chart renders: with both Helms, by the API's own schemas, and nothing by accident."""

import functools

import kubernetes_validate
import kubernetes_validate.utils as schemas
import pytest
import yaml

from chart import CHART, HELM, HELM3, HELMS, HERE, KUBE_VERSION, VALUE_SETS, agrees, helm, objects, template

# Kinds of other projects, for which the API's schemas say nothing.
FOREIGN = {"HTTPRoute", "GRPCRoute", "ServiceMonitor", "PrometheusRule"}
NEWEST_MINORS = schemas.all_versions()[-3:]

# Read once and not for each object.
schemas.schema_contents = functools.lru_cache(maxsize=None)(schemas.schema_contents)


@pytest.mark.parametrize("program", HELMS, ids=["helm4", "helm3"])
def test_lint_finds_nothing(program):
    done = helm("lint", CHART, "--strict", "--kube-version", KUBE_VERSION, program=program)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout and "ERROR" not in done.stdout, done.stdout


@pytest.mark.parametrize("program", HELMS, ids=["helm4", "helm3"])
def test_a_package_renders_like_the_folder(program, tmp_path):
    done = helm("package", CHART, "--destination", tmp_path, program=program)
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("cloister-*.tgz")
    assert template(program=program, chart=package).stdout == template(program=program).stdout


@pytest.mark.parametrize("values", VALUE_SETS)
def test_rendering_is_as_committed(values):
    shown = [one for one in objects(values) if one["kind"] != "CustomResourceDefinition"]
    text = yaml.dump_all(shown, Dumper=yaml.CSafeDumper, width=1_000_000, allow_unicode=True)
    agrees(HERE / "golden" / f"{values}.yaml", text)


@pytest.mark.parametrize("values", VALUE_SETS)
def test_both_helms_render_the_same(values):
    assert objects(values, HELM) == objects(values, HELM3)


@pytest.mark.parametrize("version", NEWEST_MINORS)
@pytest.mark.parametrize("values", VALUE_SETS)
def test_the_api_would_accept_every_object(values, version):
    for one in objects(values):
        if one["kind"] not in FOREIGN:
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("values", VALUE_SETS)
def test_names_are_unique_and_namespaces_are_given(values):
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "PriorityClass", "CustomResourceDefinition"}
    seen = set()
    for one in objects(values):
        key = (one["kind"], one["metadata"]["name"])
        assert key not in seen, key
        seen.add(key)
        assert ("namespace" in one["metadata"]) == (one["kind"] not in cluster_wide), key
        assert len(one["metadata"]["name"]) <= 63, key


@pytest.mark.parametrize("values", VALUE_SETS)
def test_what_the_controller_fills_is_rendered_empty(values):
    filled = {("Secret", "identity"), ("ConfigMap", "fleet-ca"), ("Lease", "controller")}
    empty = [one for one in objects(values) for kind, end in filled
             if one["kind"] == kind and one["metadata"]["name"].endswith(f"-{end}")]
    assert len(empty) == 3
    for one in empty:
        assert not {"data", "stringData", "binaryData", "immutable", "spec"} & one.keys(), one["metadata"]["name"]


def test_keys_survive_an_uninstall_unless_purged():
    def kept(values):
        (secret,) = [one for one in objects(values) if one["kind"] == "Secret"]
        (controllers,) = [one for one in objects(values) if one["kind"] == "StatefulSet"]
        annotation = secret["metadata"].get("annotations", {}).get("helm.sh/resource-policy")
        return annotation, controllers["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"]

    assert kept("default") == ("keep", "Retain")
    assert kept("narrow") == (None, "Delete")


@pytest.mark.parametrize("release, name", [("cloister", "cloister"), ("my-cloister-2", "my-cloister-2"), ("ai", "ai-cloister")])
def test_names_follow_the_release(release, name):
    done = template("--show-only", "templates/identity.yaml", release=release)
    assert f"name: {name}-identity\n" in done.stdout, done.stderr
