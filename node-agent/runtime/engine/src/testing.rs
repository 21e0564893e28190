//! Tiny tokenizers for unit tests, made once: compiling a pre-tokenizer's expressions is slow.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::tokenizer::{Tokenizer, TokenizerTables};

/// Control tokens of [`byte_level`], with ids from 0.
pub(crate) const CONTROLS: [&str; 3] = ["<|start|>", "<|end|>", "<s>"];

/// A byte-level vocabulary: control tokens, the user-defined `</think>`, one token per byte, some merges.
pub(crate) fn byte_level() -> &'static Tokenizer {
    static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(make_byte_level);
    &TOKENIZER
}

fn make_byte_level() -> Tokenizer {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut hidden = 0x100..;
    let bytes = (0..=255u8).map(|byte| {
        let code = if printable(byte) { u32::from(byte) } else { hidden.next().unwrap() };
        char::from_u32(code).unwrap().to_string()
    });
    let words = ["he", "ll", "hell", "hello", "\u{120}w"].map(str::to_owned);
    let controls = CONTROLS.map(str::to_owned);
    let tokens: Vec<String> =
        controls.into_iter().chain(["</think>".to_owned()]).chain(bytes).chain(words).collect();
    let token_types = (0..tokens.len()).map(|id| match id {
        0..3 => 3,
        3 => 4,
        _ => 1,
    });
    Tokenizer::new(TokenizerTables {
        model: "gpt2".to_owned(),
        pre: Some("gpt-2".to_owned()),
        token_types: token_types.collect(),
        tokens,
        merges: ["h e", "l l", "he ll", "hell o", "\u{120} w"].map(str::to_owned).to_vec(),
        bos_id: Some(2),
        eos_id: Some(1),
        ..TokenizerTables::default()
    })
    .unwrap()
}

/// A SentencePiece vocabulary: unknown, two control tokens, all byte tokens, some scored words.
pub(crate) fn sentence_piece() -> &'static Tokenizer {
    static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(make_sentence_piece);
    &TOKENIZER
}

fn make_sentence_piece() -> Tokenizer {
    let mut tokens: Vec<(String, u32, f32)> =
        vec![("<unk>".into(), 2, 0.0), ("<s>".into(), 3, 0.0), ("</s>".into(), 3, 0.0)];
    tokens.extend((0..=255).map(|byte| (format!("<0x{byte:02X}>"), 6, 0.0)));
    let words = ["\u{2581}", "a", "b", "c", "ab", "bc", "\u{2581}a", "\u{2581}ab", "abc"];
    tokens.extend(words.iter().zip(1u8..).map(|(word, rank)| ((*word).to_owned(), 1, -f32::from(rank))));
    Tokenizer::new(TokenizerTables {
        model: "llama".to_owned(),
        token_types: tokens.iter().map(|token| token.1).collect(),
        scores: tokens.iter().map(|token| token.2).collect(),
        tokens: tokens.into_iter().map(|token| token.0).collect(),
        bos_id: Some(1),
        eos_id: Some(2),
        unknown_id: Some(0),
        ..TokenizerTables::default()
    })
    .unwrap()
}

/// SmolLM2-135M-Instruct Q4_1, where the environment or a folder above says it is.
pub(crate) fn model_file() -> PathBuf {
    const NAME: &str = ".cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf";
    let named = std::env::var_os("CLOISTER_TEST_MODEL").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join(NAME));
    let mut found = named.into_iter().chain(above).filter(|path| path.is_file());
    found.next().expect("the test model is missing: run `make model`, or set CLOISTER_TEST_MODEL to its path")
}
