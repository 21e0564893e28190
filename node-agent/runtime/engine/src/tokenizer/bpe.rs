//! Byte-level byte-pair encoding: the `gpt2` tokenizer of model files and its pre-tokenizers.

use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior,
};

use super::TokenizerError;
use super::vocabulary::Vocabulary;
use crate::limits::MAX_MERGES;

/// Words of the original GPT-2 tokenizer.
const GPT2_WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// Words of Llama 3: digits in groups of up to three.
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Words of Qwen 2: single digits.
const QWEN2_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The tokenizer called `gpt2` in model files.
#[derive(Debug)]
pub(super) struct Bpe {
    words: PreTokenizerWrapper,
    model: BPE,
}

impl Bpe {
    /// `pre` is `tokenizer.ggml.pre`; absent means `default`.
    pub(super) fn new(
        vocabulary: &Vocabulary,
        merges: &[String],
        pre: Option<&str>,
    ) -> Result<Self, TokenizerError> {
        if merges.len() > MAX_MERGES {
            return Err(TokenizerError::TooManyMerges { merges: merges.len() });
        }
        let (words, whole_words_first) = pre_tokenizer(pre.unwrap_or("default"))?;
        let pairs = merges.iter().enumerate().map(|(index, merge)| parse_merge(index, merge));
        let vocab = vocabulary
            .ids_by_spelling()
            .into_iter()
            .map(|(text, id)| (text.to_owned(), id))
            .collect::<std::collections::HashMap<_, _>>();
        let model = BPE::builder()
            .vocab_and_merges(
                vocab.into_iter().collect::<tokenizers::models::bpe::Vocab>(),
                pairs.collect::<Result<_, _>>()?,
            )
            .ignore_merges(whole_words_first)
            .build()
            .map_err(|error| TokenizerError::Merges { reason: error.to_string() })?;
        Ok(Self { words, model })
    }

    /// Appends the tokens of `text`.
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u32>) -> Result<(), TokenizerError> {
        let refused = |error: tokenizers::Error| TokenizerError::Encode { reason: error.to_string() };
        let mut words = PreTokenizedString::from(text);
        self.words.pre_tokenize(&mut words).map_err(refused)?;
        for (word, ..) in words.get_splits(OffsetReferential::Normalized, OffsetType::None) {
            out.extend(self.model.tokenize(word).map_err(refused)?.iter().map(|token| token.id));
        }
        Ok(())
    }
}

fn parse_merge(index: usize, merge: &str) -> Result<(String, String), TokenizerError> {
    let (left, right) = merge.split_once(' ').ok_or(TokenizerError::MergeSyntax { index })?;
    Ok((left.to_owned(), right.to_owned()))
}

/// How text is cut into words before merging, and whether a word that is a token is taken whole.
fn pre_tokenizer(pre: &str) -> Result<(PreTokenizerWrapper, bool), TokenizerError> {
    let regex = |pattern: &str| {
        Split::new(SplitPattern::Regex(pattern.to_owned()), SplitDelimiterBehavior::Isolated, false)
            .map(PreTokenizerWrapper::Split)
            .map_err(|error| TokenizerError::Encode { reason: error.to_string() })
    };
    let digits = || PreTokenizerWrapper::Digits(Digits::new(true));
    let (mut parts, whole_words_first) = match pre {
        "gpt-2" | "gpt2" => (vec![regex(GPT2_WORDS)?], false),
        "smollm" => (vec![digits(), regex(GPT2_WORDS)?], false),
        "llama-bpe" | "llama3" | "llama-v3" => (vec![regex(LLAMA3_WORDS)?], true),
        "qwen2" => (vec![regex(QWEN2_WORDS)?], false),
        "default" => (
            vec![
                regex(r"[\p{P}\$\+<=>\^~\|]+")?,
                regex(GPT2_WORDS)?,
                regex(r"\p{N}+")?,
                regex(r"[0-9][0-9][0-9]")?,
            ],
            false,
        ),
        unknown => return Err(TokenizerError::UnknownPreTokenizer { name: unknown.to_owned() }),
    };
    // Only spells bytes as printable characters: the words are already cut.
    parts.push(PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, false, false)));
    Ok((PreTokenizerWrapper::Sequence(Sequence::new(parts)), whole_words_first))
}
