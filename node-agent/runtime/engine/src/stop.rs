//! Ending an answer before a stop string that may span tokens.

/// Watches text for stop strings, holding back what might become one.
#[derive(Debug)]
pub struct StopMatcher {
    stops: Vec<String>,
    held: String,
}

/// What a piece of text did.
#[derive(Debug, PartialEq, Eq)]
pub enum Watched {
    /// This much may be shown.
    Text(String),
    /// A stop string is complete: this much stands before it, and nothing may follow.
    Stopped(String),
}

impl StopMatcher {
    /// A matcher for these strings; empty ones are ignored.
    pub fn new(stops: Vec<String>) -> Self {
        Self { stops: stops.into_iter().filter(|stop| !stop.is_empty()).collect(), held: String::new() }
    }

    /// Adds text. Characters are looked at one by one, so how text is cut into tokens does not matter.
    pub fn push(&mut self, text: &str) -> Watched {
        if self.stops.is_empty() {
            return Watched::Text(text.to_owned());
        }
        let mut shown = String::new();
        for character in text.chars() {
            self.held.push(character);
            // The longest that ends here starts earliest.
            let complete = self.stops.iter().filter(|stop| self.held.ends_with(*stop)).map(String::len).max();
            if let Some(length) = complete {
                shown.push_str(&self.held[..self.held.len() - length]);
                self.held.clear();
                return Watched::Stopped(shown);
            }
            let safe = self.held.len() - self.longest_possible_start();
            shown.extend(self.held.drain(..safe));
        }
        Watched::Text(shown)
    }

    /// What was held back, when the answer ends for another reason.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Bytes at the end of the held text that may be the beginning of a stop string.
    fn longest_possible_start(&self) -> usize {
        let starts = self.held.char_indices().map(|(start, _)| &self.held[start..]);
        let mut possible = starts.filter(|end| self.stops.iter().any(|stop| stop.starts_with(end)));
        possible.next().map_or(0, str::len)
    }
}

#[cfg(test)]
mod tests {
    use super::{StopMatcher, Watched};
    use proptest::prelude::*;

    /// Shows the text piece by piece: what was shown in all, and whether it stopped.
    fn watch(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut matcher = StopMatcher::new(stops.iter().map(ToString::to_string).collect());
        let mut shown = String::new();
        for piece in pieces {
            match matcher.push(piece) {
                Watched::Text(text) => shown.push_str(&text),
                Watched::Stopped(text) => return (shown + &text, true),
            }
        }
        (shown + &matcher.finish(), false)
    }

    #[test]
    fn the_answer_ends_before_the_first_stop_string_even_across_tokens() {
        let cases: [(&[&str], &[&str], &str, bool); 9] = [
            (&[], &["anything"], "anything", false),
            (&["END"], &["the ", "E", "N", "D of"], "the ", true),
            (&["END"], &["the EN", "TRY"], "the ENTRY", false),
            (&["END"], &["the EN"], "the EN", false),
            (&["aab"], &["aa", "aab"], "aa", true),
            (&["b", "abc"], &["abc"], "a", true),
            (&["\n\n"], &["one\n", "two\n", "\nthree"], "one\ntwo", true),
            (&["é!"], &["caf", "é", "?é!"], "café?", true),
            (&[""], &["text"], "text", false),
        ];
        for (stops, pieces, shown, stopped) in cases {
            assert_eq!(watch(stops, pieces), (shown.to_owned(), stopped), "{stops:?} {pieces:?}");
        }
    }

    proptest! {
        #[test]
        fn how_text_is_cut_does_not_matter(
            text in "[abc]{0,40}", cut in 0usize..40, stops in prop::collection::vec("[abc]{1,4}", 0..4)
        ) {
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let cut = cut.min(text.len());
            prop_assert_eq!(watch(&stops, &[&text]), watch(&stops, &[&text[..cut], &text[cut..]]));
        }

        #[test]
        fn no_stop_string_is_ever_shown(text in "[ab]{0,40}", stop in "[ab]{1,3}") {
            let (shown, stopped) = watch(&[&stop], &[&text]);
            prop_assert!(!shown.contains(&stop));
            prop_assert_eq!(stopped, text.contains(&stop));
        }
    }
}
