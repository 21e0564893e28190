"""A layer depends on what is in it, and on nothing else."""

import gzip
import io
import tarfile

import pytest
from layer import USER_ID, Entry, make_layer, sha256

FILES = [
    Entry("/var/lib/data", 0o700, USER_ID),
    Entry("/program", 0o755, data=b"text"),
    Entry("/lib/a/b.so", 0o644, data=b"b"),
    Entry("/lib/link", link="a/b.so"),
]


def members(layer):
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer.compressed))).getmembers()


def test_the_order_in_which_files_are_given_does_not_matter():
    assert make_layer(FILES, 7).compressed == make_layer(FILES[::-1], 7).compressed


def test_nothing_of_the_machine_is_in_it():
    for member in members(make_layer(FILES, 1234567890)):
        assert (member.mtime, member.uname, member.gname) == (1234567890, "", "")
        assert member.uid == member.gid == (USER_ID if member.name == "var/lib/data" else 0)
    # Bytes 4 to 7 of a gzip file are its time.
    assert make_layer(FILES, 1234567890).compressed[4:8] == b"\0\0\0\0"


def test_folders_come_before_what_is_in_them():
    names = [member.name for member in members(make_layer(FILES, 0))]
    assert names == ["lib", "lib/a", "lib/a/b.so", "lib/link", "program", "var", "var/lib", "var/lib/data"]


def test_modes_and_links_are_kept():
    by_name = {member.name: member for member in members(make_layer(FILES, 0))}
    assert by_name["var/lib/data"].mode == 0o700 and by_name["var/lib/data"].isdir()
    assert by_name["lib/link"].linkname == "a/b.so"
    assert by_name["lib"].mode == 0o755


def test_the_digests_are_those_of_the_bytes():
    layer = make_layer(FILES, 0)
    assert layer.digest == sha256(layer.compressed)
    raw = gzip.decompress(layer.compressed)
    assert (layer.diff_id, layer.uncompressed_bytes) == (sha256(raw), len(raw))


def test_a_path_that_is_given_twice_is_refused():
    with pytest.raises(ValueError, match="/program"):
        make_layer([*FILES, Entry("/program", data=b"other")], 0)
