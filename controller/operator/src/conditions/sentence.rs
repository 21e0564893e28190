//! Parts of sentences.

use crate::limits::{MESSAGE_MAX_BYTES, NAMES_IN_A_SENTENCE_MAX};

/// `1 replica`, `2 replicas`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// `a, b and 3 more`.
pub(crate) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    let named = all.iter().take(NAMES_IN_A_SENTENCE_MAX).copied().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMES_IN_A_SENTENCE_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// No longer than a message may be, cut between characters.
pub(crate) fn clip(mut text: String) -> String {
    if text.len() > MESSAGE_MAX_BYTES {
        let ends = (0..=MESSAGE_MAX_BYTES - '…'.len_utf8()).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(ends.unwrap_or(0));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_and_texts_are_cut() {
        assert_eq!(names(["a", "b"]), "a, b");
        assert_eq!(names(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
        let text = clip("ä".repeat(MESSAGE_MAX_BYTES));
        assert!(text.len() <= MESSAGE_MAX_BYTES && text.ends_with('…'));
        assert_eq!(clip("short".to_owned()), "short");
    }
}
