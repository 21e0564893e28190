"""How many requests the operator makes: its own count, and the API server's, which knows the kind of every status."""

import time
import urllib.request

from cluster.kube import Kube
from prometheus_client.parser import text_string_to_metric_families

OWN_REQUESTS = "cloister_kubernetes_requests_total"
SETTLED = "cloister_kubernetes_objects_settled_total"
LOOKS = "cloister_kubernetes_looks_total"
# Made once and kept open, or by the Lease; not one of them is for an object.
NOT_FOR_AN_OBJECT = ("watch", "list")


class Count:
    """Both counts at one moment."""

    def __init__(self, kube: Kube, controller_url: str) -> None:
        self.at = time.monotonic()
        text = urllib.request.urlopen(f"{controller_url}/metrics", timeout=60).read().decode()
        self.own: dict[tuple[str, str], float] = {}
        self.totals: dict[str, float] = {}
        for name, labels, value in samples(text):
            if name == OWN_REQUESTS:
                self.own[labels["verb"], labels["resource"]] = value
            elif name in (SETTLED, LOOKS):
                self.totals[name] = value
        self.status_writes: dict[str, float] = {}
        for name, labels, value in samples(kube.run("get", "--raw", "/metrics")):
            if name == "apiserver_request_total" and labels["group"] == "fleet.cloister.dev":
                if labels["subresource"] == "status":
                    kind = labels["resource"]
                    self.status_writes[kind] = self.status_writes.get(kind, 0) + value


class Spent:
    """What was asked between two counts."""

    def __init__(self, before: Count, after: Count) -> None:
        self.seconds = after.at - before.at
        self.own = {key: value - before.own.get(key, 0) for key, value in after.own.items()}
        self.status_writes = {key: value - before.status_writes.get(key, 0) for key, value in after.status_writes.items()}
        self.settled = after.totals.get(SETTLED, 0) - before.totals.get(SETTLED, 0)
        self.looks = after.totals.get(LOOKS, 0) - before.totals.get(LOOKS, 0)

    def total(self) -> int:
        return int(sum(self.own.values()))

    def for_kind(self, plural: str) -> int:
        """For objects of one kind: changes of them, of their status, and events about them. FleetNodes have no events."""
        direct = sum(value for (verb, kind), value in self.own.items() if kind == plural and verb not in NOT_FOR_AN_OBJECT)
        events = 0 if plural == "fleetnodes" else sum(value for (_, kind), value in self.own.items() if kind == "events")
        return int(direct + events + self.status_writes.get(plural, 0))

    def table(self) -> str:
        """Every verb and kind, largest first."""
        rows = sorted(self.own.items(), key=lambda row: -row[1])
        shown = [f"{verb} {kind} {value:.0f}" for (verb, kind), value in rows if value]
        statuses = [f"{kind}/status {value:.0f}" for kind, value in sorted(self.status_writes.items()) if value]
        return f"{', '.join(shown) or 'none'} (the API server counted {', '.join(statuses) or 'no status'})"

    def summary(self) -> str:
        per_object = self.total() / self.settled if self.settled else 0
        return (f"{self.total()} requests in {self.seconds:.0f} s, {self.settled:.0f} objects settled in {self.looks:.0f} "
                f"looks, {per_object:.2f} requests per object settled: {self.table()}")


def samples(text: str):
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
