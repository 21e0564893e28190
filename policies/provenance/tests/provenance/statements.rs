//! Statements that a trusted signer signed and that are refused all the same.

use cloister_provenance::{ManifestError, NameError, VerifyError, limits::MAX_FILES};
use serde_json::{Value, json};

use crate::forge::{Forger, statement};

fn refusal(forger: &Forger, statement: &Value) -> ManifestError {
    match forger.verify(&serde_json::to_vec(statement).unwrap()) {
        Err(VerifyError::Manifest(error)) => error,
        other => panic!("expected the statement to be refused, got {other:?}"),
    }
}

#[test]
fn statement_in_any_key_order_and_spacing_is_accepted() {
    let forger = Forger::new();
    let good = statement(&[("b", b"b"), ("a/c", b"c")]);
    let pretty = forger.verify(&serde_json::to_vec_pretty(&good).unwrap()).unwrap();
    let compact = forger.verify(&serde_json::to_vec(&good).unwrap()).unwrap();
    assert_eq!(pretty.files, compact.files);
    assert_eq!(pretty.files[0].name, "b", "the signed order is kept");
    assert_ne!(pretty.model_digest, compact.model_digest, "other bytes are another identity");
}

#[test]
fn names_that_could_leave_the_directory_are_refused() {
    let cases = [
        ("", NameError::Empty),
        ("../evil", NameError::LeavesDirectory),
        ("a/../../evil", NameError::LeavesDirectory),
        ("/etc/passwd", NameError::Absolute),
        ("a\\b", NameError::Backslash),
        ("..\\evil", NameError::Backslash),
        ("a//b", NameError::EmptyPart),
        ("a/", NameError::EmptyPart),
        ("./a", NameError::DotPart),
        ("a\0b", NameError::ControlCharacter),
        ("a\nb", NameError::ControlCharacter),
    ];
    let forger = Forger::new();
    for (name, reason) in cases {
        // A second file: "." would otherwise mean the only file.
        let refused = refusal(&forger, &statement(&[(name, b"x"), ("ok", b"y")]));
        assert!(
            matches!(refused, ManifestError::Name { reason: r, .. } if r == reason),
            "{name:?}: {refused:?}"
        );
    }
    let dot = refusal(&forger, &statement(&[(".", b"x"), ("ok", b"y")]));
    assert!(matches!(dot, ManifestError::Name { reason: NameError::DotPart, .. }), "{dot:?}");
    for name in ["x".repeat(256), format!("{}x", "abc/".repeat(300))] {
        let refused = refusal(&forger, &statement(&[(&name, b"x")]));
        assert!(
            matches!(refused, ManifestError::Name { reason: NameError::TooLong { .. }, .. }),
            "{refused:?}"
        );
    }
}

#[test]
fn dot_as_only_file_takes_the_subjects_name_by_the_same_rules() {
    let forger = Forger::new();
    let mut single = statement(&[(".", b"x")]);
    single["subject"][0]["name"] = json!("model.gguf");
    let accepted = forger.verify(&serde_json::to_vec(&single).unwrap()).unwrap();
    assert_eq!(accepted.files[0].name, "model.gguf");
    single["subject"][0]["name"] = json!("../model.gguf");
    assert!(matches!(
        refusal(&forger, &single),
        ManifestError::Name { reason: NameError::LeavesDirectory, .. }
    ));
}

#[test]
fn bent_statements_are_refused_each_for_its_own_reason() {
    type Case = (&'static str, fn(&mut Value), fn(&ManifestError) -> bool);
    let cases: [Case; 15] = [
        (
            "root digest",
            |s| s["subject"][0]["digest"]["sha256"] = json!("0".repeat(64)),
            |e| matches!(e, ManifestError::RootDigest { .. }),
        ),
        (
            "root digest form",
            |s| s["subject"][0]["digest"]["sha256"] = json!("zz"),
            |e| *e == ManifestError::RootDigestMalformed,
        ),
        (
            "two subjects",
            |s| s["subject"] = json!([s["subject"][0], s["subject"][0]]),
            |e| *e == ManifestError::Subjects { count: 2 },
        ),
        ("no file", |s| s["predicate"]["resources"] = json!([]), |e| *e == ManifestError::NoFiles),
        (
            "twice",
            |s| s["predicate"]["resources"][1]["name"] = json!("a"),
            |e| matches!(e, ManifestError::DuplicateName { .. }),
        ),
        (
            "file and folder",
            |s| s["predicate"]["resources"][1]["name"] = json!("a/b"),
            |e| matches!(e, ManifestError::FileIsFolder { .. }),
        ),
        (
            "digest in capitals",
            |s| s["predicate"]["resources"][0]["digest"] = json!("AB".repeat(32)),
            |e| matches!(e, ManifestError::DigestMalformed { .. }),
        ),
        (
            "digest too short",
            |s| s["predicate"]["resources"][0]["digest"] = json!("ab"),
            |e| matches!(e, ManifestError::DigestMalformed { .. }),
        ),
        (
            "other algorithm",
            |s| s["predicate"]["resources"][0]["algorithm"] = json!("md5"),
            |e| matches!(e, ManifestError::Algorithm { .. }),
        ),
        (
            "other hash",
            |s| s["predicate"]["serialization"]["hash_type"] = json!("blake3"),
            |e| matches!(e, ManifestError::HashType { .. }),
        ),
        (
            "shards",
            |s| s["predicate"]["serialization"]["shard_size"] = json!(1),
            |e| *e == ManifestError::Shards,
        ),
        (
            "other method",
            |s| s["predicate"]["serialization"]["method"] = json!("tree"),
            |e| matches!(e, ManifestError::Method { .. }),
        ),
        (
            "legacy predicate",
            |s| s["predicateType"] = json!("https://model_signing/Digests/v0.1"),
            |e| matches!(e, ManifestError::PredicateType { .. }),
        ),
        (
            "other statement",
            |s| s["_type"] = json!("https://in-toto.io/Statement/v0.1"),
            |e| matches!(e, ManifestError::StatementType { .. }),
        ),
        (
            "unknown field",
            |s| s["predicate"]["exceptions"] = json!(["*"]),
            |e| matches!(e, ManifestError::NotAStatement { .. }),
        ),
    ];
    let forger = Forger::new();
    for (case, bend, expected) in cases {
        let mut bent = statement(&[("a", b"a"), ("b", b"b")]);
        bend(&mut bent);
        let refused = refusal(&forger, &bent);
        assert!(expected(&refused), "{case}: {refused:?}");
    }
}

#[test]
fn more_files_than_the_limit_are_refused() {
    let names: Vec<String> = (0..=MAX_FILES).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let refused = refusal(&Forger::new(), &statement(&files));
    assert_eq!(refused, ManifestError::TooManyFiles { count: MAX_FILES + 1 });
}

#[test]
fn payload_that_is_not_json_is_refused_though_it_is_signed() {
    let refused = Forger::new().verify(b"\xff\xfe not json").unwrap_err();
    assert!(matches!(refused, VerifyError::Manifest(ManifestError::NotAStatement { .. })), "{refused:?}");
}
