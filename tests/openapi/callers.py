"""Calls a controller as everybody who may call it: with an admin key, as a person of each role, with a key for
inference, and as nobody.

Usage: callers.py URL ADMIN_KEY_FILE SECONDS (of fuzzing with the admin key)

Besides what schemathesis checks, each caller must have been who it should be until the end: a run that was only ever
told to sign in would find nothing wrong.
"""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parent.parent / "controller/api/openapi.json"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ROLES = ("fleet-admin", "operator", "model-approver", "auditor", "developer", "user", "vendor-support")
# It ends the session of whoever calls it, so it has a run of its own, the last.
SIGN_OUT = "sign_out"
# Made-up calls go on with what earlier answers named: with these, whoever may ends others and themselves.
ENDING = ("end_session", "disable_account", "set_account_roles", "revoke_key")
AT_ONCE = 2


def request(url, method="GET", headers=None, body=None):
    """Status, headers and body of an answer."""
    headers = {"content-type": "application/json"} | (headers or {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)


def created(url, headers, body=None):
    status, answered, content = request(url, "POST", headers, body)
    if status != 201:
        raise SystemExit(f"POST {url}: {status} {content}")
    return answered, content


def person(url, admin, role):
    """Headers of somebody of this role who has signed in by a login link, as the console would send them."""
    name = f"caller.{role}"
    created(f"{url}/api/v1/accounts", admin, {"name": name, "roles": [role]})
    _, link = created(f"{url}/api/v1/accounts/{name}/login-link", admin)
    headers, session = created(f"{url}/api/v1/session", {}, {"method": "link", "token": link["token"]})
    return {"Cookie": headers["set-cookie"].split(";")[0], "x-cloister-csrf": session["csrf_token"]}


def run(url, headers, *options):
    """Exit status, output, and the answers: by operation, by status, how many."""
    with tempfile.TemporaryDirectory(prefix="cloister-openapi-") as folder:
        answers = pathlib.Path(folder, "answers.json")
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": folder, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "calls",
            "CALLER_HEADERS": json.dumps(headers), "CALLER_ANSWERS": str(answers), "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
        }
        program = pathlib.Path(sys.executable).with_name("schemathesis")
        words = [program, "run", DOCUMENT, "--url", url, "--checks", CHECKS, "--seed", "20261130",
                 "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off",
                 "--generation-database", "none", "--no-color",
                 # The stream of events has no end to wait for; its tests are in the controller.
                 "--exclude-path", "/api/v1/events", *options]
        done = subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        counted = json.loads(answers.read_text()) if answers.exists() else {}
    return done.returncode, done.stdout, {of: {int(s): n for s, n in by.items()} for of, by in counted.items()}


def each(option, values):
    return [word for value in values for word in (option, value)]


def guarded_operations():
    """Ids of the operations that are not for everybody."""
    paths = json.loads(DOCUMENT.read_text())["paths"].values()
    operations = [operation for methods in paths for operation in methods.values() if isinstance(operation, dict)]
    return {operation["operationId"] for operation in operations if operation.get("security")}


def how_many(answers, statuses):
    guarded = guarded_operations()
    return sum(n for of, by in answers.items() if of in guarded for status, n in by.items() if status in statuses)


def not_as_it_should_be(caller, answers):
    """What shows that the calls were not those of this caller; nothing, if all is well."""
    allowed, unknown, refused = (how_many(answers, s) for s in (range(200, 300), [401], [403]))
    expected = {
        # Told apart by whether there must be any (True) or none: answers with success, with 401, with 403.
        "nobody": (False, True, False),
        "an inference key": (False, False, True),
        "an admin key": (True, False, None),
        "fleet-admin": (True, False, False),
    }.get(caller, (True, False, True))
    names = ("allowed", "not known (401)", "refused (403)")
    return [f"{count} calls were {name}" for name, count, some in zip(names, (allowed, unknown, refused), expected)
            if some is not None and (count > 0) != some]


def settled(caller, result, wrong):
    """Prints what came of a run; whether all is well."""
    status, output, answers = result
    wrong = ([f"schemathesis ended with {status}"] if status else []) + wrong
    counted = ", ".join(f"{n} {name}" for name, n in (
        ("allowed", how_many(answers, range(200, 300))), ("refused", how_many(answers, [403])),
        ("not known", how_many(answers, [401])), ("in all", sum(n for by in answers.values() for n in by.values()))))
    if wrong:
        print(output)
    print(f"{'failed' if wrong else 'done '} {caller}: {counted}{''.join(f'; {w}' for w in wrong)}", flush=True)
    return not wrong


def calls(url, caller, headers):
    """Everything that does not end the caller; whoever calls must be the same at the end."""
    kept = [SIGN_OUT, *(ENDING if caller == "fleet-admin" else ())]
    result = run(url, headers, "--phases", "coverage", *each("--exclude-operation-id", kept))
    wrong = not_as_it_should_be(caller, result[2])
    if "Cookie" in headers and request(f"{url}/api/v1/session", headers=headers)[0] != 200:
        wrong.append("its session has ended")
    return settled(caller, result, wrong)


def ends_others(url, headers):
    """What a fleet admin does to others, until it meets its own."""
    result = run(url, headers, "--phases", "coverage", *each("--include-operation-id", ENDING))
    unheard = [of for of in ENDING if not set(result[2].get(of, {})) - {401, 405}]
    wrong = [f"it had no say in {', '.join(unheard)}"] if unheard else []
    return settled("fleet-admin, ending others", result, wrong)


def signs_out(url, headers):
    """The last call of somebody: a session can be ended once, and is then unknown."""
    result = run(url, headers, "--phases", "coverage", *each("--include-operation-id", [SIGN_OUT]))
    wrong = [] if result[2].get(SIGN_OUT, {}).get(200) == 1 else ["it did not sign out once"]
    if request(f"{url}/api/v1/session", headers=headers)[0] != 401:
        wrong.append("its session goes on")
    return settled("user, signing out", result, wrong)


def main(url, key_file, seconds):
    admin = {"Authorization": f"Bearer {pathlib.Path(key_file).read_text().strip()}"}
    result = run(url, admin, "--phases", "examples,coverage,fuzzing", "--max-time", seconds)
    good = [settled("an admin key", result, not_as_it_should_be("an admin key", result[2]))]
    # Only now: that run disables accounts and revokes keys that it comes to know.
    people = {role: person(url, admin, role) for role in ROLES}
    _, key = created(f"{url}/api/v1/keys", admin, {"name": "caller.inference", "role": "inference"})
    others = people | {"an inference key": {"Authorization": f"Bearer {key['secret']}"}, "nobody": {}}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        good += pool.map(lambda caller: calls(url, caller, others[caller]), others)
    good.append(signs_out(url, people["user"]))
    good.append(ends_others(url, people["fleet-admin"]))
    return all(good)


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
