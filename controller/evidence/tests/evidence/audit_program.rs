//! `cloister-audit` as a person runs it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use cloister_evidence::commitment::{Salt, commit};

use crate::sample::SampleLog;

fn audit(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cloister-audit")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// A folder with `log`, `vkey` and whatever else a case writes.
fn folder(log: &SampleLog) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), log.log_file()).unwrap();
    fs::write(folder.path().join("vkey"), format!("{}\n", log.key.verifier_text())).unwrap();
    folder
}

#[test]
fn good_evidence_exits_with_zero_and_says_what_was_checked_and_what_was_not() {
    let log = SampleLog::first_minute();
    let folder = folder(&log);
    for key in ["vkey", log.key.verifier_text()] {
        let output = audit(folder.path(), &["verify", "log", "--key", key]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        for part in ["OK\n", "All 9 records", "Checked:", "Not proved by this file:", "inference.completed"] {
            assert!(text(&output).contains(part), "{part} is missing in {}", text(&output));
        }
        assert!(!text(&output).contains('\x1b'), "colour without a terminal");
    }
}

#[test]
fn each_kind_of_bad_evidence_has_its_exit_code_and_reason() {
    let log = SampleLog::first_minute();
    let folder = folder(&log);
    let file = String::from_utf8(log.log_file()).unwrap();
    let other =
        cloister_evidence::checkpoint::LogKey::from_seed("cloister/other", &zeroize::Zeroizing::new([3; 32]));
    let cases = [
        (file.replacen("Ward 3", "Ward 4", 1), None, 1, "record 3 (line 8)"),
        (file.clone(), Some(other.unwrap().verifier_text().to_owned()), 2, "another key"),
        (SampleLog::empty().header_only(), None, 2, "the log is empty"),
        ("{}\n".to_owned(), None, 3, "the header of an evidence file"),
        (file.replacen("evidence/1", "evidence/2", 1), None, 3, "cloister-evidence/2"),
        (String::new(), None, 3, "the file ends here"),
    ];
    for (content, key, code, reason) in cases {
        fs::write(folder.path().join("bad"), content).unwrap();
        let key = key.unwrap_or_else(|| "vkey".to_owned());
        let output = audit(folder.path(), &["verify", "bad", "--key", &key]);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        assert!(text(&output).contains(reason), "{reason} is missing in {}", text(&output));
    }
}

#[test]
fn json_names_the_first_bad_place_for_programs() {
    let log = SampleLog::first_minute();
    let folder = folder(&log);
    let altered = String::from_utf8(log.log_file()).unwrap().replacen("Ward 3", "Ward 4", 1);
    fs::write(folder.path().join("bad"), altered).unwrap();
    let output = audit(folder.path(), &["verify", "bad", "--key", "vkey", "-o", "json"]);
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["verdict"], "tampered");
    assert_eq!(verdict["tampered"]["place"], serde_json::json!({"at": "record", "index": 3, "line": 8}));
    let output = audit(folder.path(), &["verify", "log", "--key", "vkey", "-o", "json"]);
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verdict["verdict"], &verdict["report"]["records"]), (&"ok".into(), &9.into()));
}

#[test]
fn wrong_usage_and_missing_files_exit_with_three() {
    let folder = folder(&SampleLog::first_minute());
    let cases: [&[&str]; 4] = [
        &["verify"],
        &["verify", "absent", "--key", "vkey"],
        &["verify", "log", "--key", "not-a-key"],
        &["frobnicate"],
    ];
    for arguments in cases {
        let output = audit(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", text(&output));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn show_tells_all_records_or_the_one_asked_for() {
    let log = SampleLog::first_minute();
    let folder = folder(&log);
    let all = text(&audit(folder.path(), &["show", "log"]));
    assert_eq!(all.matches("Record ").count(), 9, "{all}");
    assert!(all.contains("The controller itself imported a model:"), "{all}");
    let one = text(&audit(folder.path(), &["show", "log", "--record", "6"]));
    assert!(one.starts_with("Record 6 ("), "{one}");
    assert!(!one.contains("Record 5 ("), "{one}");
    assert_eq!(audit(folder.path(), &["show", "log", "--record", "99"]).status.code(), Some(2));
}

#[test]
fn a_commitment_opens_with_its_text_and_salt_only() {
    let folder = folder(&SampleLog::first_minute());
    let salt = Salt([9; 32]);
    let commitment = commit(&salt, b"Does the patient have a fever?");
    fs::write(folder.path().join("salt"), salt.to_base64() + "\n").unwrap();
    fs::write(folder.path().join("right"), "Does the patient have a fever?").unwrap();
    fs::write(folder.path().join("wrong"), "Does the patient have a fever?\n").unwrap();
    for (name, code) in [("right", 0), ("wrong", 1), ("absent", 3)] {
        let arguments =
            ["open-commitment", "--commitment", &commitment, "--salt-file", "salt", "--text-file", name];
        let output = audit(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", text(&output));
    }
}
