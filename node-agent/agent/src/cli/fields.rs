//! What the values of options must look like. The controller checks again.

use crate::limits::{LABEL_MAX_CHARS, NODE_NAME_MAX_CHARS, PLATFORM_NODE_MAX_CHARS};

pub(crate) fn node_name(text: &str) -> Result<String, String> {
    let allowed =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if (1..=NODE_NAME_MAX_CHARS).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("a node name has 1 to {NODE_NAME_MAX_CHARS} characters of [a-z0-9-]"))
}

/// A node name, or the name of a k8s node: which of them it has to be is known later.
pub(crate) fn machine_name(text: &str) -> Result<String, String> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    if (1..=PLATFORM_NODE_MAX_CHARS).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    node_name(text)
}

/// A node name made of what the machine calls itself.
pub(crate) fn node_name_from_host(host: &str) -> String {
    let plain = |character: char| match character.to_ascii_lowercase() {
        character @ ('a'..='z' | '0'..='9') => character,
        _ => '-',
    };
    let name: String = host.chars().take(NODE_NAME_MAX_CHARS).map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "node".to_owned() } else { name.to_owned() }
}

pub(crate) fn name_field(text: &str) -> Result<String, String> {
    if text.chars().count() <= LABEL_MAX_CHARS && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("at most {LABEL_MAX_CHARS} printable characters"))
}

/// ISO 3166-1 alpha-2, optionally followed by an ISO 3166-2 subdivision.
pub(crate) fn jurisdiction(text: &str) -> Result<String, String> {
    let upper = text.to_ascii_uppercase();
    let (country, subdivision) = upper.split_once('-').unwrap_or((&upper, "X"));
    let country_ok = country.len() == 2 && country.chars().all(|character| character.is_ascii_uppercase());
    let subdivision_ok = (1..=3).contains(&subdivision.len())
        && subdivision.chars().all(|character| character.is_ascii_alphanumeric());
    if upper.is_empty() || (country_ok && subdivision_ok) {
        return Ok(upper);
    }
    Err("a country code, optionally with a subdivision: DE, DE-HE".to_owned())
}

pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a label is KEY=VALUE")?;
    if key.is_empty() {
        return Err("a label's key must not be empty".to_owned());
    }
    Ok((name_field(key)?, name_field(value)?))
}

/// `host:port`, or the same as an https URL.
pub(crate) fn controller_url(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/');
    let (host, port) = address.rsplit_once(':').ok_or("write it as https://host:port")?;
    if host.is_empty() || host.contains('/') || port.parse::<u16>().is_err() {
        return Err("write it as https://host:port".to_owned());
    }
    Ok(format!("https://{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controllers_address_is_a_host_and_a_port() {
        for good in ["127.0.0.1:7082", "https://127.0.0.1:7082", "https://127.0.0.1:7082/"] {
            assert_eq!(controller_url(good).as_deref(), Ok("https://127.0.0.1:7082"));
        }
        for bad in ["", "host", ":1", "http://host:1", "host:port", "host:1/path"] {
            assert!(controller_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_the_controller_would_refuse_are_refused_here() {
        for good in ["a", "ward-3", &"n".repeat(63)] {
            assert_eq!(node_name(good).as_deref(), Ok(good));
        }
        assert_eq!(machine_name("worker-1.clinic.internal").as_deref(), Ok("worker-1.clinic.internal"));
        assert!(machine_name("Worker_1").is_err());
        for bad in ["", "Ward", "a_b", "a.b", "ä", &"n".repeat(64)] {
            assert!(node_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_host_name_gives_a_valid_node_name() {
        for (host, name) in
            [("ward-3", "ward-3"), ("Box.local", "box-local"), ("ä", "node"), ("", "node"), ("-x-", "x")]
        {
            assert_eq!(node_name_from_host(host), name);
        }
        assert!(node_name(&node_name_from_host(&"H.".repeat(200))).is_ok());
    }

    #[test]
    fn a_jurisdiction_is_a_country_or_a_part_of_one() {
        for (text, value) in [("", ""), ("de", "DE"), ("DE-HE", "DE-HE"), ("us-ca", "US-CA")] {
            assert_eq!(jurisdiction(text).as_deref(), Ok(value));
        }
        for bad in ["D", "DEU", "DE-", "DE-HESSEN", "D1", "-HE"] {
            assert!(jurisdiction(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_label_has_a_key() {
        assert_eq!(label("rack=b7"), Ok(("rack".into(), "b7".into())));
        assert_eq!(label("flag="), Ok(("flag".into(), String::new())));
        assert!(label("rack").is_err());
        assert!(label("=b7").is_err());
        assert!(label(&format!("k={}", "v".repeat(64))).is_err());
    }
}
