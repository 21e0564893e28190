//! JSON into typed values, with errors that name the field and never repeat what is in it.

use serde::Deserialize;

use crate::failure::Failure;

/// Longest path that is repeated in an error.
const MAX_PATH_CHARS: usize = 128;

/// Parses `bytes` as a `T`.
///
/// # Errors
/// `Invalid` with the path of a field of the wrong type; `Malformed` if it is not JSON at all.
pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Failure::Malformed { message: "the body is not valid UTF-8".into() })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| failure(&error))?;
    deserializer
        .end()
        .map_err(|_| Failure::Malformed { message: "more follows after the JSON object".into() })?;
    Ok(value)
}

fn failure(error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let inner = error.inner();
    let text = inner.to_string();
    let (line, column) = (inner.line(), inner.column());
    if !inner.is_data() {
        return Failure::Malformed {
            message: format!("the body is not valid JSON (line {line}, column {column})"),
        };
    }
    let path: String = error.path().to_string().chars().take(MAX_PATH_CHARS).collect();
    if let Some(field) = quoted(&text, "missing field `") {
        let param = if path == "." { field.to_owned() } else { format!("{path}.{field}") };
        return Failure::invalid(param, "is required");
    }
    if let Some(field) = quoted(&text, "duplicate field `") {
        return Failure::invalid(field, "is given twice");
    }
    if path == "." {
        return Failure::Malformed { message: "the body must be a JSON object".into() };
    }
    Failure::invalid(path, format!("has the wrong type or is out of range; it must be {}", expected(&text)))
}

/// The name that follows `start` up to the closing backquote. Both come from this crate's types.
fn quoted<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.strip_prefix(start)?.split_once('`').map(|(name, _)| name)
}

/// What serde says it expected, in words for people. The part before it may quote the caller's text
/// and is left out.
fn expected(text: &str) -> String {
    let after = text.rsplit_once(", expected ").map_or("a value of another type", |(_, after)| after);
    let what = after.split(" at line ").next().unwrap_or(after);
    match what {
        "u32" => format!("an integer from 0 to {}", u32::MAX),
        "u64" => format!("an integer from 0 to {}", u64::MAX),
        "i64" => "an integer".into(),
        "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Body {
        model: String,
        n: Option<u32>,
        list: Option<Vec<Entry>>,
    }

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Entry {
        role: String,
    }

    #[test]
    fn errors_name_the_field_and_what_it_must_be() {
        let cases: &[(&[u8], Option<&str>, &str)] = &[
            (br#"{"n":1}"#, Some("model"), "is required"),
            (br#"{"model":1}"#, Some("model"), "must be a string"),
            (br#"{"model":"m","n":"1"}"#, Some("n"), "an integer from 0"),
            (br#"{"model":"m","n":-1}"#, Some("n"), "an integer from 0"),
            (br#"{"model":"m","n":1e30}"#, Some("n"), "an integer from 0"),
            (br#"{"model":"m","n":4294967296}"#, Some("n"), "an integer from 0"),
            (br#"{"model":"m","list":[{"role":"a"},{"role":{}}]}"#, Some("list[1].role"), "a string"),
            (br#"{"model":"m","list":[{}]}"#, Some("list[0].role"), "is required"),
            (br#"{"model":"m","model":"m"}"#, Some("model"), "twice"),
            (br#"{"model":"m","n":NaN}"#, None, "not valid JSON"),
            (br#"{"model":"m""#, None, "not valid JSON"),
            (br#"{"model":"m"} {}"#, None, "more follows"),
            (br#"[]"#, None, "JSON object"),
            (b"", None, "not valid JSON"),
            (b"{\"model\":\"\xff\"}", None, "UTF-8"),
        ];
        for (body, param, message) in cases {
            let failure = parse::<Body>(body).expect_err(&String::from_utf8_lossy(body));
            assert_eq!(failure.param(), *param, "{failure}");
            assert!(failure.to_string().contains(message), "{failure}");
        }
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        let body = br#"{"model":"m","list":"Anna Smith, expected soon"}"#;
        let failure = parse::<Body>(body).unwrap_err();
        assert!(!failure.to_string().contains("Anna"), "{failure}");
        assert!(failure.to_string().contains("a list"), "{failure}");
    }
}
