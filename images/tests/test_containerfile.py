"""The Containerfile makes what contents.py describes."""

import re
import shlex
import subprocess

import pytest
from conftest import ROOT
from contents import HOME, IMAGES, LIBRARIES, LOADER
from layer import USER_ID

FILE = ROOT / "images/Containerfile"


def stages() -> dict[str, dict[str, list[str]]]:
    """Instructions of each stage: `{stage: {instruction: [arguments]}}`."""
    found, stage = {}, None
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stage = found.setdefault(rest.split(" AS ")[1], {"FROM": [rest.split(" AS ")[0]]})
        elif word:
            stage.setdefault(word, []).append(rest)
    return found


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_a_stage_starts_as_the_image_does(image):
    stage, run = stages()[image.name], image.run()
    assert stage["FROM"] == ["scratch"]
    assert stage["USER"] == [run["User"]] and stage["WORKDIR"] == [run["WorkingDir"]]
    assert stage["ENTRYPOINT"] == [f'["{run["Entrypoint"][0]}"]']
    assert shlex.split(stage["ENV"][0]) == run["Env"]
    assert stage.get("VOLUME", []) == [f'["{path}"]' for path in run.get("Volumes", {})]
    ports = stage.get("EXPOSE", [""])[0].split()
    assert [f"{port}/tcp" for port in ports] == list(run.get("ExposedPorts", {}))


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_a_stage_copies_the_images_programs(image):
    copied = [copy.split()[-2] for copy in stages()[image.name]["COPY"] if "/image/" in copy]
    assert copied == [f"/cloister/target/{image.target}/image/{program}" for program in image.programs]


def test_libraries_and_user_are_the_same():
    build = " ".join(stages()["build"]["RUN"])
    assert re.search(r"for file in ([^;]+);", build)[1].split() == [file for files in LIBRARIES.values() for file in files]
    assert f"/lib64/{LOADER}" in build
    assert f"nonroot:x:{USER_ID}:{USER_ID}:nonroot:{HOME}:" in build


def test_the_builder_is_the_toolchain_of_the_repository():
    channel = re.search(r'channel = "(\d+\.\d+)', (ROOT / "rust-toolchain.toml").read_text())[1]
    assert f"/rust:{channel}-" in stages()["build"]["FROM"][0]


def test_hadolint_has_nothing_to_say():
    checked = subprocess.run(["hadolint", FILE], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
