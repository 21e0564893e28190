//! What names, labels and jurisdictions may look like.

use std::collections::BTreeMap;

use cloister_api::limits::{LABEL_MAX_CHARS, NAME_MAX_CHARS, SELECTOR_LABELS_MAX};

use super::ApiError;

/// A name of a model, signer or key: `[a-z0-9.-]`, letter or digit at both ends.
pub(crate) fn check(field: &str, name: &str) -> Result<(), ApiError> {
    match is_name(name, |byte| matches!(byte, b'.' | b'-')) {
        true => Ok(()),
        false => Err(ApiError::invalid(
            field,
            format!(
                "{field} must be 1 to {NAME_MAX_CHARS} characters of [a-z0-9.-], beginning and ending with a letter or digit"
            ),
        )),
    }
}

/// A name of a deployment: as [`check`], without dots.
pub(crate) fn check_deployment(field: &str, name: &str) -> Result<(), ApiError> {
    match is_name(name, |byte| byte == b'-') {
        true => Ok(()),
        false => Err(ApiError::invalid(
            field,
            format!(
                "{field} must be 1 to {NAME_MAX_CHARS} characters of [a-z0-9-], beginning and ending with a letter or digit"
            ),
        )),
    }
}

fn is_name(name: &str, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=NAME_MAX_CHARS).contains(&bytes.len())
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|byte| plain(byte) || inner(*byte))
}

/// Labels that a node must have.
pub(crate) fn check_selector(selector: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if selector.len() > SELECTOR_LABELS_MAX {
        let detail =
            format!("node_selector has {} labels; at most {SELECTOR_LABELS_MAX} are allowed", selector.len());
        return Err(ApiError::invalid("node_selector", detail));
    }
    match selector.iter().find(|(key, value)| !is_label(key) || !(value.is_empty() || is_label(value))) {
        None => Ok(()),
        Some((key, _)) => {
            let key: String = key.chars().take(LABEL_MAX_CHARS).collect();
            let detail = format!(
                "the label {key:?} of node_selector is not valid: keys and values have 1 to {LABEL_MAX_CHARS} characters of [A-Za-z0-9._/-], and a value may be empty"
            );
            Err(ApiError::invalid("node_selector", detail))
        }
    }
}

fn is_label(text: &str) -> bool {
    (1..=LABEL_MAX_CHARS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-'))
}

/// A country (ISO 3166-1 alpha-2), optionally with a subdivision (ISO 3166-2), or empty.
pub(crate) fn check_jurisdiction(jurisdiction: &str) -> Result<(), ApiError> {
    let (country, subdivision) = match jurisdiction.split_once('-') {
        Some((country, subdivision)) => (country, Some(subdivision)),
        None => (jurisdiction, None),
    };
    let country_ok = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
    let subdivision_ok = subdivision.is_none_or(|text| {
        (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    match jurisdiction.is_empty() || (country_ok && subdivision_ok) {
        true => Ok(()),
        false => Err(ApiError::invalid(
            "jurisdiction",
            "jurisdiction must be a country of ISO 3166 such as DE, a subdivision such as DE-HE, or empty for anywhere",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let longest = "a".repeat(NAME_MAX_CHARS);
        for good in ["a", "smollm2-135m", "q4.1", "0", longest.as_str()] {
            assert!(check("name", good).is_ok(), "{good:?}");
        }
        let too_long = "a".repeat(NAME_MAX_CHARS + 1);
        for bad in ["", "-a", "a-", ".", "..", "A", "a b", "a/b", "ä", "a\0", too_long.as_str()] {
            let problem = check("name", bad).unwrap_err().0;
            assert_eq!(problem.field.as_deref(), Some("name"), "{bad:?}");
        }
        assert!(check_deployment("name", "q4.1").is_err());
    }

    #[test]
    fn jurisdictions_are_countries_or_their_parts() {
        for good in ["", "DE", "DE-HE", "US-CA", "GB-ENG"] {
            assert!(check_jurisdiction(good).is_ok(), "{good:?}");
        }
        for bad in ["de", "D", "DEU", "DE-", "DE-HESSE", "DE_HE", "-HE", "DE-he"] {
            assert!(check_jurisdiction(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn selectors_are_bounded() {
        let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        assert!(check_selector(&one("zone", "")).is_ok());
        assert!(check_selector(&one("example.com/gpu", "A100")).is_ok());
        assert!(check_selector(&one("", "x")).is_err());
        assert!(check_selector(&one("zone", "a b")).is_err());
        assert!(check_selector(&one("zone", &"x".repeat(64))).is_err());
        let many = (0..=SELECTOR_LABELS_MAX).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(check_selector(&many).is_err());
    }
}
