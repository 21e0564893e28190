"""Writes docs/kubernetes-transcript.md: a plain install to a verified answer, as it was typed and answered.

Inside a cluster of its own, after `make images`:  python -m cluster run python tests/kubernetes/transcript.py
"""

import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "nodes")]

import yaml  # noqa: E402
from cluster.cluster import Cluster  # noqa: E402
from cluster.settings import REPOSITORY, WORK, environment  # noqa: E402
from conftest import IMAGES, Firm, deployment, model, prepare_namespace, storage_class, volume  # noqa: E402
from release import PROGRAMS, Release  # noqa: E402

PAGE = REPOSITORY / "docs" / "kubernetes-transcript.md"
HEAD = """# A plain install, to an answer that an outsider can check

As it was typed and answered on a cluster of two nodes (Kubernetes 1.36, two cores for everything), printed by
`tests/kubernetes/transcript.py`. Before it: `make images`, and the images loaded into the nodes. The registry, its
certificate authority (`firm-ca`) and the signed model in it are the firm's own. The seconds are each command's.
"""


class Session:
    def __init__(self) -> None:
        self.page = [HEAD]
        self.environment = {**environment(), "PATH": f"{PROGRAMS}:{environment()['PATH']}"}

    def say(self, text: str) -> None:
        self.page.append(f"\n{text}\n")

    def type(self, command: str, *, within: list[str] = (), folder=REPOSITORY, lines: int = 40) -> str:
        """Runs it, and writes down both; `within` is where it runs, which is not shown."""
        began = time.monotonic()
        done = subprocess.run(
            [*map(str, within), "bash", "-c", command], capture_output=True, text=True, timeout=300,
            env=self.environment, cwd=folder)
        took_s = time.monotonic() - began
        print(f"{took_s:6.1f} s  {command.splitlines()[0]}", flush=True)
        told = (done.stdout + done.stderr).rstrip()
        assert done.returncode == 0, f"{command}\n{told}"
        shown = re.sub(r"clk_[\w-]+", "clk_…", told).splitlines()[:lines]
        shown = "\n".join(line.rstrip() for line in shown)
        self.page.append(f"```\n$ {command}\n{shown}\n```\n{took_s:.1f} s\n")
        return told


def main() -> None:
    cluster = Cluster()
    cluster.start_control_plane()
    cluster.start_nodes(2)
    for image in sorted(IMAGES.glob("*.tar")):
        cluster.load_image(image)
    cluster.kube.apply(storage_class(), *(volume(cluster, number, 0) for number in (1, 2)))
    firm = Firm(cluster)
    prepare_namespace(cluster, "cloister")
    release = Release(cluster, "cloister")
    try:
        tell(Session(), release, firm)
    finally:
        cluster.stop()


def tell(session: Session, release: Release, firm: Firm) -> None:
    session.say("## Install")
    session.type("helm install cloister charts/cloister -n cloister --create-namespace --wait", lines=12)
    session.type("kubectl -n cloister get pods -o wide")
    session.say("## Say where models may come from")
    session.type("""helm upgrade cloister charts/cloister -n cloister --wait \\
  --set 'models.allowedHosts={services.firm.example:5000}' --set models.caBundle.configMap=firm-ca \\
  --set-json 'networkPolicy.sources={"to":[{"ipBlock":{"cidr":"10.77.0.50/32"}}],"ports":[5000]}'""", lines=7)
    session.say("## Whose signature, which model, how many")
    objects = [firm.trust_policy(), model("smollm2", firm.reference), deployment("ward", "smollm2", replicas=2)]
    yaml.SafeDumper.add_representer(str, as_block)
    (WORK / "ward.yaml").write_text(yaml.safe_dump_all(objects, sort_keys=False))
    session.type("cat ward.yaml && kubectl -n cloister apply -f ward.yaml", folder=WORK, lines=60)
    session.type("kubectl -n cloister wait --for=condition=Ready md/ward --timeout=3m")
    session.type("kubectl -n cloister get tp,mdl,md,fn")
    session.type("kubectl -n cloister describe md/ward | sed -n '/Conditions/,$p'", lines=80)
    session.say("## An answer through the Service, and its record")
    caller = release.caller()
    session.type("kubectl -n cloister get secret cloister-identity -o jsonpath='{.data.audit\\.vkey}' | base64 -d | tee /tmp/audit.vkey")
    session.say("`CLOISTER_URL` is the Service, `CLOISTER_KEY_FILE` holds `admin.key` of the same Secret. From a pod with the label `cloister.dev/client: \"true\"`:")
    (WORK / "key").write_text(release.secret("admin.key"))
    session.environment |= {"CLOISTER_URL": release.url(), "CLOISTER_KEY_FILE": str(WORK / "key")}
    session.type(
        """curl -s $CLOISTER_URL/v1/chat/completions -H "Authorization: Bearer $(cat $CLOISTER_KEY_FILE)" \\
  -H 'Content-Type: application/json' \\
  -d '{"model":"ward","max_tokens":24,"temperature":0,"messages":[{"role":"user","content":"What is a fever?"}]}' | python3 -m json.tool""",
        within=caller.enter())
    session.type("cloister audit list --kind inference.completed", within=caller.enter())
    session.type("cd /tmp && cloister audit export --out fleet.evidence", within=caller.enter())
    session.say("## Without the fleet: a file, a key, a program")
    session.type("cd /tmp && cloister-audit verify fleet.evidence --key audit.vkey")
    session.type("helm test cloister -n cloister --logs", lines=30)
    PAGE.write_text("\n".join(session.page))


def as_block(dumper, text: str):
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


if __name__ == "__main__":
    main()
