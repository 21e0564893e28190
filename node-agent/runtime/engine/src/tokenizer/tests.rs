use proptest::prelude::*;

use super::{Detokenizer, Specials, Tokenizer, TokenizerError, TokenizerTables};
use crate::testing::{byte_level, sentence_piece};

fn spellings(tokenizer: &Tokenizer, text: &str, specials: Specials) -> Vec<String> {
    let mut ids = Vec::new();
    tokenizer.encode(text, specials, &mut ids).unwrap();
    ids.iter().map(|id| tokenizer.vocabulary().spelling(*id).unwrap().to_owned()).collect()
}

fn decoded(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let mut detokenizer = Detokenizer::default();
    let mut text: String = ids.iter().map(|id| detokenizer.push(tokenizer.vocabulary().bytes(*id))).collect();
    text.push_str(&detokenizer.finish());
    text
}

#[test]
fn byte_level_words_are_merged_by_rank_and_spelled_back() {
    let tokenizer = byte_level();
    let cases: [(&str, &[&str]); 4] = [
        ("hello", &["hello"]),
        ("hellhe", &["hell", "he"]),
        ("he wé", &["he", "\u{120}w", "\u{c3}", "\u{a9}"]),
        ("", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(spellings(tokenizer, text, Specials::Parse), expected, "{text:?}");
    }
}

#[test]
fn sentence_piece_merges_the_best_score_first_and_falls_back_to_bytes() {
    let tokenizer = sentence_piece();
    let cases: [(&str, &[&str]); 4] = [
        // "ab" (-5) is better than "bc" (-6), then "▁ab" (-8) better than "abc" (-9).
        ("abc", &["\u{2581}ab", "c"]),
        ("bc", &["\u{2581}", "bc"]),
        ("a a", &["\u{2581}a", "\u{2581}a"]),
        ("é", &["\u{2581}", "<0xC3>", "<0xA9>"]),
    ];
    for (text, expected) in cases {
        assert_eq!(spellings(tokenizer, text, Specials::Parse), expected, "{text:?}");
    }
}

#[test]
fn control_tokens_are_taken_from_prompts_and_never_from_literal_text() {
    let tokenizer = byte_level();
    let text = "<|start|>he<|end|>";
    assert_eq!(spellings(tokenizer, text, Specials::Parse), ["<|start|>", "he", "<|end|>"]);
    let literal = spellings(tokenizer, text, Specials::Literal);
    assert!(!literal.iter().any(|token| token.starts_with("<|")), "{literal:?}");
    assert_eq!(spellings(tokenizer, "</think>", Specials::Literal), ["</think>"], "user-defined is text");
}

#[test]
fn the_beginning_token_is_added_when_the_model_wants_it() {
    assert_eq!(sentence_piece().encode_prompt("a").unwrap()[0], 1);
    assert!(byte_level().encode_prompt("").unwrap().is_empty(), "byte-level models add none unless told");
}

#[test]
fn control_tokens_decode_to_nothing() {
    let tokenizer = byte_level();
    let ids = tokenizer.encode_prompt("<|start|>hello<|end|>").unwrap();
    assert_eq!(decoded(tokenizer, &ids), "hello");
}

#[test]
fn tables_that_do_not_fit_are_refused_by_name() {
    let good = TokenizerTables {
        model: "llama".to_owned(),
        tokens: vec!["a".to_owned()],
        scores: vec![0.0],
        ..TokenizerTables::default()
    };
    let change = |change: fn(&mut TokenizerTables)| {
        let mut tables = good.clone();
        change(&mut tables);
        Tokenizer::new(tables)
    };
    assert!(change(|_| {}).is_ok());
    type Spoil = fn(&mut TokenizerTables);
    let cases: [(Spoil, &str); 7] = [
        (|t| t.model = "bert".into(), "\"bert\""),
        (|t| (t.model, t.pre) = ("gpt2".into(), Some("klingon".into())), "\"klingon\""),
        (|t| t.tokens.clear(), "scores has 1 entries for 0"),
        (|t| t.scores.clear(), "tokenizer.ggml.scores"),
        (|t| t.token_types = vec![1, 1], "tokenizer.ggml.token_type"),
        (|t| t.eos_id = Some(9), "tokenizer.ggml.eos_token_id is 9"),
        (|t| (t.model, t.merges) = ("gpt2".into(), vec!["ab".into()]), "merge 0"),
    ];
    for (spoil, words) in cases {
        let message = change(spoil).unwrap_err().to_string();
        assert!(message.contains(words), "{message:?} should contain {words:?}");
    }
}

#[test]
fn a_merge_outside_the_vocabulary_is_refused() {
    let tables = TokenizerTables {
        model: "gpt2".to_owned(),
        tokens: vec!["a".to_owned()],
        merges: vec!["a z".to_owned()],
        ..TokenizerTables::default()
    };
    assert!(matches!(Tokenizer::new(tables), Err(TokenizerError::Merges { .. })));
}

#[test]
fn a_megabyte_of_one_character_is_encoded_in_reasonable_time() {
    for text in [" ".repeat(1 << 20), "a".repeat(1 << 20), "\n".repeat(1 << 20)] {
        for tokenizer in [byte_level(), sentence_piece()] {
            let ids = tokenizer.encode_prompt(&text).unwrap();
            assert!(ids.len() >= tokenizer.vocabulary().fewest_tokens(text.len()));
        }
    }
}

proptest! {
    #[test]
    fn byte_level_text_survives_the_round_trip(text in "\\PC{0,40}|[a-z \n\t<|>/]{0,40}") {
        let tokenizer = byte_level();
        let mut ids = Vec::new();
        tokenizer.encode(&text, Specials::Literal, &mut ids).unwrap();
        prop_assert_eq!(decoded(tokenizer, &ids), text);
    }

    #[test]
    fn sentence_piece_text_survives_the_round_trip_after_its_leading_space(text in "[a-cé ]{1,30}") {
        let tokenizer = sentence_piece();
        let mut ids = Vec::new();
        tokenizer.encode(&text, Specials::Literal, &mut ids).unwrap();
        prop_assert_eq!(decoded(tokenizer, &ids), format!(" {text}"));
    }
}
