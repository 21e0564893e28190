"""Values: every one is documented, unknown ones and contradictions are refused with the way out."""

import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from chart import CHART, HELMS, HERE, ROOT, template

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
REFUSALS = yaml.safe_load((HERE / "refusals.yaml").read_text())


def refused(case, program):
    given = yaml.dump(case["values"])
    return template("--values", "-", program=program, given=given, release=case.get("release", "cloister"))


@pytest.fixture(name="answers", scope="module")
def all_answers():
    """Every case asked of both Helms, several at a time: starting Helm is most of the work."""
    asked = [(case["name"], program) for case in REFUSALS for program in HELMS]
    cases = {case["name"]: case for case in REFUSALS}
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(asked, pool.map(lambda one: refused(cases[one[0]], one[1]), asked)))


@pytest.mark.parametrize("program", HELMS, ids=["helm4", "helm3"])
@pytest.mark.parametrize("case", REFUSALS, ids=[case["name"] for case in REFUSALS])
def test_bad_values_are_refused_with_the_way_out(case, program, answers):
    done = answers[case["name"], program]
    assert done.returncode != 0, "accepted"
    for words in case["says"]:
        assert words in done.stderr, done.stderr


def parts(schema, path="values"):
    """(path, schema) of a schema and all that it is made of."""
    yield path, schema
    for key in ("properties", "definitions"):
        for name, child in schema.get(key, {}).items():
            yield from parts(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from parts(schema[key], f"{path}[]")
    for key in ("allOf", "anyOf", "oneOf"):
        for child in schema.get(key, []):
            yield from parts(child, path)


def test_every_object_is_closed():
    # `global` belongs to whoever includes the chart.
    open_ones = [
        path
        for path, schema in parts(SCHEMA)
        if schema.get("type") == "object" and schema.get("additionalProperties", True) is True and path != "values.global"
    ]
    assert not open_ones


def test_every_list_map_and_number_has_a_limit_or_a_closed_item():
    for path, schema in parts(SCHEMA):
        if schema.get("type") == "array":
            assert "items" in schema, path


def test_every_value_has_a_default_and_every_default_a_schema():
    def compare(schema, value, path):
        properties = schema.get("properties")
        for part in schema.get("allOf", []) + ([schema] if "$ref" in schema else []):
            if "$ref" in part:
                name = part["$ref"].rsplit("/", 1)[1]
                if name in ("image", "caBundle", "seccompProfile", "serviceAccount"):
                    properties = SCHEMA["definitions"][name]["properties"]
        if properties is None:
            return
        given = set(properties) - {"global"}
        assert given == set(value), path
        for name in given:
            compare(properties[name], value[name], f"{path}.{name}")

    compare(SCHEMA, DEFAULTS, "values")


def table_module():
    spec = importlib.util.spec_from_file_location("values_table", ROOT / "charts" / "values_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_in_the_readme_is_current():
    table = table_module()
    assert table.README.read_text() == table.readme(), "run: python3 charts/values_table.py --write"


def test_every_value_is_described():
    table = table_module()
    rows = list(table.rows("", SCHEMA, DEFAULTS, SCHEMA["definitions"]))
    assert len(rows) > 100
    assert not [path for path, _, description in rows if not description]


def test_the_chart_has_the_version_of_the_programs():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    cargo = (ROOT / "Cargo.toml").read_text()
    assert f'\nversion = "{chart["appVersion"]}"\n' in cargo
