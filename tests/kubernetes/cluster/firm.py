"""What a firm has beside its cluster: PostgreSQL, and a registry with a certificate of its own authority."""

import glob
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import ssl
import subprocess
import urllib.parse
import urllib.request

from .daemons import Daemons
from .settings import PKI, SERVICES_HOST, SERVICES_NAME, WORK

REGISTRY = f"{SERVICES_NAME}:5000"
DATABASE_URL = f"postgres://cloister:cloister@{SERVICES_HOST}/cloister"


class Postgres:
    """The real server, of the machine's newest major version."""

    def __init__(self, daemons: Daemons) -> None:
        self.daemons = daemons
        self.programs = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        self.data = WORK / "postgres"

    def start(self) -> None:
        self.data.mkdir(mode=0o700)
        user = pwd.getpwnam("postgres")
        os.chown(self.data, user.pw_uid, user.pw_gid)
        os.chmod(WORK, 0o755)
        self._run(self.programs / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync")
        with open(self.data / "pg_hba.conf", "a") as rules:
            rules.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.daemons.start("postgres", "services", [
            *self._as_user(), self.programs / "postgres", "-D", self.data, "-h", f"{SERVICES_HOST},127.0.0.1",
            "-k", self.data, "-c", "max_connections=200",
        ])
        self.daemons.until("postgres", "PostgreSQL answers", lambda: self.sql("SELECT 1"), 60)
        self.sql("CREATE USER cloister PASSWORD 'cloister'")
        self.sql("CREATE DATABASE cloister OWNER cloister")

    def sql(self, statement: str, database: str = "postgres") -> str:
        return self._run("psql", "-h", self.data, "-U", "postgres", "-d", database, "-Atc", statement)

    def _as_user(self) -> list[str]:
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def _run(self, *command) -> str:
        done = subprocess.run([*self._as_user(), *map(str, command)], capture_output=True, text=True, timeout=60, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()


class Registry:
    """CNCF Distribution. Pushed to as any client does, over HTTP."""

    def __init__(self, daemons: Daemons) -> None:
        self.daemons = daemons
        self.storage = WORK / "registry"
        context = ssl.create_default_context(cafile=PKI / "ca.crt")
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        self.base = f"https://{SERVICES_HOST}:5000/v2"

    def start(self) -> None:
        self.storage.mkdir()
        config = {
            "version": 0.1, "storage": {"filesystem": {"rootdirectory": str(self.storage)}},
            "http": {"addr": f"{SERVICES_HOST}:5000",
                     "tls": {"certificate": f"{PKI}/services.crt", "key": f"{PKI}/services.key"}},
        }
        file = WORK / "registry.json"  # JSON is YAML
        file.write_text(json.dumps(config))
        self.daemons.start("registry", "services", ["docker-registry", "serve", file])
        self.daemons.until("registry", "the registry answers", lambda: self._call("GET", "/").status == 200, 30)

    def push_model(self, repository: str, folder: pathlib.Path) -> str:
        """A folder as a plain artifact, one layer a file; its reference with digest."""
        layers = []
        for file in sorted(folder.iterdir()):
            content = file.read_bytes()
            layers.append({
                "mediaType": "application/octet-stream", **self.push_blob(repository, content),
                "annotations": {"org.opencontainers.image.title": file.name},
            })
        config = self.push_blob(repository, b"{}")
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.cloister.model.v1",
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", **config}, "layers": layers,
        }).encode()
        name = digest(manifest)
        headers = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
        self._call("PUT", f"/{repository}/manifests/{name}", manifest, headers)
        return f"{REGISTRY}/{repository}@{name}"

    def blob_file(self, content_digest: str) -> pathlib.Path:
        """Where the registry keeps a blob: for whoever means to tamper with it."""
        hexadecimal = content_digest.removeprefix("sha256:")
        return self.storage / "docker/registry/v2/blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"

    def push_blob(self, repository: str, content: bytes) -> dict:
        """Any content, under its digest."""
        upload = self._call("POST", f"/{repository}/blobs/uploads/").headers["Location"]
        where = urllib.parse.urlsplit(upload)
        query = f"{where.query}&digest={urllib.parse.quote(digest(content))}"
        path = where.path.removeprefix("/v2")
        self._call("PUT", f"{path}?{query}", content, {"Content-Type": "application/octet-stream"})
        return {"digest": digest(content), "size": len(content)}

    def _call(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None):
        request = urllib.request.Request(f"{self.base}{path}", data=body, method=method, headers=headers or {})
        return self.opener.open(request, timeout=60)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Signer:
    """Signs models with the product's own command line."""

    def __init__(self, cloister: pathlib.Path) -> None:
        self.cloister = cloister
        self.key, self.public_key = WORK / "signing.pem", WORK / "signing.pub.pem"
        self._run("model", "keygen", "--out", WORK / "signing")

    def sign(self, model_file: pathlib.Path, folder: pathlib.Path, notes: str = "") -> pathlib.Path:
        """A folder with the model file and its signature bundle; with notes it is another model."""
        folder.mkdir(parents=True)
        shutil.copy(model_file, folder)
        if notes:
            (folder / "NOTES.txt").write_text(notes)
        self._run("model", "sign", folder, "--key", self.key)
        return folder

    def public_pem(self) -> str:
        return self.public_key.read_text()

    def _run(self, *arguments) -> str:
        done = subprocess.run([self.cloister, *map(str, arguments)], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout


