"""kubectl and helm, as people use them."""

import json
import pathlib
import subprocess

from .settings import environment


class CommandFailed(AssertionError):
    """A command that was to succeed, with what it said."""


class Kube:
    def __init__(self, kubeconfig: pathlib.Path) -> None:
        self.environment = {**environment(), "KUBECONFIG": str(kubeconfig)}

    def run(self, *arguments, stdin: str | None = None, seconds: float = 180) -> str:
        """kubectl, which must succeed; what it printed."""
        return self.command("kubectl", *arguments, stdin=stdin, seconds=seconds)

    def fails(self, *arguments, stdin: str | None = None, seconds: float = 180) -> str:
        """kubectl, which must fail; its message."""
        done = self._run(["kubectl", *map(str, arguments)], stdin, seconds)
        if done.returncode == 0:
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))} was to fail, and printed: {done.stdout}")
        return done.stderr

    def helm(self, *arguments, version: int = 4, seconds: float = 400) -> str:
        return self.command({4: "helm", 3: "helm3"}[version], *arguments, seconds=seconds)

    def command(self, *command, stdin: str | None = None, seconds: float = 180) -> str:
        done = self._run([str(part) for part in command], stdin, seconds)
        if done.returncode != 0:
            raise CommandFailed(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _run(self, command: list[str], stdin: str | None, seconds: float) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=seconds, env=self.environment)

    def get(self, kind: str, name: str = "", *arguments: str, namespace: str = "") -> dict:
        where = ["-n", namespace] if namespace else []
        target = [kind, name] if name else [kind]
        return json.loads(self.run(*where, "get", *target, "-o", "json", *arguments))

    def items(self, kind: str, *arguments: str, namespace: str = "") -> list[dict]:
        return self.get(kind, "", *arguments, namespace=namespace)["items"]

    def apply(self, *objects: dict, namespace: str = "") -> str:
        where = ["-n", namespace] if namespace else []
        manifest = "\n---\n".join(json.dumps(item) for item in objects)
        return self.run(*where, "apply", "-f", "-", stdin=manifest)

    def apply_file(self, path: pathlib.Path) -> str:
        return self.run("apply", "-f", path)
