"""CustomResourceDefinitions are templates: upgraded with the chart, kept at uninstall, left out on demand."""

import shutil

import pytest
import yaml

from chart import CHART, HELMS, template

DEFINITION = """\
# Generated.
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.fleet.cloister.dev
  annotations: {{made-by: code}}
spec:
  group: fleet.cloister.dev
  scope: Namespaced
  names: {{kind: Thing, plural: {plural}, singular: thing}}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {{type: integer, format: int64, maximum: 9007199254740991, description: "no {{{{ template }}}}"}}
"""


@pytest.fixture(name="chart")
def chart_with_definitions(tmp_path):
    copy = tmp_path / "cloister"
    shutil.copytree(CHART, copy)
    for old in (copy / "files/crds").glob("*.yaml"):
        old.unlink()
    (copy / "files/crds/one.yaml").write_text(DEFINITION.format(plural="ones"))
    (copy / "files/crds/more.yaml").write_text(
        "---\n" + DEFINITION.format(plural="twos") + "---\n" + DEFINITION.format(plural="threes")
    )
    return copy


def definitions(chart, program, *arguments):
    done = template(*arguments, program=program, chart=chart)
    assert done.returncode == 0, done.stderr
    documents = yaml.load_all(done.stdout, yaml.CSafeLoader)
    return {one["metadata"]["name"]: one for one in documents if one and one["kind"] == "CustomResourceDefinition"}


@pytest.mark.parametrize("program", HELMS, ids=["helm4", "helm3"])
def test_definitions_are_rendered_whole(chart, program):
    found = definitions(chart, program)
    assert found.keys() == {f"{plural}.fleet.cloister.dev" for plural in ("ones", "twos", "threes")}
    one = found["ones.fleet.cloister.dev"]
    assert one["spec"] == yaml.safe_load(DEFINITION.format(plural="ones"))["spec"]
    assert one["metadata"]["annotations"] == {"made-by": "code", "helm.sh/resource-policy": "keep"}
    assert one["metadata"]["labels"]["app.kubernetes.io/component"] == "crds"


def test_definitions_can_be_dropped_at_uninstall_or_left_to_others(chart):
    found = definitions(chart, HELMS[0], "--set", "crds.keep=false")
    assert all("helm.sh/resource-policy" not in one["metadata"]["annotations"] for one in found.values())
    assert not definitions(chart, HELMS[0], "--set", "crds.install=false")


@pytest.mark.parametrize("path", sorted((CHART / "files/crds").glob("*.yaml")), ids=lambda path: path.stem)
def test_committed_definitions_are_rendered_as_they_are(path):
    (committed,) = [one for one in yaml.safe_load_all(path.read_text()) if one]
    rendered = definitions(CHART, HELMS[0])[committed["metadata"]["name"]]
    assert rendered["spec"] == committed["spec"]
