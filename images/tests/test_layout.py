"""An OCI image layout as containerd, skopeo and registries read it."""

import json
import tarfile

import layout
from layer import Entry, make_layer, sha256

REFERENCE = "registry.example:5000/cloister/cli:1.2.3"


def build(text=b"text"):
    layers = [("one file", make_layer([Entry("/file", data=text)], 0))]
    return layout.build(layers, {"User": "65532:65532"}, {"org.opencontainers.image.version": "1.2.3"}, 0)


def test_every_blob_has_the_name_of_its_bytes(tmp_path):
    layout.write(build(), REFERENCE, tmp_path / "cli", 0)
    blobs = list((tmp_path / "cli/blobs/sha256").iterdir())
    assert len(blobs) == 3
    assert all(sha256(blob.read_bytes()) == f"sha256:{blob.name}" for blob in blobs)


def test_the_index_gives_the_tag_to_skopeo_and_the_full_name_to_containerd(tmp_path):
    layout.write(build(), REFERENCE, tmp_path / "cli", 0)
    entry = json.loads((tmp_path / "cli/index.json").read_bytes())["manifests"][0]
    assert entry["digest"] == build().digest
    assert entry["annotations"] == {
        "org.opencontainers.image.ref.name": "1.2.3", "io.containerd.image.name": REFERENCE,
    }


def test_the_tar_is_the_folder(tmp_path):
    layout.write(build(), REFERENCE, tmp_path / "cli", 0)
    with tarfile.open(tmp_path / "cli.tar") as archive:
        in_tar = {member.name: archive.extractfile(member).read() for member in archive}
    folder = tmp_path / "cli"
    on_disk = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert in_tar == on_disk


def test_writing_again_leaves_nothing_of_the_image_before(tmp_path):
    layout.write(build(b"old"), REFERENCE, tmp_path / "cli", 0)
    layout.write(build(b"new"), REFERENCE, tmp_path / "cli", 0)
    assert len(list((tmp_path / "cli/blobs/sha256").iterdir())) == 3


def test_another_content_is_another_digest():
    assert build(b"a").digest == build(b"a").digest != build(b"b").digest
