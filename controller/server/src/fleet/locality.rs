//! Checks what a node says of itself at enrolment.

use cloister_proto::agent::v1::Locality;

use crate::limits::{LABELS_MAX, LOCALITY_TEXT_MAX_BYTES};

/// Labels that say what the controller itself found out about a node.
const RESERVED_LABEL_PREFIX: &str = "cloister.dev/";

/// A field of an enrolment is not acceptable; the sentence names it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum LocalityError {
    #[error("region has {0} bytes, and may have 63")]
    Region(usize),
    #[error("jurisdiction {0:?} is not an ISO 3166 code such as DE, or DE-HE for a part of it")]
    Jurisdiction(String),
    #[error("there are {0} labels, and may be 64")]
    LabelCount(usize),
    #[error("label {0:?}: labels that begin with {RESERVED_LABEL_PREFIX} are the controller's to set")]
    Reserved(String),
    #[error("label {0:?}: keys have 1 to 63 and values at most 63 printable bytes")]
    Label(String),
}

pub(super) fn check_locality(locality: &Locality) -> Result<(), LocalityError> {
    if locality.region.len() > LOCALITY_TEXT_MAX_BYTES || !printable(&locality.region) {
        return Err(LocalityError::Region(locality.region.len()));
    }
    if !locality.jurisdiction.is_empty() && !is_jurisdiction(&locality.jurisdiction) {
        let shown: String = locality.jurisdiction.chars().take(LOCALITY_TEXT_MAX_BYTES).collect();
        return Err(LocalityError::Jurisdiction(shown));
    }
    if locality.labels.len() > LABELS_MAX {
        return Err(LocalityError::LabelCount(locality.labels.len()));
    }
    let bad_label = locality.labels.iter().find(|(key, value)| {
        key.is_empty()
            || key.len() > LOCALITY_TEXT_MAX_BYTES
            || value.len() > LOCALITY_TEXT_MAX_BYTES
            || !printable(key)
            || !printable(value)
    });
    if let Some((key, _)) = bad_label {
        return Err(LocalityError::Label(key.chars().take(LOCALITY_TEXT_MAX_BYTES).collect()));
    }
    match locality.labels.keys().find(|key| key.starts_with(RESERVED_LABEL_PREFIX)) {
        Some(key) => Err(LocalityError::Reserved(key.clone())),
        None => Ok(()),
    }
}

/// ISO 3166-1 alpha-2, optionally with an ISO 3166-2 subdivision of one to three letters or digits.
pub(crate) fn is_jurisdiction(code: &str) -> bool {
    let (country, subdivision) = code.split_once('-').map_or((code, None), |(c, s)| (c, Some(s)));
    let upper = |b: u8| b.is_ascii_uppercase();
    country.len() == 2
        && country.bytes().all(upper)
        && subdivision
            .is_none_or(|s| (1..=3).contains(&s.len()) && s.bytes().all(|b| upper(b) || b.is_ascii_digit()))
}

fn printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jurisdictions_are_iso_3166_codes() {
        for good in ["DE", "DE-HE", "US-CA", "FR-75", "GB-ENG"] {
            assert!(is_jurisdiction(good), "{good}");
        }
        for bad in ["D", "de", "DEU", "DE-", "DE-HESS", "DE HE", "DE-he", "-DE", "Ö"] {
            assert!(!is_jurisdiction(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_too_long_or_unprintable_is_named() {
        let with = |key: &str, value: &str| Locality {
            labels: [(key.to_owned(), value.to_owned())].into(),
            ..Locality::default()
        };
        assert_eq!(check_locality(&with("zone", "a")), Ok(()));
        assert_eq!(check_locality(&with("zone", "")), Ok(()));
        let reserved = LocalityError::Reserved("cloister.dev/k8s-node".to_owned());
        assert_eq!(check_locality(&with("cloister.dev/k8s-node", "n")), Err(reserved));
        assert_eq!(check_locality(&with("", "a")), Err(LocalityError::Label(String::new())));
        assert_eq!(check_locality(&with("zone", "a\nb")), Err(LocalityError::Label("zone".into())));
        let long = Locality { region: "x".repeat(64), ..Locality::default() };
        assert_eq!(check_locality(&long), Err(LocalityError::Region(64)));
        let labels = (0..65).map(|i| (i.to_string(), String::new())).collect();
        assert_eq!(
            check_locality(&Locality { labels, ..Locality::default() }),
            Err(LocalityError::LabelCount(65))
        );
    }
}
