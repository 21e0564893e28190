//! A controller whose certificate no system trusts: the command line is told the authority, once or in a context.

use std::path::Path;
use std::process::{Command, Output};

use cloister_e2e::{Program, program, until};
use serde_json::Value;

struct Person {
    home: tempfile::TempDir,
    url: String,
    key_file: std::path::PathBuf,
}

impl Person {
    fn cloister(&self, folder: &Path, arguments: &[&str]) -> Output {
        Command::new(program("cloister"))
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.home.path())
            .output()
            .expect("the command line starts")
    }

    fn told(&self, folder: &Path, ca_file: &str) -> Output {
        let key_file = self.key_file.to_str().expect("UTF-8");
        let connection = ["--url", &self.url, "--api-key-file", key_file, "--ca-file", ca_file];
        self.cloister(folder, &[&["nodes"][..], &connection[..]].concat())
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

async fn encrypted(folder: &Path) -> (Program, String) {
    let data = folder.join("data");
    let data_text = data.to_str().expect("UTF-8");
    let listeners = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--agents", "127.0.0.1:0"];
    let arguments = [&["--data", data_text, "--tls-fleet-ca"][..], &listeners[..]].concat();
    let controller = Program::start("cloister-controller", &arguments, folder.join("controller.log"));
    let url = until("the controller's endpoints", async || {
        let endpoints: Value =
            serde_json::from_slice(&std::fs::read(data.join("endpoints.json")).ok()?).ok()?;
        Some(format!("https://{}", endpoints["http"].as_str()?))
    })
    .await;
    (controller, url)
}

#[tokio::test]
async fn the_command_line_is_told_whom_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let (controller, url) = encrypted(folder.path()).await;
    let data = folder.path().join("data");
    let person = Person { home: tempfile::tempdir().unwrap(), url, key_file: data.join("admin.key") };
    until("the controller to answer whoever trusts it", async || {
        person.told(&data, "ca.pem").status.success().then_some(())
    })
    .await;

    // Without being told, it says what to do; with a file that is none, which file that is.
    let key_file = person.key_file.to_str().unwrap();
    let untold = person.cloister(&data, &["nodes", "--url", &person.url, "--api-key-file", key_file]);
    assert!(!untold.status.success() && said(&untold).contains("--ca-file"), "{}", said(&untold));
    for (file, word) in [("admin.key", "no certificates"), ("nowhere.pem", "could not be read")] {
        let output = person.told(&data, file);
        assert!(!output.status.success() && said(&output).contains(word), "{file}: {}", said(&output));
        assert!(said(&output).contains(file), "{}", said(&output));
    }

    // A context keeps both files, whatever folder it was made in.
    let set = [
        "context",
        "set",
        "ward",
        "--url",
        &person.url,
        "--api-key-file",
        "admin.key",
        "--ca-file",
        "ca.pem",
    ];
    let output = person.cloister(&data, &set);
    assert!(output.status.success(), "{}", said(&output));
    let output = person.cloister(person.home.path(), &["nodes"]);
    assert!(output.status.success(), "{}", said(&output));
    controller.stop().await;
}
