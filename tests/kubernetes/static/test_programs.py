"""The chart gives the programs no argument that they do not know, and rights over kinds that exist."""

import re

import pytest
import yaml

from chart import CHART, ROOT, VALUE_SETS, objects, pods

SOURCES = {
    "controller": "controller/server/src",
    "agent": "node-agent/agent/src",
    "check": "controller/cli/src",
}
ARGUMENT = re.compile(r"#\[arg\((.*?)\)\]\s*(?:///[^\n]*\n\s*|#\[[^\n]*\]\s*)*(?:pub(?:\([a-z]+\))? )?(\w+):", re.DOTALL)


def known(folder):
    """The long options that the source of a program declares (clap)."""
    found = set()
    for file in (ROOT / folder).rglob("*.rs"):
        for attribute, field in ARGUMENT.findall(file.read_text()):
            named = re.search(r'\blong = "([a-z-]+)"', attribute)
            if named:
                found.add(named.group(1))
            elif re.search(r"\blong\b", attribute):
                found.add(field.replace("_", "-"))
    assert found, "the source no longer looks as this test reads it"
    return found


@pytest.mark.parametrize("name, folder", SOURCES.items())
def test_every_argument_is_one_that_the_program_knows(name, folder):
    given = set()
    for values in VALUE_SETS:
        for _, _, spec in pods(values):
            for container in spec["containers"]:
                if container["name"] == name:
                    given |= {word[2:].split("=")[0] for word in container["args"] if word.startswith("--")}
    assert given and given <= known(folder), given - known(folder)


def test_every_kind_that_a_right_names_is_defined():
    defined = set()
    for path in (CHART / "files/crds").glob("*.yaml"):
        for one in yaml.safe_load_all(path.read_text()):
            if one:
                defined.add(one["spec"]["names"]["plural"])
    named = {
        resource.split("/")[0]
        for one in objects("default")
        for rule in one.get("rules", [])
        if "fleet.cloister.dev" in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert named == defined == {"models", "modeldeployments", "trustpolicies", "fleetnodes"}
