//! SentencePiece-style tokenization: merge the neighbouring pair whose joined spelling has the best
//! score, until no pair joins; what the vocabulary cannot spell falls back to bytes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::vocabulary::{TokenKind, Vocabulary, byte_of_spelling};

const SPACE: &str = "\u{2581}";

/// The tokenizer called `llama` in model files.
#[derive(Debug)]
pub(super) struct Spm {
    ids: HashMap<String, u32>,
    scores: Vec<f32>,
    byte_ids: Vec<Option<u32>>,
    unknown_id: u32,
}

/// A run of characters that is one token so far; neighbours form a linked list.
struct Symbol {
    start: usize,
    /// 0 once it was merged into the symbol before it.
    bytes: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

/// Two neighbours that could merge. Stale ones are recognised by their size.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    bytes: usize,
}

impl Spm {
    pub(super) fn new(vocabulary: &Vocabulary, scores: Vec<f32>, unknown_id: u32) -> Self {
        let mut byte_ids = vec![None; 256];
        for (id, spelling) in vocabulary.of_kind(TokenKind::Byte) {
            if let Some(byte) = byte_of_spelling(spelling) {
                byte_ids[usize::from(byte)].get_or_insert(id);
            }
        }
        let ids = vocabulary.ids_by_spelling().into_iter().map(|(text, id)| (text.to_owned(), id)).collect();
        Self { ids, scores, byte_ids, unknown_id }
    }

    /// Appends the tokens of `text`; `leading_space` puts a space before it first.
    pub(super) fn encode(&self, text: &str, leading_space: bool, out: &mut Vec<u32>) {
        let mut escaped = String::with_capacity(text.len() + SPACE.len());
        if leading_space {
            escaped.push_str(SPACE);
        }
        escaped.push_str(&text.replace(' ', SPACE));
        let mut symbols = symbols_of(&escaped);
        self.merge(&escaped, &mut symbols);
        for symbol in symbols.iter().filter(|symbol| symbol.bytes > 0) {
            self.push_token(&escaped[symbol.start..symbol.start + symbol.bytes], out);
        }
    }

    fn merge(&self, text: &str, symbols: &mut [Symbol]) {
        let mut pairs = BinaryHeap::new();
        for right in 1..symbols.len() {
            self.push_pair(text, symbols, right - 1, right, &mut pairs);
        }
        while let Some(pair) = pairs.pop() {
            let (left, right) = (&symbols[pair.left], &symbols[pair.right]);
            let stale = left.bytes == 0 || right.bytes == 0 || left.bytes + right.bytes != pair.bytes;
            if stale {
                continue;
            }
            let next = right.next;
            symbols[pair.left].bytes = pair.bytes;
            symbols[pair.left].next = next;
            symbols[pair.right].bytes = 0;
            if let Some(next) = next {
                symbols[next].previous = Some(pair.left);
                self.push_pair(text, symbols, pair.left, next, &mut pairs);
            }
            if let Some(previous) = symbols[pair.left].previous {
                self.push_pair(text, symbols, previous, pair.left, &mut pairs);
            }
        }
    }

    fn push_pair(
        &self,
        text: &str,
        symbols: &[Symbol],
        left: usize,
        right: usize,
        pairs: &mut BinaryHeap<Pair>,
    ) {
        let start = symbols[left].start;
        let bytes = symbols[left].bytes + symbols[right].bytes;
        if let Some(&id) = self.ids.get(&text[start..start + bytes]) {
            let score = self.scores.get(id as usize).copied().unwrap_or(0.0);
            pairs.push(Pair { score, left, right, bytes });
        }
    }

    fn push_token(&self, spelling: &str, out: &mut Vec<u32>) {
        match self.ids.get(spelling) {
            Some(&id) => out.push(id),
            None => out.extend(
                spelling.bytes().map(|byte| self.byte_ids[usize::from(byte)].unwrap_or(self.unknown_id)),
            ),
        }
    }
}

fn symbols_of(text: &str) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = text
        .char_indices()
        .enumerate()
        .map(|(index, (start, character))| Symbol {
            start,
            bytes: character.len_utf8(),
            previous: index.checked_sub(1),
            next: Some(index + 1),
        })
        .collect();
    if let Some(last) = symbols.last_mut() {
        last.next = None;
    }
    symbols
}

impl Ord for Pair {
    /// Best score first, then leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}
impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Pair {}
