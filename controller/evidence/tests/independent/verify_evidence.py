"""An evidence verifier that shares no code with the product.

Written from docs/evidence-format.md, RFC 6962 section 2.1 and the C2SP texts signed-note and
tlog-checkpoint; it needs hashlib and the `cryptography` package.

Usage: verify_evidence.py VKEY_FILE EVIDENCE_FILE...
Prints "ok" or "refused: reason" for each file, in order; exits with 1 if any was refused.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CLOSES = {"inference.completed", "inference.interrupted", "inference.denied"}
SAME = ["model_digest", "prompt_commitment", "deployment", "operation", "protocol", "params"]


class Refused(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Refused(reason)


def decode64(text):
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, "base64 has another spelling")
    return raw


def object_once(pairs):
    names = [name for name, _ in pairs]
    need(len(names) == len(set(names)), "a field is given twice")
    return dict(pairs)


def parse(line):
    return json.loads(line, object_pairs_hook=object_once)


def canonical(value):
    """Canonical form of JSON without fractions (all lines but leaves)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Key:
    def __init__(self, text):
        self.name, key_id, key = text.strip().split("+", 2)
        raw = decode64(key)
        need(raw[:1] == b"\x01" and len(raw) == 33, "not an Ed25519 verifier key")
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        need(self.id.hex() == key_id, "the key's id does not belong to it")
        self.public = Ed25519PublicKey.from_public_bytes(raw[1:])

    def open(self, note):
        """Returns size and root of a signed log checkpoint."""
        body, _, signature = note.rpartition("\n\n")
        body += "\n"
        prefix = f"\u2014 {self.name} "
        need(signature.startswith(prefix) and signature.endswith("\n"), "not signed by this key")
        raw = decode64(signature[len(prefix) : -1])
        need(raw[:4] == self.id and len(raw) == 68, "not signed by this key")
        self.public.verify(raw[4:], body.encode())
        origin, size, root = body.split("\n")[:3]
        need(body == f"{origin}\n{int(size)}\n{root}\n" and origin == self.name, "checkpoint malformed")
        root = decode64(root)
        need(len(root) == 32, "root malformed")
        return int(size), root


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(leaf):
    return sha(b"\x00", leaf)


def tree_root(hashes):
    """RFC 6962 section 2.1, literally: split at the largest power of two below the size."""
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\x01", tree_root(hashes[:split]), tree_root(hashes[split:]))


def root_from_proof(index, size, leaf, proof):
    """RFC 9162 section 2.1.3.2."""
    need(index < size, "the index lies outside the log")
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        need(last > 0, "the proof is too long")
        if node & 1 or node == last:
            result = sha(b"\x01", sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = sha(b"\x01", result, sibling)
        node, last = node >> 1, last >> 1
    need(last == 0, "the proof is too short")
    return result


class Story:
    """What the records say, in their order."""

    def __init__(self, origin, whole):
        self.origin, self.whole = origin, whole
        self.open, self.closed, self.mono, self.stopped = {}, set(), {}, set()

    def take(self, index, leaf):
        need(len(leaf) <= 8192, "the record is too large")
        record = parse(leaf)
        need(record["v"] == 1 and record["log"] == self.origin, "a record of another log")
        need(record["seq"] == index, "another record stands in this place")
        boot = record["boot"]
        need(boot not in self.stopped, "a stopped controller wrote again")
        need(record["mono_us"] >= self.mono.get(boot, 0), "the controller's clock runs backwards")
        self.mono[boot] = record["mono_us"]
        if record["kind"] == "controller.stopped":
            self.stopped.add(boot)
        self.pair(record)

    def pair(self, record):
        intent = record.get("intent")
        if record["kind"] == "inference.requested":
            need(intent is None, "a request closes a request")
            self.open[record["id"]] = record["inference"]
        elif record["kind"] in CLOSES and intent is not None:
            asked = self.open.pop(intent, None)
            need(asked or not (self.whole or intent in self.closed), "closes a request that is not open")
            self.closed.add(intent)
            answered = record.get("inference")
            need(answered or record["kind"] != "inference.completed", "a completion without answer")
            if asked and answered:
                need(all(asked[field] == answered[field] for field in SAME), "request and answer differ")
        else:
            need(intent is None and record["kind"] not in CLOSES - {"inference.denied"}, "intent misplaced")


def verify(data, key):
    need(data.endswith(b"\n"), "the last line has no end")
    lines = data[:-1].split(b"\n")
    header = parse(lines[0])
    need(canonical(header) == lines[0], "the header was rewritten")
    need(set(header) == {"format", "kind", "origin", "tree_size", "checkpoint"}, "unknown header fields")
    need(header["format"] == "cloister-evidence/1", "another format")
    need(header["kind"] in ("log", "records"), "another kind of file")
    size, root = key.open(header["checkpoint"])
    need((header["origin"], header["tree_size"]) == (key.name, size), "header and checkpoint differ")
    need(len(lines) % 2 == 1 and len(lines) > 1, "records and their second lines do not pair up")
    whole = header["kind"] == "log"
    story, hashes, expected_index = Story(key.name, whole), [], 0
    for leaf, second in zip(lines[1::2], lines[2::2]):
        extra = parse(second)
        need(canonical(extra) == second, "a second line was rewritten")
        if whole:
            need(set(extra) == {"leaf_hash"}, "not a leaf hash line")
            need(decode64(extra["leaf_hash"]) == leaf_hash(leaf), "a record or its stated hash was altered")
            index = len(hashes)
            hashes.append(leaf_hash(leaf))
        else:
            need(set(extra) == {"index", "proof"}, "not a proof line")
            index, proof = extra["index"], [decode64(text) for text in extra["proof"]]
            need(type(index) is int and index >= expected_index, "records are out of order")
            need(root_from_proof(index, size, leaf_hash(leaf), proof) == root, "not in the signed log")
        story.take(index, leaf)
        expected_index = index + 1
    if whole:
        need(len(hashes) == size and tree_root(hashes) == root, "these are not the signed records")


def main():
    key = Key(open(sys.argv[1], encoding="utf-8").read())
    refused = False
    for path in sys.argv[2:]:
        try:
            verify(open(path, "rb").read(), key)
            print("ok")
        except (Refused, InvalidSignature, ValueError, KeyError, TypeError, AttributeError) as error:
            refused = True
            print(f"refused: {type(error).__name__} {error}".replace("\n", " "))
    return int(refused)


if __name__ == "__main__":
    sys.exit(main())
