//! The vocabulary: each token's kind, spelling and bytes.

use std::collections::HashMap;

use super::TokenizerError;
use crate::limits::{MAX_TOKEN_BYTES, MAX_VOCABULARY_TOKENS};

/// What a token is for, as `tokenizer.ggml.token_type` numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Ordinary text.
    Normal,
    /// Stands for text the vocabulary cannot spell.
    Unknown,
    /// Steers the model (turn markers, end of text): never text, and never taken from a user's words.
    Control,
    /// Added text that is matched whole before anything else.
    UserDefined,
    /// Reserved.
    Unused,
    /// One raw byte, spelled `<0xNN>`.
    Byte,
}

impl TokenKind {
    /// From the number in the model file; absent or unknown numbers are ordinary text.
    pub fn from_gguf(number: Option<u32>) -> Self {
        match number {
            Some(2) => Self::Unknown,
            Some(3) => Self::Control,
            Some(4) => Self::UserDefined,
            Some(5) => Self::Unused,
            Some(6) => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// How ordinary tokens spell bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// GPT-2's printable stand-ins for bytes.
    ByteLevel,
    /// UTF-8 with U+2581 for a space.
    SentencePiece,
}

/// Token ids, spellings, kinds and the bytes they decode to.
#[derive(Debug)]
pub struct Vocabulary {
    spellings: Vec<String>,
    kinds: Vec<TokenKind>,
    /// The bytes of all tokens, one after another.
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<usize>,
    longest_bytes: usize,
}

impl Vocabulary {
    pub(super) fn new(
        spellings: Vec<String>,
        kinds: Vec<TokenKind>,
        spelling: Spelling,
    ) -> Result<Self, TokenizerError> {
        if spellings.is_empty() || spellings.len() > MAX_VOCABULARY_TOKENS {
            return Err(TokenizerError::VocabularySize { tokens: spellings.len() });
        }
        let stand_ins = byte_stand_ins();
        let (mut bytes, mut ends, mut longest_bytes) = (Vec::new(), Vec::new(), 1);
        for (id, (text, kind)) in spellings.iter().zip(&kinds).enumerate() {
            if text.len() > MAX_TOKEN_BYTES {
                return Err(TokenizerError::TokenTooLong { id });
            }
            let start = bytes.len();
            decode_token(text, *kind, spelling, &stand_ins, &mut bytes);
            longest_bytes = longest_bytes.max((bytes.len() - start).max(text.len()));
            ends.push(bytes.len());
        }
        Ok(Self { spellings, kinds, bytes, ends, longest_bytes })
    }

    /// Tokens in the vocabulary.
    pub fn len(&self) -> usize {
        self.spellings.len()
    }

    /// Never true: an empty vocabulary is refused at load.
    pub fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// The token as the model file spells it; `None` outside the vocabulary.
    pub fn spelling(&self, id: u32) -> Option<&str> {
        self.spellings.get(id as usize).map(String::as_str)
    }

    /// What the token is for; `None` outside the vocabulary.
    pub fn kind(&self, id: u32) -> Option<TokenKind> {
        self.kinds.get(id as usize).copied()
    }

    /// The bytes the token adds to the text: none for control tokens.
    pub fn bytes(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let Some(&end) = self.ends.get(id) else { return &[] };
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..end]
    }

    /// The fewest tokens that text of this many bytes can become.
    pub fn fewest_tokens(&self, text_bytes: usize) -> usize {
        text_bytes.div_ceil(self.longest_bytes)
    }

    /// Ids and spellings of the tokens of one kind.
    pub(super) fn of_kind(&self, kind: TokenKind) -> impl Iterator<Item = (u32, &str)> {
        (0u32..).zip(&self.spellings).zip(&self.kinds).filter_map(move |((id, text), this)| {
            (*this == kind && !text.is_empty()).then_some((id, text.as_str()))
        })
    }

    /// Spelling to id. Where two tokens share a spelling the lower id wins.
    pub(super) fn ids_by_spelling(&self) -> HashMap<&str, u32> {
        let mut ids = HashMap::with_capacity(self.spellings.len());
        for (id, text) in (0u32..).zip(&self.spellings) {
            ids.entry(text.as_str()).or_insert(id);
        }
        ids
    }
}

fn decode_token(
    text: &str,
    kind: TokenKind,
    spelling: Spelling,
    stand_ins: &HashMap<char, u8>,
    bytes: &mut Vec<u8>,
) {
    match (kind, spelling) {
        (TokenKind::Control | TokenKind::Unknown | TokenKind::Unused, _) => {}
        (TokenKind::UserDefined, _) => bytes.extend_from_slice(text.as_bytes()),
        (TokenKind::Byte, _) => bytes.extend(byte_of_spelling(text)),
        (TokenKind::Normal, Spelling::SentencePiece) => {
            bytes.extend_from_slice(text.replace('\u{2581}', " ").as_bytes());
        }
        (TokenKind::Normal, Spelling::ByteLevel) => {
            for character in text.chars() {
                match stand_ins.get(&character) {
                    Some(byte) => bytes.push(*byte),
                    None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        }
    }
}

/// `<0x0A>` is byte 10.
pub(super) fn byte_of_spelling(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// GPT-2 writes printable Latin-1 bytes as themselves and the other 68 as U+0100 onwards, in order.
fn byte_stand_ins() -> HashMap<char, u8> {
    let mut next_stand_in = 0x100u32;
    (0..=255u8)
        .filter_map(|byte| {
            let printable = matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
            let code = if printable {
                u32::from(byte)
            } else {
                next_stand_in += 1;
                next_stand_in - 1
            };
            char::from_u32(code).map(|character| (character, byte))
        })
        .collect()
}
