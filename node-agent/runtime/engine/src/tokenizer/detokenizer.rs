//! Tokens back to text, as they arrive. A token's bytes need not be whole characters.

/// Joins token bytes into text, holding back the bytes of an incomplete UTF-8 character.
#[derive(Debug, Default)]
pub struct Detokenizer {
    /// The start of a character whose end has not been decoded yet: at most 3 bytes.
    pending: Vec<u8>,
}

impl Detokenizer {
    /// Adds a token's bytes and returns the text that is complete by now. Bytes that can never
    /// become UTF-8 turn into U+FFFD, as in `String::from_utf8_lossy`.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, tail) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = tail;
                    let Some(invalid) = error.error_len() else { break };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[invalid..];
                }
            }
        }
        let kept = rest.len();
        self.pending.drain(..self.pending.len() - kept);
        text
    }

    /// What is left at the end of a sequence: U+FFFD for an incomplete character, else nothing.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.pending);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Detokenizer;

    #[test]
    fn a_character_split_over_tokens_appears_once_and_whole() {
        let mut detokenizer = Detokenizer::default();
        let parts: Vec<String> = "a🦀é".as_bytes().chunks(2).map(|bytes| detokenizer.push(bytes)).collect();
        assert_eq!(parts, ["a", "", "🦀", "é"]);
        assert_eq!(detokenizer.finish(), "");
    }

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters_without_swallowing_neighbours() {
        let cases: [(&[&[u8]], &str); 4] = [
            (&[b"a\xffb"], "a\u{fffd}b"),
            (&[b"\xf0\x9f", b"x"], "\u{fffd}x"),
            (&[b"\xe2\x82"], "\u{fffd}"),
            (&[b"\x80\x80"], "\u{fffd}\u{fffd}"),
        ];
        for (tokens, expected) in cases {
            let mut detokenizer = Detokenizer::default();
            let mut text: String = tokens.iter().map(|bytes| detokenizer.push(bytes)).collect();
            text.push_str(&detokenizer.finish());
            assert_eq!(text, expected, "{tokens:?}");
        }
    }
}
