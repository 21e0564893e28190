//! The walls between crates, read from cargo's own view of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::tree::root;

/// A workspace crate: its folder, and the names that it depends on outside of tests.
struct Crate {
    folder: String,
    depends_on: BTreeSet<String>,
}

fn workspace() -> BTreeMap<String, Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let prefix = format!("{}/", root().display());
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (text(&package["name"]), read(package, &prefix))).collect()
}

fn read(package: &Value, prefix: &str) -> Crate {
    let folder = text(&package["manifest_path"]).replace(prefix, "").replace("/Cargo.toml", "");
    let depends_on = package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .filter(|d| d["kind"] != "dev")
        .map(|d| text(&d["name"]))
        .collect();
    Crate { folder, depends_on }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

/// Crates outside of `allowed` that depend on `dependency`.
fn offenders(dependency: &str, allowed: &[&str]) -> Vec<String> {
    workspace()
        .into_iter()
        .filter(|(name, krate)| {
            krate.depends_on.contains(dependency)
                && !allowed.contains(&name.as_str())
                && !krate.folder.starts_with("tests/")
        })
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn controller_and_node_agent_never_import_each_other() {
    let crates = workspace();
    // What the model file's bytes mean is an agreement, as the wire is: one parser, one memory formula.
    let shared = BTreeSet::from(["runtime-formats".to_string()]);
    let mut wrong = Vec::new();
    for (name, krate) in &crates {
        for dependency in krate.depends_on.difference(&shared) {
            let Some(other) = crates.get(dependency) else { continue };
            let across = |a: &str, b: &str| krate.folder.starts_with(a) && other.folder.starts_with(b);
            if across("controller/", "node-agent/") || across("node-agent/", "controller/") {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "they meet in proto/ and policies/ only: {wrong:?}");
}

#[test]
fn only_the_store_speaks_sql() {
    assert_eq!(offenders("sqlx", &["cloister-store"]), Vec::<String>::new());
}

#[test]
fn only_the_operator_knows_kubernetes() {
    for dependency in ["kube", "k8s-openapi"] {
        assert_eq!(offenders(dependency, &["cloister-operator"]), Vec::<String>::new());
    }
}

#[test]
fn only_gateway_server_and_cli_speak_http() {
    for dependency in ["axum", "hyper"] {
        assert_eq!(offenders(dependency, &["cloister-gateway", "cloister-server"]), Vec::<String>::new());
    }
    // The operator names the types of the requests that its Kubernetes client makes, to count them.
    let names_types = ["cloister-gateway", "cloister-server", "cloister-operator"];
    assert_eq!(offenders("http", &names_types), Vec::<String>::new());
    // The server's is that of `sources` alone, which may only go where it was told.
    assert_eq!(offenders("reqwest", &["cloister-cli", "cloister-server"]), Vec::<String>::new());
}

#[test]
fn pure_crates_have_no_async_no_sockets_and_no_sql() {
    // With what each may use all the same: memory pages, and channels between threads.
    let pure = [
        ("cloister-scheduler", ""),
        ("cloister-provenance", ""),
        ("cloister-evidence", ""),
        ("cloister-api", ""),
        ("runtime-formats", ""),
        ("runtime-kernels", "rustix"),
        ("runtime-engine", "tokio"),
    ];
    let impure =
        ["tokio", "async-trait", "tonic", "axum", "reqwest", "hyper", "sqlx", "rustix", "async-stream"];
    let crates = workspace();
    for (name, except) in pure {
        let krate = crates.get(name).unwrap_or_else(|| panic!("{name} is a crate of this workspace"));
        let found: Vec<_> =
            impure.iter().filter(|d| **d != except && krate.depends_on.contains(**d)).collect();
        assert!(found.is_empty(), "{name} is pure, but depends on {found:?}");
    }
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for (name, krate) in workspace() {
        let manifest =
            std::fs::read_to_string(root().join(&krate.folder).join("Cargo.toml")).expect("manifest");
        let own_lints = name == "runtime-kernels" && manifest.contains("[lints.clippy]");
        assert!(manifest.contains("[lints]\nworkspace = true") || own_lints, "{name} sets its own lints");
    }
}
