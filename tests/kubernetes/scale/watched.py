"""Custom resources as a watch shows them. One request for a test's whole life: asking over and over for 500 objects
would be most of the API server's work, and what is measured here."""

import json
import ssl
import threading
import time
import urllib.request

from cluster.settings import API_SERVER, PKI
from cluster.wait import until

# The API server ends the watch of a reader that falls behind.
REOPENED_MAX = 20

GROUP = "fleet.cloister.dev/v1alpha1"


class Watched:
    """All objects of one kind in a namespace, with the time at which each became ready."""

    def __init__(self, namespace: str, plural: str) -> None:
        self.plural, self.lock = plural, threading.Lock()
        self.objects: dict[str, dict] = {}
        self.ready_at: dict[str, float] = {}
        self.ended: Exception | None = None
        self.url = f"{API_SERVER}/apis/{GROUP}/namespaces/{namespace}/{plural}?watch=true&resourceVersion=0&timeoutSeconds=3600"
        threading.Thread(target=self._follow, daemon=True).start()

    def all(self) -> list[dict]:
        with self.lock:
            if self.ended:
                raise AssertionError(f"the watch of {self.plural} ended: {self.ended!r}")
            return list(self.objects.values())

    def count(self, chosen=lambda item: True) -> int:
        return sum(1 for item in self.all() if chosen(item))

    def reasons(self) -> dict[str, int]:
        """How many objects say what about `Ready`: what a failed test should tell."""
        found: dict[str, int] = {}
        for item in self.all():
            ready = condition(item, "Ready")
            text = f"{ready.get('status')} {ready.get('reason')}"
            found[text] = found.get(text, 0) + 1
        return found

    def _follow(self) -> None:
        context = ssl.create_default_context(cafile=PKI / "ca.crt")
        context.load_cert_chain(PKI / "admin.crt", PKI / "admin.key")
        try:
            open_watch = lambda: urllib.request.urlopen(self.url, context=context, timeout=3700)  # noqa: E731
            for _ in range(REOPENED_MAX):
                with until(f"{self.plural} are served", open_watch, seconds=30) as answer:
                    with self.lock:
                        self.objects.clear()  # a new watch begins with all that there are
                    for line in answer:
                        self._take(json.loads(line))
            raise EOFError("the API server ended it again and again")
        except Exception as error:  # told to whoever looks
            with self.lock:
                self.ended = error

    def _take(self, event: dict) -> None:
        item, kind = event["object"], event["type"]
        if kind == "ERROR":
            raise RuntimeError(item.get("message"))
        name = item["metadata"]["name"]
        with self.lock:
            if kind == "DELETED":
                self.objects.pop(name, None)
                self.ready_at.pop(name, None)
                return
            self.objects[name] = item
            if is_ready(item):
                self.ready_at.setdefault(name, time.monotonic())


def condition(item: dict, kind: str) -> dict:
    conditions = item.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == kind), {})


def is_ready(item: dict) -> bool:
    """Ready, and about what the object says now."""
    observed = item.get("status", {}).get("observedGeneration")
    return condition(item, "Ready").get("status") == "True" and observed == item["metadata"]["generation"]
