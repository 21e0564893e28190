"""Renders the chart with the real programs, once per set of values."""

import functools
import os
import pathlib
import subprocess

import yaml

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
CHART = ROOT / "charts" / "cloister"
PROGRAMS = pathlib.Path.home() / ".cache" / "cloister-kubernetes" / "bin"
HELM = os.environ.get("HELM", str(PROGRAMS / "helm"))
HELM3 = os.environ.get("HELM3", str(PROGRAMS / "helm3"))
HELMS = [HELM, HELM3]
VALUE_SETS = sorted(path.stem for path in (HERE / "values").glob("*.yaml"))
NAMESPACE = "clinic"
KUBE_VERSION = "v1.36.0"


class Strict(yaml.CSafeLoader):
    """YAML in which a key stands once, as the API wants it."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(keys)), f"a key stands twice at {node.start_mark}: {keys}"
    return dict(zip(keys, [loader.construct_object(value, deep=True) for _, value in node.value]))


Strict.add_constructor("tag:yaml.org,2002:map", mapping)


def helm(*arguments, program=HELM, given=None):
    """Runs helm away from any cluster; the caller looks at how it ended."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KUBECONFIG": "/nonexistent", "TMPDIR": "/tmp"}
    return subprocess.run(
        [program, *map(str, arguments)], input=given, capture_output=True, text=True, env=environment, timeout=60
    )


def template(*arguments, program=HELM, chart=CHART, given=None, release="cloister"):
    """`helm template`, as a finished process."""
    fixed = ["template", release, chart, "--namespace", NAMESPACE, "--kube-version", KUBE_VERSION]
    return helm(*fixed, *arguments, program=program, given=given)


@functools.lru_cache(maxsize=None)
def rendered(values, program=HELM):
    """The text that a set of values gives."""
    done = template("--values", HERE / "values" / f"{values}.yaml", program=program)
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.lru_cache(maxsize=None)
def objects(values, program=HELM):
    """The objects of a rendering, in a fixed order."""
    documents = [one for one in yaml.load_all(rendered(values, program), Strict) if one]
    return sorted(documents, key=lambda one: (one["kind"], one["metadata"]["name"]))


def of_kind(values, kind):
    """The objects of one kind, by name."""
    return {one["metadata"]["name"]: one for one in objects(values) if one["kind"] == kind}


def pods(values):
    """(name, metadata, spec) of every pod that a rendering makes."""
    for one in objects(values):
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one["metadata"], one["spec"]
        elif one["kind"] in ("StatefulSet", "DaemonSet", "Deployment", "Job", "CronJob"):
            made = one["spec"]["template"]
            yield one["metadata"]["name"], made["metadata"], made["spec"]


def agrees(path, text):
    """That a committed file says `text`. UPDATE_GOLDEN=1 writes it."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert path.is_file(), f"{path.name} is missing: UPDATE_GOLDEN=1 writes it"
    assert path.read_text() == text, f"{path.name} differs: look at it, then UPDATE_GOLDEN=1 writes it"
