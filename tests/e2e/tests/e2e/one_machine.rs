//! `cloister up` and `cloister quickstart`, as a newcomer types them.

use std::path::Path;
use std::process::{Command, Output};

use cloister_e2e::models::real_model;
use cloister_e2e::{Program, program, until};
use rustix::process::Signal;
use serde_json::Value;

/// Ports that are free now, found by the kernel.
fn listeners() -> Vec<String> {
    let sockets: Vec<_> = (0..3).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let flags = ["--http", "--grpc", "--agents"];
    let addresses = sockets.iter().map(|s| s.local_addr().unwrap().to_string());
    flags.iter().zip(addresses).flat_map(|(flag, address)| [flag.to_string(), address]).collect()
}

fn cloister(home: &Path, arguments: &[&str]) -> Output {
    Command::new(program("cloister"))
        .args(arguments)
        .env("HOME", home)
        .env_remove("CLOISTER_URL")
        .env_remove("CLOISTER_KEY")
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .expect("cloister runs")
}

fn ok(output: Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[tokio::test]
async fn quickstart_tells_the_whole_story_and_leaves_nothing_running() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let model = real_model();
    let mut arguments: Vec<String> = ["quickstart", "--stop", "--data"].map(str::to_string).to_vec();
    arguments.extend([data.to_str().unwrap().into(), "--model".into(), model.to_str().unwrap().into()]);
    arguments.extend(listeners());
    for turn in ["first", "second"] {
        let output = tokio::process::Command::new(program("cloister"))
            .args(&arguments)
            .env("HOME", home.path())
            .output()
            .await
            .unwrap();
        let told =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{turn}: {told}");
        for word in ["model signed", "ready", "tokens/s", "checked offline", "Try next"] {
            assert!(told.contains(word), "{turn}: {word:?} is missing from\n{told}");
        }
    }
    nothing_runs_from(&data);
    let audit = Command::new(program("cloister-audit"))
        .arg("verify")
        .arg(data.join("quickstart.evidence"))
        .arg("--key")
        .arg(data.join("controller/audit.vkey"))
        .output()
        .unwrap();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stderr));
}

fn nothing_runs_from(folder: &Path) {
    let word = folder.to_str().unwrap();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        assert!(!line.contains(word), "still running: {line}");
    }
}

#[tokio::test]
async fn up_serves_every_other_command_until_it_is_asked_to_stop() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut arguments: Vec<String> = vec!["up".into(), "--data".into(), data.to_str().unwrap().into()];
    arguments.extend(listeners());
    let environment = [("HOME", home.path().to_str().unwrap())];
    let mut up = Program::start_with("cloister", &arguments, home.path().join("up.log"), &environment);
    until("cloister up to be up", async || {
        assert!(up.has_ended().is_none(), "{}", up.log());
        up.log().contains("Cloister is up").then_some(())
    })
    .await;
    let run = |arguments: &[&str]| cloister(home.path(), arguments);

    let nodes: Value = serde_json::from_str(&ok(run(&["nodes", "-o", "json"]))).unwrap();
    assert_eq!(nodes[0]["state"], "ready");
    let keys = home.path().join("keys");
    let (private, public) = (keys.with_extension("pem"), keys.with_extension("pub.pem"));
    ok(run(&["model", "keygen", "--out", keys.to_str().unwrap()]));
    let model = home.path().join("model");
    std::fs::create_dir(&model).unwrap();
    std::fs::copy(real_model(), model.join("smollm2.gguf")).unwrap();
    let model = model.to_str().unwrap();
    ok(run(&["model", "sign", model, "--key", private.to_str().unwrap()]));
    assert!(ok(run(&["model", "verify", model, "--key", public.to_str().unwrap()])).contains('✓'));
    let untrusted = run(&["model", "import", model, "--name", "smollm2"]);
    assert!(!untrusted.status.success());
    ok(run(&["signer", "trust", public.to_str().unwrap(), "--name", "tests"]));
    ok(run(&["model", "import", model, "--name", "smollm2"]));
    ok(run(&["deploy", "ward", "--model", "smollm2", "--context-length", "1024", "--wait"]));
    asked_and_proved(home.path());
    assert!(up.log().contains("/console/login#token="), "{}", up.log());
    let made = ok(run(&["account", "create", "meier", "--role", "operator", "--role", "auditor"]));
    assert!(made.contains("/console/login#token="), "{made}");
    assert!(!run(&["account", "create", "meier", "--role", "root"]).status.success());
    ok(run(&["account", "roles", "meier", "--role", "user"]));
    ok(run(&["account", "disable", "meier"]));
    let accounts: Value = serde_json::from_str(&ok(run(&["account", "list", "-o", "json"]))).unwrap();
    let meier = accounts.as_array().unwrap().iter().find(|account| account["name"] == "meier").unwrap();
    assert!(meier["disabled_at"].is_string() && meier["roles"] == serde_json::json!(["user"]), "{meier}");

    up.signal(Signal::INT);
    assert!(up.ended().await.success(), "{}", up.log());
    nothing_runs_from(&data);
}

fn asked_and_proved(home: &Path) {
    let run = |arguments: &[&str]| cloister(home, arguments);
    assert!(!ok(run(&["chat", "ward", "-m", "Say hello.", "--max-tokens", "8"])).trim().is_empty());
    let replicas: Value = serde_json::from_str(&ok(run(&["ps", "-o", "json"]))).unwrap();
    let replica = replicas[0]["id"].as_str().unwrap();
    assert!(ok(run(&["explain", replica])).contains("KV cache"));
    let records = ok(run(&["audit", "list", "--kind", "inference.completed", "-o", "json"]));
    let records: Value = serde_json::from_str(&records).unwrap();
    let record = records["records"][0]["id"].as_str().unwrap();
    ok(run(&["audit", "prove", record]));
    assert!(ok(run(&["audit", "show", record])).contains("ward"));
    let out = home.join("log.evidence");
    ok(run(&["audit", "export", "--out", out.to_str().unwrap()]));
    let vkey = home.join("data/controller/audit.vkey");
    ok(run(&["audit", "verify", out.to_str().unwrap(), "--key", vkey.to_str().unwrap()]));
    let second = run(&["up", "--data", home.join("data").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&second.stderr).contains("already running"));
    ok(run(&["undeploy", "ward"]));
    ok(run(&["model", "rm", "smollm2"]));
}
