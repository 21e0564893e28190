"""Where the programs under test are, and the images that `make images` wrote."""

import json
import pathlib
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "images"))

from contents import IMAGES, Image  # noqa: E402


class Written:
    """An image on disk, read as a registry would: by digest, from the index."""

    def __init__(self, image: Image, folder: pathlib.Path):
        self.image, self.folder = image, folder
        self.index = json.loads((folder / "index.json").read_bytes())
        self.digest = self.index["manifests"][0]["digest"]
        self.manifest = json.loads(self.blob(self.digest))
        self.config = json.loads(self.blob(self.manifest["config"]["digest"]))
        self.version = self.config["config"]["Labels"]["org.opencontainers.image.version"]
        self.bill = json.loads((folder.parent / f"{image.name}.cdx.json").read_bytes())

    def blob(self, digest: str) -> bytes:
        return (self.folder / "blobs" / digest.replace(":", "/")).read_bytes()

    def members(self) -> dict[str, tarfile.TarInfo]:
        """What the layers hold, by absolute path."""
        found = {}
        for layer in self.manifest["layers"]:
            with tarfile.open(self.folder / "blobs" / layer["digest"].replace(":", "/")) as archive:
                found |= {"/" + member.name: member for member in archive}
        return found

    def unpack(self, folder: pathlib.Path) -> pathlib.Path:
        """Lays the image out as a root file system."""
        for layer in self.manifest["layers"]:
            with tarfile.open(self.folder / "blobs" / layer["digest"].replace(":", "/")) as archive:
                archive.extractall(folder, filter="data")
        return folder


@pytest.fixture(params=IMAGES, ids=lambda image: image.name)
def written(request) -> Written:
    return _read(request.param)


@pytest.fixture
def written_cli() -> Written:
    return _read(next(image for image in IMAGES if image.name == "cli"))


def _read(image: Image) -> Written:
    folder = ROOT / "target/images" / image.name
    assert folder.is_dir(), "there are no images yet: make images"
    return Written(image, folder)
