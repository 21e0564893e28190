"""An image layer: a tar with nothing in it of the machine or the time that made it, compressed the same way each time."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass

# The unprivileged user of every image, as the chart and distroless images number it.
USER_ID = 65532


@dataclass(frozen=True)
class Entry:
    """A file (`data`), a folder (neither) or a symbolic link (`link`) at an absolute path."""

    path: str
    mode: int = 0o755
    owner: int = 0
    data: bytes | None = None
    link: str | None = None

    def header(self, mtime: int) -> tarfile.TarInfo:
        """The tar header; `mtime` in seconds since 1970."""
        info = tarfile.TarInfo(self.path.strip("/"))
        info.mode, info.mtime, info.uid, info.gid = self.mode, mtime, self.owner, self.owner
        if self.link is not None:
            info.type, info.linkname = tarfile.SYMTYPE, self.link
        elif self.data is None:
            info.type = tarfile.DIRTYPE
        else:
            info.size = len(self.data)
        return info


@dataclass(frozen=True)
class Layer:
    """A layer's compressed bytes, with the digests that a manifest and a configuration name."""

    compressed: bytes
    diff_id: str
    uncompressed_bytes: int

    @property
    def digest(self) -> str:
        return sha256(self.compressed)


def sha256(data: bytes) -> str:
    """`sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _with_folders(entries: list[Entry]) -> list[Entry]:
    """Adds the folders that paths pass through; sorts, so that a folder comes before what is in it."""
    by_path = {}
    for entry in entries:
        if entry.path in by_path:
            raise ValueError(f"{entry.path} would be twice in one layer")
        by_path[entry.path] = entry
    for path in list(by_path):
        parts = path.strip("/").split("/")[:-1]
        for depth in range(len(parts)):
            folder = "/" + "/".join(parts[: depth + 1])
            by_path.setdefault(folder, Entry(folder))
    return [by_path[path] for path in sorted(by_path)]


def make_layer(entries: list[Entry], mtime: int) -> Layer:
    """The same entries and `mtime` (seconds since 1970) give the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in _with_folders(entries):
            archive.addfile(entry.header(mtime), io.BytesIO(entry.data) if entry.data is not None else None)
    data = raw.getvalue()
    # No name and no time in the gzip header. gzip and not zstd: containerd 1.6 reads it everywhere.
    return Layer(gzip.compress(data, compresslevel=9, mtime=0), sha256(data), len(data))
