"""A bill of materials that other tools accept, the same each time."""

import json

import sbom
from crates import BundledC, Crate
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from debian import Package
from toolchain import Part

CRATES = [
    Crate("program", "0.1.0", "Apache-2.0", None, None, {("sqlite-sys", "1.0.0+x")}),
    Crate("sqlite-sys", "1.0.0+x", None, "ab" * 32, BundledC("sqlite", "3.51.3", "blessing", "cpe:2.3:a:sqlite:sqlite:3.51.3:*:*:*:*:*:*:*")),
]
SUBJECT = sbom.Subject("cli", "Command line", "0.1.0", "sha256:" + "cd" * 32, 0)
PARTS = [Part("musl", "1.2.5", "MIT", None)]
PACKAGES = [Package("libc6", "2.36-9+deb12u14", "amd64", "debian-12")]


def bill(crates=CRATES):
    return sbom.bill(SUBJECT, [sbom.Program("cloister", "program", "ef" * 32, crates)], PARTS, PACKAGES)


def problems(text):
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return str(found) if found else ""


def test_it_holds_to_the_schema():
    assert not problems(bill().decode())
    broken = json.loads(bill())
    broken["components"][0]["type"] = "box"
    assert problems(json.dumps(broken))


def test_the_order_of_crates_does_not_matter():
    assert bill() == bill(CRATES[::-1])


def test_everything_leads_down_from_the_image():
    read = json.loads(bill())
    needs = {entry["ref"]: entry["dependsOn"] for entry in read["dependencies"]}
    waiting, seen = [read["metadata"]["component"]["bom-ref"]], set()
    while waiting:
        reference = waiting.pop()
        if reference not in seen:
            seen.add(reference)
            waiting += needs[reference]
    assert seen - {SUBJECT.reference} == {component["bom-ref"] for component in read["components"]}
    assert "pkg:generic/sqlite@3.51.3" in needs["pkg:cargo/sqlite-sys@1.0.0%2Bx"]


def test_it_says_which_image_it_is_for():
    read = json.loads(bill())["metadata"]["component"]
    assert read["hashes"] == [{"alg": "SHA-256", "content": "cd" * 32}]
    assert read["purl"].startswith("pkg:oci/cli@sha256%3Acdcd")
