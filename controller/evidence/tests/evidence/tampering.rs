//! Whatever is changed in a file after it was signed is noticed, and where it can be known, named.

use cloister_evidence::verify::{Failure, Place, Tampered};
use proptest::prelude::*;

use crate::sample::{SampleLog, requested, system};
use cloister_evidence::record::Kind;

fn small() -> SampleLog {
    let mut log = SampleLog::empty();
    log.push(system(Kind::FleetCreated));
    log.push(requested("a"));
    log.push(system(Kind::ControllerStopped));
    log
}

fn tampered(result: Result<impl Sized, Failure>) -> Tampered {
    match result.err() {
        Some(Failure::Tampered(tampered)) => tampered,
        other => panic!("expected evidence to be found tampered with, got {other:?}"),
    }
}

#[test]
fn every_single_altered_byte_is_noticed_in_both_kinds_of_file() {
    let log = small();
    for file in [log.log_file(), log.records_file(&[0, 2])] {
        assert!(log.verify(&file).is_ok());
        for at in 0..file.len() {
            let mut altered = file.clone();
            altered[at] ^= 1 << (at % 8);
            assert!(log.verify(&altered).is_err(), "byte {at} ({:?})", file[at] as char);
        }
    }
}

#[test]
fn every_removed_byte_is_noticed() {
    let log = small();
    for file in [log.log_file(), log.records_file(&[0, 2])] {
        for at in 0..file.len() {
            let mut altered = file.clone();
            altered.remove(at);
            assert!(log.verify(&altered).is_err(), "byte {at} ({:?})", file[at] as char);
        }
    }
}

#[test]
fn every_truncated_whole_log_is_noticed() {
    let log = small();
    let file = log.log_file();
    for length in 0..file.len() {
        assert!(log.verify(&file[..length]).is_err(), "first {length} bytes");
    }
}

/// Lines of a log file: header, then leaf and leaf hash of each record.
fn lines(file: &[u8]) -> Vec<String> {
    String::from_utf8(file.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

#[test]
fn altered_record_is_named_with_both_hashes() {
    let log = SampleLog::first_minute();
    let mut lines = lines(&log.log_file());
    lines[11] = lines[11].replace("Ward 3", "Ward 4");
    let found = tampered(log.verify(&joined(&lines)));
    assert_eq!(found.place, Place::Record { index: 5, line: 12 });
    assert_eq!(found.what, "this record was altered after it was signed");
    assert_ne!(found.expected, found.actual);
    assert!(lines[12].contains(&found.expected.unwrap()));
}

#[test]
fn altered_record_with_its_leaf_hash_made_to_fit_is_still_noticed() {
    let log = SampleLog::first_minute();
    let forged = String::from_utf8(log.leaves[5].clone()).unwrap().replace("Ward 3", "Ward 4");
    let mut lines = lines(&log.log_file());
    let fitting = cloister_evidence::file::log_record_lines(forged.as_bytes()).unwrap();
    lines[11..13].clone_from_slice(&self::lines(&fitting));
    let found = tampered(log.verify(&joined(&lines)));
    assert!(found.what.contains("altered together"), "{found}");
}

#[test]
fn altered_leaf_hash_is_told_from_an_altered_record() {
    let log = SampleLog::first_minute();
    let mut lines = lines(&log.log_file());
    lines[4] = lines[6].clone();
    let found = tampered(log.verify(&joined(&lines)));
    assert_eq!(found.place, Place::Record { index: 1, line: 4 });
    assert!(found.what.contains("the records are the signed ones"), "{found}");
}

#[test]
fn removed_swapped_repeated_and_appended_records_are_named() {
    let log = SampleLog::first_minute();
    let whole = lines(&log.log_file());
    let mut removed = whole.clone();
    removed.drain(5..7);
    let mut swapped = whole.clone();
    swapped[5..9].rotate_left(2);
    let mut repeated = whole.clone();
    repeated.splice(7..7, whole[5..7].to_vec());
    let mut shortened = whole.clone();
    shortened.truncate(whole.len() - 2);
    let mut appended = whole.clone();
    appended.extend(whole[1..3].to_vec());
    let cases = [
        ("removed", removed, Place::Record { index: 2, line: 6 }, "another record stands in this place"),
        ("swapped", swapped, Place::Record { index: 2, line: 6 }, "another record stands in this place"),
        ("repeated", repeated, Place::Record { index: 3, line: 8 }, "another record stands in this place"),
        ("shortened", shortened, Place::End, "records are missing at the end"),
        ("appended", appended, Place::Record { index: 9, line: 20 }, "the signed log ends after 9 records"),
    ];
    for (case, lines, place, what) in cases {
        let found = tampered(log.verify(&joined(&lines)));
        assert_eq!(found.place, place, "{case}: {found}");
        assert!(found.what.contains(what), "{case}: {found}");
    }
}

#[test]
fn a_record_with_the_proof_of_another_is_refused() {
    let log = SampleLog::first_minute();
    let mut lines = lines(&log.records_file(&[4, 6]));
    lines.swap(2, 4);
    let found = tampered(log.verify(&joined(&lines)));
    assert_eq!(found.place, Place::Record { index: 6, line: 2 });
    assert!(found.what.contains("not in the signed log"), "{found}");
}

#[test]
fn a_file_of_another_log_key_shows_nothing_and_says_which_key_is_wanted() {
    let log = SampleLog::first_minute();
    let other =
        cloister_evidence::checkpoint::LogKey::from_seed(log.key.origin(), &zeroize::Zeroizing::new([1; 32]));
    let failure = cloister_evidence::verify::verify(&log.log_file()[..], &other.unwrap().verifier().unwrap());
    assert!(matches!(failure, Err(Failure::Insufficient(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_files_never_panic_and_never_verify(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(SampleLog::empty().verify(&bytes).is_err());
    }

    #[test]
    fn overwritten_stretches_are_noticed(at in 0usize..3000, patch in proptest::collection::vec(any::<u8>(), 1..40)) {
        let log = small();
        let mut file = log.log_file();
        let at = at % file.len();
        let end = (at + patch.len()).min(file.len());
        prop_assume!(file[at..end] != patch[..end - at]);
        file[at..end].copy_from_slice(&patch[..end - at]);
        prop_assert!(log.verify(&file).is_err());
    }
}
