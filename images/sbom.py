"""The bill of materials of an image, CycloneDX 1.6 as JSON. The same image gives the same bytes."""

import json
import uuid
from dataclasses import dataclass

from crates import Crate
from debian import Package
from layout import time_text
from toolchain import Part

# Deterministic serial numbers: name-based, under a namespace of our own.
NAMESPACE = uuid.UUID("6f1a7c1e-2d0b-5b7e-9a55-0c1f6b1d7a90")
Component = dict[str, object]


@dataclass(frozen=True)
class Program:
    """A program of the image and the crates in it; `crates` holds the one named `package` too."""

    name: str
    package: str
    sha256: str
    crates: list[Crate]


@dataclass(frozen=True)
class Subject:
    """The image that the bill is for."""

    name: str
    title: str
    version: str
    digest: str
    created_at: int

    @property
    def reference(self) -> str:
        return f"pkg:oci/{self.name}@{self.digest.replace(':', '%3A')}?arch=amd64&tag={self.version}"


def _licences(expression: str | None) -> dict:
    return {"licenses": [{"expression": expression}]} if expression else {}


def _hashes(sha256: str | None) -> dict:
    return {"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}


def _crate_reference(key: tuple[str, str]) -> str:
    # `+` of build metadata is reserved in package URLs.
    return f"pkg:cargo/{key[0]}@{key[1].replace('+', '%2B')}"


def _library(reference: str, name: str, version: str, **more: object) -> Component:
    return {"type": "library", "bom-ref": reference, "name": name, "version": version, "purl": reference, **more}


def _crate(crate: Crate) -> Component:
    return _library(
        _crate_reference(crate.key), crate.name, crate.version, **_licences(crate.licence), **_hashes(crate.checksum)
    )


def _generic(name: str, version: str, licence: str, cpe: str | None) -> Component:
    more = {"cpe": cpe} if cpe else {}
    return _library(f"pkg:generic/{name}@{version}", name, version, **_licences(licence), **more)


def _package(package: Package) -> Component:
    return {**_library(package.purl, package.name, package.version), "type": "library"}


class _Bill:
    """Components by reference, and what each depends on."""

    def __init__(self) -> None:
        self.components: dict[str, Component] = {}
        self.needs: dict[str, set[str]] = {}

    def add(self, component: Component, needs: set[str]) -> str:
        reference = str(component["bom-ref"])
        self.components[reference] = component
        self.needs.setdefault(reference, set()).update(needs)
        return reference

    def add_program(self, program: Program, version: str, parts: list[Part]) -> str:
        toolchain = {self.add(_generic(part.name, part.version, part.licence, part.cpe), set()) for part in parts}
        for crate in program.crates:
            needs = {_crate_reference(key) for key in crate.needs}
            if crate.bundled:
                c = crate.bundled
                needs.add(self.add(_generic(c.name, c.version, c.licence, c.cpe), set()))
            self.add(_crate(crate), needs)
        file = {
            "type": "application", "bom-ref": f"program:{program.name}", "name": program.name, "version": version,
            **_licences("Apache-2.0"), **_hashes(program.sha256),
        }
        return self.add(file, toolchain | {_crate_reference((program.package, version))})


def bill(subject: Subject, programs: list[Program], parts: list[Part], packages: list[Package]) -> bytes:
    """`parts` are in every program; `packages` are beside them in the image."""
    made = _Bill()
    top = {made.add_program(program, subject.version, parts) for program in programs}
    top |= {made.add(_package(package), set()) for package in packages}
    needs = {subject.reference: top, **made.needs}
    return (json.dumps({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(NAMESPACE, subject.digest).urn,
        "version": 1,
        "metadata": {
            "timestamp": time_text(subject.created_at),
            "component": {
                "type": "container", "bom-ref": subject.reference, "name": subject.name, "version": subject.version,
                "description": subject.title, "purl": subject.reference, **_licences("Apache-2.0"),
                **_hashes(subject.digest.removeprefix("sha256:")),
            },
        },
        "components": [made.components[reference] for reference in sorted(made.components)],
        "dependencies": [
            {"ref": reference, "dependsOn": sorted(needs[reference])} for reference in sorted(needs)
        ],
    }, indent=1, ensure_ascii=True) + "\n").encode()
