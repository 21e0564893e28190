"""What an installer reads after `helm install`."""

import shutil

import pytest
import yaml

from chart import CHART, HERE, template


def notes(tmp_path, *arguments):
    """NOTES.txt as it comes out: Helm prints it only for a real install, so a template renders it here."""
    copy = tmp_path / "cloister"
    shutil.copytree(CHART, copy)
    shutil.copy(CHART / "templates/NOTES.txt", copy / "files/notes.txt")
    (copy / "templates/printed.yaml").write_text('notes: {{ tpl (.Files.Get "files/notes.txt") . | quote }}\n')
    done = template("--show-only", "templates/printed.yaml", *arguments, chart=copy)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["notes"]


def test_the_first_administrator_gets_in(tmp_path):
    text = notes(tmp_path)
    assert "kubectl -n clinic get secret cloister-identity -o jsonpath='{.data.admin\\.key}' | base64 -d" in text
    assert "kubectl -n clinic port-forward service/cloister 7080" in text
    assert "CLOISTER_URL=http://127.0.0.1:7080" in text
    assert "helm test cloister -n clinic --logs" in text


@pytest.mark.parametrize(
    "arguments, said, unsaid",
    [
        ([], "WARNING: callers' prompts travel unencrypted", "nothing keeps the pods"),
        (["--set", "tls.existingSecret=tls"], "https://127.0.0.1:7080", "WARNING"),
        (["--set", "networkPolicy.enabled=false"], "WARNING: networkPolicy.enabled is false", "cloister.dev/client"),
        (["--set", "purgeOnUninstall=true"], "deletes the fleet's keys", "keeps the fleet's keys"),
        (["--set", "crds.install=false"], "must be in the cluster already", "nothing keeps the pods"),
        ([], "443, 6443 in any private network", "internet"),
        (["--set", "networkPolicy.apiServer.cidrs={10.0.0.1/32}"], "cloister.dev/client", "any private network"),
        (["--values", str(HERE / "values/postgres.yaml")], "2 controllers on PostgreSQL", "SQLite on"),
    ],
)
def test_notes_say_what_the_values_mean(tmp_path, arguments, said, unsaid):
    text = notes(tmp_path, *arguments)
    assert said in text and unsaid not in text, text
