//! What the documents promise, and that their links lead somewhere.

use crate::tree::{files, root};

fn links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or_default().to_string())
        .collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in files(&[".md"]) {
        let path = root().join(&file.path);
        let folder = path.parent().expect("a file stands in a folder");
        for target in links(&file.text) {
            if !folder.join(&target).exists() {
                broken.push(format!("{} -> {target}", file.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn the_documents_that_newcomers_look_for_exist() {
    for name in ["README.md", "ARCHITECTURE.md", "GLOSSARY.md", "CONTRIBUTING.md", "LICENSE"] {
        assert!(root().join(name).is_file(), "{name} is missing");
    }
}

#[test]
fn make_targets_named_in_documents_exist() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("Makefile");
    let mut missing = Vec::new();
    for file in files(&[".md"]) {
        for word in file.text.split("make ").skip(1) {
            let before = word.as_bytes();
            let target: String = word.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let in_code = before.get(target.len()).is_some_and(|c| *c == b'`' || *c == b'\n');
            if in_code && !target.is_empty() && !makefile.contains(&format!("\n{target}:")) {
                missing.push(format!("{}: make {target}", file.path));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_architecture_names_every_crate_folder() {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let cargo = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let members = cargo.split("members = [").nth(1).and_then(|m| m.split(']').next()).expect("members");
    for member in members.split('"').filter(|m| m.contains('/') || *m == "proto") {
        assert!(architecture.contains(member), "ARCHITECTURE.md does not name {member}");
    }
}
