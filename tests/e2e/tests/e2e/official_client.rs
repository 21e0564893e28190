//! The official `openai` Python client.

use std::process::Command;

use cloister_e2e::{Database, python};

use crate::story::deployed;

#[tokio::test]
async fn the_official_python_client_works_unchanged() {
    let story = deployed(Database::Sqlite, 1, 1).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/official_client.py");
    let (url, key) = (story.caller.url.clone(), story.caller.key.clone());
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python::python())
            .arg(script)
            .env("OPENAI_BASE_URL", format!("{url}/v1"))
            .env("OPENAI_API_KEY", key)
            .output()
            .expect("python runs")
    })
    .await
    .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("all checks passed"), "{out}");
}
