//! Text to tokens and back, from the tables inside the model file.

mod bpe;
mod detokenizer;
mod special;
mod spm;
mod tables;
mod vocabulary;

#[cfg(test)]
mod tests;

use bpe::Bpe;
pub use detokenizer::Detokenizer;
use special::{Piece, SpecialMatcher};
use spm::Spm;
use vocabulary::Spelling;
pub use vocabulary::{TokenKind, Vocabulary};

/// Why a tokenizer cannot be made, or cannot encode.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file names a tokenizer model we do not know.
    #[error(
        "tokenizer model {name:?} is not supported; supported are \"gpt2\" (byte-level BPE) and \"llama\" (SentencePiece)"
    )]
    UnknownModel { name: String },
    /// The file names a pre-tokenizer we do not know.
    #[error(
        "pre-tokenizer {name:?} is not supported; supported are gpt-2, smollm, llama-bpe, qwen2 and default"
    )]
    UnknownPreTokenizer { name: String },
    /// The vocabulary is empty or beyond the limit.
    #[error("the vocabulary has {tokens} tokens; 1 to {} are accepted", crate::limits::MAX_VOCABULARY_TOKENS)]
    VocabularySize { tokens: usize },
    /// One entry is beyond the limit.
    #[error("token {id} is longer than {} bytes", crate::limits::MAX_TOKEN_BYTES)]
    TokenTooLong { id: usize },
    /// The merge table is beyond the limit.
    #[error("the tokenizer has {merges} merges; at most {} are accepted", crate::limits::MAX_MERGES)]
    TooManyMerges { merges: usize },
    /// A merge rule is not two spellings with a space between.
    #[error("merge {index} of the tokenizer is not two token spellings with a space between")]
    MergeSyntax { index: usize },
    /// The merge table names tokens outside the vocabulary.
    #[error("the tokenizer's merge table does not fit its vocabulary: {reason}")]
    Merges { reason: String },
    /// Two tables that must have one entry per token do not.
    #[error("table {table} has {entries} entries for {tokens} tokens")]
    TableLength { table: &'static str, entries: usize, tokens: usize },
    /// A special token's id is not in the vocabulary.
    #[error("{key} is {id}, outside the vocabulary of {tokens} tokens")]
    IdOutside { key: &'static str, id: u32, tokens: usize },
    /// The tokenizer library refused. Never contains the text.
    #[error("the text cannot be tokenized: {reason}")]
    Encode { reason: String },
}

/// The tokenizer's tables as the model file holds them.
#[derive(Debug, Clone, Default)]
pub struct TokenizerTables {
    /// `tokenizer.ggml.model`: `gpt2` or `llama`.
    pub model: String,
    /// `tokenizer.ggml.pre`.
    pub pre: Option<String>,
    /// `tokenizer.ggml.tokens`.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.token_type`: empty, or one number per token.
    pub token_types: Vec<u32>,
    /// `tokenizer.ggml.scores`: empty, or one per token.
    pub scores: Vec<f32>,
    /// `tokenizer.ggml.merges`.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos_id: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`.
    pub eos_id: Option<u32>,
    /// `tokenizer.ggml.eot_token_id`.
    pub eot_id: Option<u32>,
    /// `tokenizer.ggml.unknown_token_id`.
    pub unknown_id: Option<u32>,
    /// `tokenizer.ggml.add_bos_token`; absent means the tokenizer model's custom.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.add_space_prefix`; absent means the tokenizer model's custom.
    pub add_space_prefix: Option<bool>,
}

/// Whether control tokens spelled out in a text become control tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Specials {
    /// Yes: the text is the caller's whole prompt, or comes from the chat template.
    Parse,
    /// No: they are somebody's words.
    Literal,
}

#[derive(Debug)]
enum Algorithm {
    Bpe(Box<Bpe>),
    Spm(Spm),
}

/// Encodes text and decodes tokens for one model.
#[derive(Debug)]
pub struct Tokenizer {
    vocabulary: Vocabulary,
    algorithm: Algorithm,
    /// Control and user-defined tokens: for [`Specials::Parse`].
    specials: SpecialMatcher,
    /// User-defined tokens alone: for [`Specials::Literal`].
    user_defined: SpecialMatcher,
    bos_id: Option<u32>,
    eos_id: Option<u32>,
    end_ids: Vec<u32>,
    add_bos: bool,
    add_space_prefix: bool,
}

impl Tokenizer {
    /// Builds the tokenizer, checking every table against the vocabulary.
    ///
    /// # Errors
    /// Names the table, the tokenizer model or the pre-tokenizer that cannot be used.
    pub fn new(tables: TokenizerTables) -> Result<Self, TokenizerError> {
        check_tables(&tables)?;
        let sentence_piece = tables.model == "llama";
        let spelling = if sentence_piece { Spelling::SentencePiece } else { Spelling::ByteLevel };
        let types = &tables.token_types;
        let kinds = (0..tables.tokens.len()).map(|id| TokenKind::from_gguf(types.get(id).copied())).collect();
        let vocabulary = Vocabulary::new(tables.tokens, kinds, spelling)?;
        let algorithm = if sentence_piece {
            Algorithm::Spm(Spm::new(&vocabulary, tables.scores, tables.unknown_id.unwrap_or(0)))
        } else {
            Algorithm::Bpe(Box::new(Bpe::new(&vocabulary, &tables.merges, tables.pre.as_deref())?))
        };
        let control = vocabulary.of_kind(TokenKind::Control);
        Ok(Self {
            specials: SpecialMatcher::new(control.chain(vocabulary.of_kind(TokenKind::UserDefined))),
            user_defined: SpecialMatcher::new(vocabulary.of_kind(TokenKind::UserDefined)),
            bos_id: tables.bos_id,
            eos_id: tables.eos_id,
            end_ids: end_ids(&vocabulary, tables.eos_id, tables.eot_id),
            add_bos: tables.add_bos.unwrap_or(sentence_piece),
            add_space_prefix: tables.add_space_prefix.unwrap_or(sentence_piece),
            vocabulary,
            algorithm,
        })
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Tokens that end a sequence.
    pub fn end_ids(&self) -> &[u32] {
        &self.end_ids
    }

    /// The beginning-of-sequence token, where the model has one.
    pub fn bos_id(&self) -> Option<u32> {
        self.bos_id
    }

    /// The end-of-sequence token, where the model has one.
    pub fn eos_id(&self) -> Option<u32> {
        self.eos_id
    }

    /// The beginning-of-sequence token, if every prompt of this model starts with one.
    pub(crate) fn leading_bos(&self) -> Option<u32> {
        self.bos_id.filter(|_| self.add_bos)
    }

    /// Spellings of the control tokens.
    pub(crate) fn control_spellings(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.of_kind(TokenKind::Control).map(|(_, spelling)| spelling)
    }

    /// A whole prompt: its tokens, after the beginning-of-sequence token if the model wants one.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`], without the text.
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut tokens = self.leading_bos().into_iter().collect();
        self.encode(text, Specials::Parse, &mut tokens)?;
        Ok(tokens)
    }

    /// Appends the tokens of `text`.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`], without the text.
    pub fn encode(&self, text: &str, specials: Specials, out: &mut Vec<u32>) -> Result<(), TokenizerError> {
        self.encode_mapped(text, specials, |piece, out, first| self.encode_text(piece, first, out), out)
    }

    /// As [`Self::encode`] with control tokens parsed; ordinary text is rewritten by `rewrite` first,
    /// after control tokens were found and so too late to make one.
    pub(crate) fn encode_rewritten(
        &self,
        text: &str,
        rewrite: impl Fn(&str) -> String,
    ) -> Result<Vec<u32>, TokenizerError> {
        let mut out = Vec::new();
        let encode = |piece: &str, out: &mut Vec<u32>, first: bool| {
            let mut first = first;
            for part in self.user_defined.split(&rewrite(piece)) {
                match part {
                    Piece::Token(id) => out.push(id),
                    Piece::Text(text) => self.encode_text(text, first, out)?,
                }
                first = matches!(part, Piece::Token(_));
            }
            Ok(())
        };
        self.encode_mapped(text, Specials::Parse, encode, &mut out)?;
        Ok(out)
    }

    fn encode_mapped(
        &self,
        text: &str,
        specials: Specials,
        encode: impl Fn(&str, &mut Vec<u32>, bool) -> Result<(), TokenizerError>,
        out: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        let matcher = if specials == Specials::Parse { &self.specials } else { &self.user_defined };
        let mut after_special = true;
        for piece in matcher.split(text) {
            match piece {
                Piece::Token(id) => out.push(id),
                Piece::Text(text) => encode(text, out, after_special)?,
            }
            after_special = matches!(piece, Piece::Token(_));
        }
        Ok(())
    }

    fn encode_text(&self, text: &str, after_special: bool, out: &mut Vec<u32>) -> Result<(), TokenizerError> {
        match &self.algorithm {
            Algorithm::Bpe(bpe) => bpe.encode(text, out),
            Algorithm::Spm(spm) => {
                spm.encode(text, self.add_space_prefix && after_special, out);
                Ok(())
            }
        }
    }
}

/// End of sequence, end of turn, and the turn-ending control tokens that files often leave unlisted.
fn end_ids(vocabulary: &Vocabulary, eos_id: Option<u32>, eot_id: Option<u32>) -> Vec<u32> {
    const TURN_ENDS: [&str; 6] =
        ["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>"];
    let listed = vocabulary
        .of_kind(TokenKind::Control)
        .filter(|(_, spelling)| TURN_ENDS.contains(spelling))
        .map(|(id, _)| id);
    let mut ids: Vec<u32> = eos_id.into_iter().chain(eot_id).chain(listed).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn check_tables(tables: &TokenizerTables) -> Result<(), TokenizerError> {
    if !matches!(tables.model.as_str(), "gpt2" | "llama") {
        return Err(TokenizerError::UnknownModel { name: tables.model.clone() });
    }
    let tokens = tables.tokens.len();
    let per_token = [
        ("tokenizer.ggml.token_type", tables.token_types.len(), false),
        ("tokenizer.ggml.scores", tables.scores.len(), tables.model == "llama"),
    ];
    for (table, entries, required) in per_token {
        if entries != tokens && (required || entries != 0) {
            return Err(TokenizerError::TableLength { table, entries, tokens });
        }
    }
    let ids = [
        ("tokenizer.ggml.bos_token_id", tables.bos_id),
        ("tokenizer.ggml.eos_token_id", tables.eos_id),
        ("tokenizer.ggml.eot_token_id", tables.eot_id),
        ("tokenizer.ggml.unknown_token_id", tables.unknown_id),
    ];
    match ids.into_iter().find_map(|(key, id)| Some((key, id.filter(|id| *id as usize >= tokens)?))) {
        Some((key, id)) => Err(TokenizerError::IdOutside { key, id, tokens }),
        None => Ok(()),
    }
}
