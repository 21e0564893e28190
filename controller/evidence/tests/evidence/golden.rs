//! The published test vector: a file and a key that every version of this program must accept.

use std::{fs, path::PathBuf};

use cloister_evidence::{checkpoint::LogVerifier, verify::verify};

use crate::sample::SampleLog;

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

#[test]
fn published_files_verify_with_the_published_key() {
    let key = fs::read_to_string(data("sample.vkey")).unwrap();
    let key = LogVerifier::from_text(&key).unwrap();
    for (name, records) in [("sample-log.evidence", 9), ("sample-records.evidence", 2)] {
        let file = fs::read(data(name)).unwrap();
        assert_eq!(verify(&file[..], &key).unwrap().records, records, "{name}");
    }
}

/// Writes the same bytes today as when the files were published. With `CLOISTER_WRITE_GOLDEN` set it
/// publishes them anew: only for a new version of the format.
#[test]
fn writer_still_writes_the_published_bytes() {
    let log = SampleLog::first_minute();
    let files = [
        ("sample.vkey", format!("{}\n", log.key.verifier_text()).into_bytes()),
        ("sample-log.evidence", log.log_file()),
        ("sample-records.evidence", log.records_file(&[4, 6])),
    ];
    for (name, bytes) in files {
        if std::env::var_os("CLOISTER_WRITE_GOLDEN").is_some() {
            fs::write(data(name), &bytes).unwrap();
        }
        assert!(fs::read(data(name)).unwrap() == bytes, "{name} differs from what is written today");
    }
}
