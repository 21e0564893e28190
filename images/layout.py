"""An image as an OCI image layout: a folder for skopeo and registries, and one tar for `ctr images import`."""

import io
import json
import pathlib
import shutil
import tarfile
from dataclasses import dataclass
from datetime import datetime, timezone

from layer import Layer, sha256

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Built:
    """An image's manifest, with every blob that it names."""

    manifest: bytes
    blobs: dict[str, bytes]
    compressed_bytes: int
    uncompressed_bytes: int

    @property
    def digest(self) -> str:
        """What a registry knows the image by."""
        return sha256(self.manifest)


def to_json(value: object) -> bytes:
    """JSON with one form for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def time_text(seconds: int) -> str:
    """Seconds since 1970 as RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _descriptor(media_type: str, data: bytes) -> dict:
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


def build(layers: list[tuple[str, Layer]], run: dict, labels: dict[str, str], created_at: int) -> Built:
    """Joins layers (each with the sentence that its history shows) and `run`, the configuration's `config` object."""
    created = time_text(created_at)
    config = to_json({
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {**run, "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for _, layer in layers]},
        "history": [{"created": created, "created_by": sentence} for sentence, _ in layers],
    })
    manifest = to_json({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(CONFIG_TYPE, config),
        "layers": [_descriptor(LAYER_TYPE, layer.compressed) for _, layer in layers],
        "annotations": {**labels, "org.opencontainers.image.created": created},
    })
    blobs = {sha256(data): data for data in [config, manifest, *(layer.compressed for _, layer in layers)]}
    compressed = len(config) + len(manifest) + sum(len(layer.compressed) for _, layer in layers)
    return Built(manifest, blobs, compressed, sum(layer.uncompressed_bytes for _, layer in layers))


def _files(built: Built, reference: str) -> dict[str, bytes]:
    """The layout's files. `reference` is a full name with tag, e.g. registry.example/cloister/cli:0.1.0."""
    entry = _descriptor(MANIFEST_TYPE, built.manifest)
    entry["platform"] = {"architecture": "amd64", "os": "linux"}
    # The tag is what skopeo finds the image by, the full name is what containerd imports it as.
    entry["annotations"] = {
        "org.opencontainers.image.ref.name": reference.rsplit(":", 1)[1],
        "io.containerd.image.name": reference,
    }
    files = {
        "oci-layout": to_json({"imageLayoutVersion": "1.0.0"}),
        "index.json": to_json({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}),
    }
    for digest, data in built.blobs.items():
        files["blobs/" + digest.replace(":", "/")] = data
    return dict(sorted(files.items()))


def write(built: Built, reference: str, folder: pathlib.Path, created_at: int) -> None:
    """Writes the layout into `folder`, replacing what was there, and the same as `folder`.tar."""
    files = _files(built, reference)
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    part = folder.with_name(folder.name + ".tar.part")
    with tarfile.open(part, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), 0o644, created_at
            archive.addfile(info, io.BytesIO(data))
    part.replace(folder.with_name(folder.name + ".tar"))
