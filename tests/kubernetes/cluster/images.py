"""Images that only the tests need: one static program each, in an OCI archive."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile

from .settings import BIN, WORK


def build() -> list[pathlib.Path]:
    """pause, probe and CoreDNS, as archives that containerd imports."""
    return [
        archive("test.local/pause:1", BIN / "probe", ["/program", "pause"]),
        archive("test.local/probe:1", BIN / "probe", ["/program"]),
        archive("test.local/coredns:1", BIN / "coredns", ["/program"]),
    ]


def archive(reference: str, program: pathlib.Path, entrypoint: list[str]) -> pathlib.Path:
    layer = layer_of(program)
    blobs = {}
    compressed = put(blobs, gzip.compress(layer, 1, mtime=0))
    config = put(blobs, to_json({
        "architecture": "amd64", "os": "linux", "config": {"Entrypoint": entrypoint, "User": "65532:65532"},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
    }))
    oci = "application/vnd.oci.image"
    manifest = put(blobs, to_json({
        "schemaVersion": 2, "mediaType": f"{oci}.manifest.v1+json",
        "config": {"mediaType": f"{oci}.config.v1+json", **config},
        "layers": [{"mediaType": f"{oci}.layer.v1.tar+gzip", **compressed}],
    }))
    index = to_json({
        "schemaVersion": 2, "mediaType": f"{oci}.index.v1+json",
        "manifests": [{
            "mediaType": f"{oci}.manifest.v1+json", **manifest, "annotations": {"io.containerd.image.name": reference},
        }],
    })
    out = WORK / "images" / f"{reference.split('/')[-1].replace(':', '-')}.tar"
    out.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(out, "w") as tar:
        add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add(tar, "index.json", index)
        for name, blob in blobs.items():
            add(tar, f"blobs/sha256/{name.removeprefix('sha256:')}", blob)
    return out


def layer_of(program: pathlib.Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        add(tar, "program", program.read_bytes(), mode=0o755)
    return buffer.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def put(blobs: dict[str, bytes], blob: bytes) -> dict:
    blobs[digest(blob)] = blob
    return {"digest": digest(blob), "size": len(blob)}


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def to_json(value: dict) -> bytes:
    return json.dumps(value).encode()
