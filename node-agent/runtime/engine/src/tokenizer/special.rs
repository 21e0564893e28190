//! Finding tokens that are matched whole (control and user-defined tokens) in text.

/// A piece of text: already a token, or still to be tokenized.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Token(u32),
    Text(&'t str),
}

/// Splits text at the leftmost-longest occurrences of a set of token spellings.
#[derive(Debug)]
pub(super) struct SpecialMatcher {
    /// For each first byte, the spellings that begin with it, longest first.
    by_first_byte: Vec<Vec<(String, u32)>>,
}

impl SpecialMatcher {
    pub(super) fn new<'v>(tokens: impl Iterator<Item = (u32, &'v str)>) -> Self {
        let mut by_first_byte = vec![Vec::new(); 256];
        for (id, spelling) in tokens {
            if let Some(first) = spelling.bytes().next() {
                by_first_byte[usize::from(first)].push((spelling.to_owned(), id));
            }
        }
        for candidates in &mut by_first_byte {
            candidates.sort_by(|(a, a_id), (b, b_id)| b.len().cmp(&a.len()).then(a_id.cmp(b_id)));
        }
        Self { by_first_byte }
    }

    /// The pieces of `text`, in order, without empty ones.
    pub(super) fn split<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        let (mut pieces, mut start, mut at) = (Vec::new(), 0, 0);
        let bytes = text.as_bytes();
        while at < bytes.len() {
            let Some((spelling, id)) = self.match_at(bytes, at) else {
                at += 1;
                continue;
            };
            if start < at {
                pieces.push(Piece::Text(&text[start..at]));
            }
            pieces.push(Piece::Token(*id));
            at += spelling.len();
            start = at;
        }
        if start < text.len() {
            pieces.push(Piece::Text(&text[start..]));
        }
        pieces
    }

    fn match_at(&self, bytes: &[u8], at: usize) -> Option<&(String, u32)> {
        self.by_first_byte[usize::from(bytes[at])]
            .iter()
            .find(|(spelling, _)| bytes[at..].starts_with(spelling.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, SpecialMatcher};

    #[test]
    fn the_leftmost_then_longest_spelling_wins() {
        let matcher = SpecialMatcher::new([(7, "<a>"), (8, "<a>b"), (9, "é<")].into_iter());
        let cases: [(&str, &[Piece<'_>]); 5] = [
            ("", &[]),
            ("x<a>y", &[Piece::Text("x"), Piece::Token(7), Piece::Text("y")]),
            ("<a>b<a>", &[Piece::Token(8), Piece::Token(7)]),
            ("é<a>", &[Piece::Token(9), Piece::Text("a>")]),
            ("<a", &[Piece::Text("<a")]),
        ];
        for (text, pieces) in cases {
            assert_eq!(matcher.split(text), pieces, "{text:?}");
        }
    }
}
