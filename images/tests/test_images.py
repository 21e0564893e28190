"""The images that `make images` wrote: what is in them, and that their programs run with nothing else."""

import contextlib
import hashlib
import json
import socket
import subprocess
import time
import urllib.request

from contents import HOME, LIBRARIES, LOADER, TRUST_ROOTS
from layer import USER_ID
from test_sbom import problems

MIB = 2**20


def run_inside(root, *command):
    """Runs a program with the image as its whole world, without being root outside."""
    inside = ["unshare", "--map-root-user", "--root", root, *command]
    return subprocess.run(inside, capture_output=True, text=True, timeout=60)


def test_it_is_small(written):
    compressed = sum(layer["size"] for layer in written.manifest["layers"])
    uncompressed = sum(member.size for member in written.members().values())
    assert compressed < 60 * MIB and uncompressed < 60 * MIB


def test_nothing_is_in_it_but_what_its_programs_need(written):
    files = {path for path, member in written.members().items() if member.isfile()}
    expected = {"/etc/passwd", "/etc/group", "/usr/share/doc/cloister/LICENSE"}
    expected |= {"/" + program for program in written.image.programs}
    crates = {component["name"] for component in written.bill["components"]}
    packages = set(written.image.libraries)
    if "rustls-native-certs" in crates:
        expected.add(TRUST_ROOTS)
        packages.add("ca-certificates")
    if written.image.libraries:
        expected |= {f"/lib64/{LOADER}", "/etc/nsswitch.conf"}
        expected |= {f"/lib/x86_64-linux-gnu/{file}" for names in LIBRARIES.values() for file in names}
    expected |= {f"/usr/share/doc/{package}/copyright" for package in packages}
    assert files == expected


def test_only_its_own_folders_belong_to_its_user(written):
    own = {path: member.mode for path, member in written.members().items() if member.uid != 0}
    assert own == {path: 0o700 for path in [HOME, written.image.data] if path}
    assert all(member.mode & 0o022 == 0 for member in written.members().values())
    assert written.config["config"]["User"] == f"{USER_ID}:{USER_ID}"


def test_every_program_starts_with_nothing_else_there(written, tmp_path):
    root = written.unpack(tmp_path)
    for program in written.image.programs:
        ran = run_inside(root, f"/{program}", "--version")
        assert ran.stdout.endswith(f" {written.version}\n"), ran.stderr


def test_the_command_line_finds_certificate_authorities(written_cli, tmp_path):
    root = written_cli.unpack(tmp_path)
    # Nobody listens on port 1: it gets as far as to find that out.
    ran = run_inside(root, "/cloister", "--url", "https://127.0.0.1:1", "nodes")
    assert ran.returncode != 0 and "onnect" in ran.stderr and "certificate" not in ran.stderr.lower(), ran.stderr


def test_nothing_of_the_machine_that_built_it_is_in_the_programs(written):
    folders = [str(path).encode() for path in (written.folder.parents[2], written.folder.home())]
    for program in written.image.programs:
        layer = written.manifest["layers"][-1]
        text = subprocess.run(
            ["tar", "-xzOf", written.folder / "blobs" / layer["digest"].replace(":", "/"), program],
            check=True, capture_output=True,
        ).stdout
        found = [folder for folder in folders if folder + b"/" in text]
        assert not found, f"{program} holds {found}"


def test_the_bill_of_materials_holds_to_the_schema_and_names_this_image(written):
    assert not problems(json.dumps(written.bill))
    subject = written.bill["metadata"]["component"]
    assert "sha256:" + subject["hashes"][0]["content"] == written.digest


def test_the_bill_of_materials_has_the_programs_by_their_bytes(written, tmp_path):
    root = written.unpack(tmp_path)
    listed = {
        component["name"]: component["hashes"][0]["content"]
        for component in written.bill["components"] if component["bom-ref"].startswith("program:")
    }
    assert listed == {
        program: hashlib.sha256((root / program).read_bytes()).hexdigest() for program in written.image.programs
    }


def test_the_layout_says_when_and_from_what_it_was_made(written):
    labels = written.config["config"]["Labels"]
    names = ["licenses", "revision", "title", "version"]
    assert sorted(labels) == [f"org.opencontainers.image.{name}" for name in names]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert len(labels["org.opencontainers.image.revision"].removesuffix("-changed")) == 40
    assert written.config["created"] == written.manifest["annotations"]["org.opencontainers.image.created"]


@contextlib.contextmanager
def registry(folder):
    """A real registry on a free port of this machine; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = folder / "registry.json"
    # The registry reads YAML, of which JSON is a part.
    settings.write_text(json.dumps({
        "version": "0.1", "log": {"level": "error"}, "http": {"addr": address},
        "storage": {"filesystem": {"rootdirectory": str(folder / "blobs")}},
    }))
    with subprocess.Popen(["docker-registry", "serve", settings], stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/v2/", timeout=5):
                    break
                assert time.monotonic() < deadline and process.poll() is None, "the registry did not start"
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()


def test_a_registry_takes_it_and_gives_it_back_by_its_digest(written, tmp_path):
    with registry(tmp_path) as address:
        name = f"docker://{address}/cloister/{written.image.name}"
        subprocess.run(
            ["skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
             f"oci:{written.folder}:{written.version}", f"{name}:{written.version}"],
            check=True, timeout=120,
        )
        raw = subprocess.run(
            ["skopeo", "inspect", "--raw", "--tls-verify=false", f"{name}@{written.digest}"],
            check=True, capture_output=True, timeout=120,
        ).stdout
    assert "sha256:" + hashlib.sha256(raw).hexdigest() == written.digest
