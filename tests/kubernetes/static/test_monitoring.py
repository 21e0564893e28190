"""The dashboard and the alerts ask for nothing but metrics and labels that the programs have."""

import json
import re

import promql_parser
import pytest
import yaml

from chart import CHART, ROOT, of_kind

GATEWAY = (ROOT / "controller/gateway/src/metrics.rs").read_text()
SERVER = (ROOT / "controller/server/src/metrics.rs").read_text()
FAILURES = (ROOT / "controller/gateway/src/failure.rs").read_text()
# What Prometheus adds: where a sample was scraped.
ADDED_LABELS = {"namespace", "service", "pod"}


def gateway_metrics():
    """Names and labels out of the gateway's source. Counters and histograms get their endings from the format."""
    types = dict(re.findall(r"^    (\w+): (.+),$", GATEWAY.split("struct Metrics {")[1].split("\n}")[0], re.MULTILINE))
    (prefix,) = re.findall(r'sub_registry_with_prefix\("(\w+)"\)', GATEWAY)
    registrations = re.findall(r'\.register(_with_unit)?\(\s*"(\w+)",.*?self\.(\w+)\.clone\(\)', GATEWAY, re.DOTALL)
    assert len(registrations) >= 8, "the source no longer looks as this test reads it"
    for unit, name, field in registrations:
        full = f"{prefix}_{name}" + ("_seconds" if unit else "")
        kind = types[field]
        labels = {"protocol", "operation", "outcome"} if "EndLabels" in kind else set()
        labels |= {"deployment"} if "DeploymentLabel" in kind or kind == "HistogramFamily" else set()
        if kind == "HistogramFamily":
            yield from ((f"{full}_bucket", labels | {"le"}), (f"{full}_sum", labels), (f"{full}_count", labels))
        else:
            yield full + ("_total" if "Counter" in kind else ""), labels


def server_metrics():
    """Names and labels out of the controller's source."""
    calls = re.findall(r'\b(family|gauge|counter)\(\s*encoder,\s*"(\w+)",\s*"[^"]*"(?:,\s*"(\w+)")?', SERVER)
    assert len(calls) >= 9, "the source no longer looks as this test reads it"
    for kind, name, label in calls:
        yield name + ("_total" if kind == "counter" else ""), {label} if kind == "family" else set()


METRICS = dict(gateway_metrics()) | dict(server_metrics())


def queries():
    """(title, PromQL) of every panel and every alert."""
    dashboard = json.loads((CHART / "files/dashboards/cloister.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"].replace("$__rate_interval", "5m")
            yield f"{panel['title']} {target['refId']}", expression
    for alert in yaml.safe_load((CHART / "files/alerts.yaml").read_text()):
        yield alert["alert"], alert["expr"]


def selectors(expression):
    """Every selector of a query, wherever it stands."""
    found = []
    stack = [promql_parser.parse(expression)]
    while stack:
        node = stack.pop()
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
            child = getattr(node, name, None)
            if child is not None and not isinstance(child, (str, float, int)):
                stack.append(child)
        stack.extend(getattr(node, "args", None) or [])
    return found


QUERIES = list(queries())


@pytest.mark.parametrize("title, expression", QUERIES, ids=[title for title, _ in QUERIES])
def test_query_names_metrics_and_labels_that_exist(title, expression):
    found = selectors(expression)
    assert found and len(found) == len(re.findall(r"cloister_\w+\{", expression))
    for selector in found:
        assert selector.name in METRICS, f"{selector.name} is not in {sorted(METRICS)}"
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert {"namespace", "service"} <= labels, "another fleet's samples would be mixed in"
        assert labels <= METRICS[selector.name] | ADDED_LABELS, labels
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in group.split(",")} <= set().union(*METRICS.values()) | ADDED_LABELS


def test_every_metric_is_on_the_dashboard():
    dashboard = (CHART / "files/dashboards/cloister.json").read_text()
    missing = {name for name in METRICS if not name.endswith(("_sum", "_count")) and name not in dashboard}
    assert not missing


def test_outcomes_named_in_alerts_exist():
    codes = set(re.findall(r'=> "([a-z_]+)",', FAILURES))
    for _, expression in QUERIES:
        for names in re.findall(r'outcome=~"([^"]+)"', expression):
            assert set(names.split("|")) <= codes


def test_alerts_of_a_release_are_about_that_release():
    (rule,) = of_kind("everything", "PrometheusRule").values()
    for alert in rule["spec"]["groups"][0]["rules"]:
        assert 'namespace="clinic", service="fleet"' in alert["expr"]
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert alert["annotations"].keys() == {"summary", "description"}
        assert not re.search("NAMESPACE|SERVICE", json.dumps(alert))


def test_the_dashboard_is_one_that_grafana_takes():
    dashboard = json.loads((CHART / "files/dashboards/cloister.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(panels))) - {"__rate_interval"}
    assert used == variables
