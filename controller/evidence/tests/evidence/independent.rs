//! Two verifiers that share no code must agree: on good files, on altered ones, on lies.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cloister_evidence::record::Kind;

use crate::sample::{SampleLog, completed, interrupted, requested, system};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The interpreter of the shared Python environment; made on first use, which needs `pip` and a registry.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let made = Command::new("python3")
        .arg(workspace().join("tests/interop/prepare.py"))
        .arg(target)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

/// Verdicts of the Python verifier, one line per file.
fn python_verdicts(log: &SampleLog, files: &[Vec<u8>]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("vkey");
    fs::write(&key, log.key.verifier_text()).unwrap();
    let paths = files.iter().enumerate().map(|(number, bytes)| {
        let path = folder.path().join(number.to_string());
        fs::write(&path, bytes).unwrap();
        path
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent/verify_evidence.py");
    let output = Command::new(python()).arg(script).arg(key).args(paths).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Asserts that both verifiers say the same of every file, and returns how many they accept.
fn agreed(log: &SampleLog, files: &[Vec<u8>]) -> usize {
    let python = python_verdicts(log, files);
    assert_eq!(python.len(), files.len());
    let mut accepted = 0;
    for (number, (file, theirs)) in files.iter().zip(python).enumerate() {
        let ours = log.verify(file);
        assert_eq!(ours.is_ok(), theirs == "ok", "file {number}: Rust {:?}, Python {theirs}", ours.err());
        accepted += usize::from(theirs == "ok");
    }
    accepted
}

#[test]
fn both_accept_good_logs_of_many_sizes_and_their_records() {
    let mut files = Vec::new();
    let mut log = SampleLog::empty();
    for size in 1..40 {
        log.push(system(Kind::ControllerStarted));
        files.push(log.log_file());
        files.push(log.records_file(&(0..size).collect::<Vec<_>>()));
    }
    assert_eq!(agreed(&log, &files), files.len());
    let story = SampleLog::first_minute();
    assert_eq!(agreed(&story, &[story.log_file(), story.records_file(&[4, 6, 7, 8])]), 2);
    let mut two = SampleLog::empty();
    for boot in ["boot-1", "boot-2", "boot-1", "boot-2"] {
        two.boot = boot.into();
        two.push(system(Kind::ControllerStarted));
    }
    assert_eq!(agreed(&two, &[two.log_file(), two.records_file(&[0, 1, 2, 3])]), 2);
}

#[test]
fn both_refuse_every_altered_byte() {
    let log = SampleLog::first_minute();
    for file in [log.log_file(), log.records_file(&[4, 6])] {
        let altered = |at: usize| {
            let mut altered = file.clone();
            altered[at] ^= 1 << (at % 8);
            altered
        };
        // Every third byte: each region many times, in a second or two.
        let files: Vec<_> = (0..file.len()).step_by(3).map(altered).collect();
        assert_eq!(agreed(&log, &files), 0);
    }
}

#[test]
fn both_refuse_signed_lies() {
    let lies: [fn(&mut SampleLog, String); 5] = [
        |log, id| {
            log.push(completed(&id, "another prompt"));
        },
        |log, id| {
            log.push(completed(&id, "prompt"));
            log.push(interrupted(&id, "prompt"));
        },
        |log, _| {
            log.push(completed("01JD9Z3V5K8Q2R7M4N6P0T1W9X", "prompt"));
        },
        |log, _| {
            let mut record = log.next_record(system(Kind::ControllerStopped));
            record.mono_us = 0;
            log.push_leaf(record.to_leaf().unwrap());
        },
        |log, _| {
            log.push(system(Kind::ControllerStopped));
            log.push(system(Kind::ControllerStarted));
        },
    ];
    for lie in lies {
        let mut log = SampleLog::empty();
        let id = log.push(requested("prompt"));
        lie(&mut log, id);
        assert_eq!(agreed(&log, &[log.log_file()]), 0);
    }
}
