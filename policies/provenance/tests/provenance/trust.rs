//! Whose signature is acceptable for which model.

use cloister_provenance::trust::{
    FleetSigner, NamedPolicy, Reason, Rule, RuleSigner, TrustView, check_glob, decide, matches,
};
use proptest::prelude::*;

fn view() -> TrustView {
    let signer = |name: &str, revoked| FleetSigner { name: name.into(), key_id: name.into(), revoked };
    let rule = |models: &[&str], keys: &[&str]| Rule {
        models: models.iter().map(|text| (*text).into()).collect(),
        signers: keys.iter().map(|key| RuleSigner { name: (*key).into(), key_id: (*key).into() }).collect(),
    };
    TrustView {
        signers: vec![signer("house", false), signer("former", true)],
        policies: vec![
            NamedPolicy {
                name: "radiology".into(),
                rules: vec![rule(&["smollm2-*", "xray"], &["vendor", "former"]), rule(&["ct-?"], &["lab"])],
            },
            NamedPolicy { name: "ward".into(), rules: vec![rule(&["notes"], &["vendor"])] },
        ],
    }
}

#[test]
fn a_key_is_admitted_by_the_fleet_or_by_a_rule_for_that_name_and_else_refused() {
    let policy = |signer: &str, policy: &str, rule| Reason::Policy {
        signer: signer.into(),
        policy: policy.into(),
        rule,
    };
    let elsewhere = |policies: &[&str]| Reason::OtherNames {
        policies: policies.iter().map(|name| (*name).into()).collect(),
    };
    let every_name = Reason::EveryName { signer: "house".into() };
    let revoked = Reason::Revoked { signer: "former".into() };
    // Model, key, admitted, why.
    let cases = [
        ("anything", "house", true, every_name.clone()),
        ("smollm2-135m", "house", true, every_name),
        ("smollm2-135m", "vendor", true, policy("vendor", "radiology", 0)),
        ("smollm2-", "vendor", true, policy("vendor", "radiology", 0)),
        ("xray", "vendor", true, policy("vendor", "radiology", 0)),
        ("ct-1", "lab", true, policy("lab", "radiology", 1)),
        ("notes", "vendor", true, policy("vendor", "ward", 0)),
        ("xray2", "vendor", false, elsewhere(&["radiology", "ward"])),
        ("smollm2", "vendor", false, elsewhere(&["radiology", "ward"])),
        ("ct-12", "lab", false, elsewhere(&["radiology"])),
        ("xray", "lab", false, elsewhere(&["radiology"])),
        // A policy that names a revoked key does not bring it back.
        ("xray", "former", false, revoked.clone()),
        ("anything", "former", false, revoked),
        ("xray", "nobody", false, Reason::Unknown),
        ("xray", "", false, Reason::Unknown),
    ];
    for (model, key_id, admitted, reason) in cases {
        let decision = decide(&view(), model, key_id);
        assert_eq!((decision.admitted, &decision.reason), (admitted, &reason), "{model} by {key_id}");
        assert!(!reason.to_string().is_empty());
    }
}

#[test]
fn where_nobody_is_trusted_nothing_is_admitted() {
    assert!(!decide(&TrustView::default(), "m", "k").admitted);
}

#[test]
fn a_star_is_any_characters_and_a_question_mark_is_one() {
    let cases = [
        ("*", "", true),
        ("*", "a", true),
        ("a*", "a", true),
        ("a*", "ab", true),
        ("a*", "ba", false),
        ("*a", "bba", true),
        ("*a", "ab", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("a**b", "ab", true),
        ("?", "", false),
        ("?", "a", true),
        ("?", "ab", false),
        ("a?c", "abc", true),
        ("a.c", "abc", false),
        ("abc", "ab", false),
        ("ab", "abc", false),
        ("*?", "", false),
        ("*?", "x", true),
    ];
    for (glob, name, expected) in cases {
        assert_eq!(matches(glob, name), expected, "{glob} on {name}");
    }
}

#[test]
fn a_pattern_that_no_name_can_match_is_refused() {
    for good in ["*", "smollm2-*", "a?c", "q4.1"] {
        assert!(check_glob(good).is_ok(), "{good}");
    }
    for bad in ["", "A*", "a b", "a/b", "[ab]", "a\0", &"a".repeat(64)] {
        assert!(check_glob(bad).is_err(), "{bad:?}");
    }
}

/// The definition itself, for comparison.
fn by_definition(glob: &[u8], name: &[u8]) -> bool {
    match (glob.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => by_definition(rest, name),
        (Some((b'*', rest)), Some((_, tail))) => by_definition(rest, name) || by_definition(glob, tail),
        (Some((g, rest)), Some((n, tail))) => (*g == b'?' || g == n) && by_definition(rest, tail),
        _ => false,
    }
}

proptest! {
    #[test]
    fn matching_agrees_with_its_definition(glob in "[ab*?]{0,8}", name in "[ab]{0,10}") {
        prop_assert_eq!(matches(&glob, &name), by_definition(glob.as_bytes(), name.as_bytes()));
    }
}
