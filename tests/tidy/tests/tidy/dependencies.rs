//! What the build pulls in.

use std::process::Command;

use crate::tree::root;

fn cargo_tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--workspace"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn one_cryptographic_provider() {
    for other in ["ring", "openssl", "openssl-sys", "native-tls"] {
        let users = cargo_tree(&["--edges", "all", "--invert", other]);
        assert!(users.trim().is_empty(), "{other} is built:\n{users}");
    }
    assert!(!cargo_tree(&["--invert", "aws-lc-rs"]).trim().is_empty(), "aws-lc-rs is the provider");
}

#[test]
fn the_outsiders_verifier_needs_no_network_and_no_database() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-p", "cloister-evidence", "--edges", "normal"])
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(tree.contains("cloister-evidence"), "the tree was printed");
    for absent in ["tokio ", "hyper ", "reqwest ", "sqlx", "rustls ", "tonic "] {
        assert!(!tree.contains(absent), "cloister-audit would pull in {absent}");
    }
}
