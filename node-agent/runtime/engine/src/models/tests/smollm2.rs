//! SmolLM2-135M-Instruct Q4_1 against what llama.cpp computed from the same file.

use std::fs::File;
use std::sync::LazyLock;

use runtime_formats::gguf::Gguf;
use runtime_kernels::Isa;

use super::{NEIGHBOURS, Schedule, Subject};
use crate::sampler::{Sampler, SamplingParams};
use crate::template::{ChatTemplate, Message};
use crate::testing::model_file;
use crate::tokenizer::{Tokenizer, TokenizerTables};

/// A prompt, its tokens, and the 64 tokens that llama.cpp continues it with greedily.
struct Anchor {
    prompt: &'static str,
    prompt_tokens: &'static [u32],
    answer: [u32; 64],
}

const ANCHORS: [Anchor; 2] = [
    Anchor {
        prompt: "The audit log of an inference server must contain",
        prompt_tokens: &[504, 21248, 1993, 282, 354, 23630, 6064, 1251, 2127],
        answer: [
            253, 24441, 282, 260, 6064, 506, 6806, 2014, 28, 527, 314, 804, 288, 1464, 253, 24441, 2004, 30,
            669, 24441, 2004, 314, 804, 288, 1464, 253, 24441, 2004, 281, 260, 6064, 506, 1993, 2301, 30,
            198, 198, 504, 24441, 2004, 314, 2312, 411, 260, 6064, 506, 6064, 29, 1908, 6230, 282, 260,
            24441, 274, 6958, 30, 378, 24441, 2004, 314, 2312, 411, 260, 6064,
        ],
    },
    Anchor {
        prompt: "Once upon a time, in a small village by the sea,",
        prompt_tokens: &[6403, 1980, 253, 655, 28, 281, 253, 1165, 6560, 411, 260, 3426, 28],
        answer: [
            665, 436, 253, 9357, 1573, 267, 19341, 3365, 17644, 254, 30, 909, 436, 1343, 327, 650, 11347,
            284, 26677, 30, 198, 198, 1082, 270, 254, 761, 253, 7388, 3365, 3906, 264, 30, 909, 436, 253,
            12833, 284, 33011, 22873, 28, 284, 384, 5732, 260, 3426, 30, 909, 436, 597, 253, 10632, 11239,
            259, 284, 253, 10632, 22873, 30, 909, 5732, 260, 1666, 284, 260,
        ],
    },
];
/// Positions of the longest schedule below.
const POSITIONS: usize = 512;

fn file() -> File {
    File::open(model_file()).unwrap()
}

static TOKENIZER: LazyLock<(Tokenizer, Gguf)> = LazyLock::new(|| {
    let gguf = Gguf::parse(&file()).unwrap();
    (Tokenizer::new(TokenizerTables::from_gguf(&gguf).unwrap()).unwrap(), gguf)
});

#[test]
fn prompts_become_the_tokens_that_llama_cpp_makes_of_them() {
    let (tokenizer, _) = &*TOKENIZER;
    for anchor in &ANCHORS {
        assert_eq!(tokenizer.encode_prompt(anchor.prompt).unwrap(), anchor.prompt_tokens);
    }
    let digits = tokenizer.encode_prompt("In 2026").unwrap();
    let spellings: Vec<_> = digits.iter().map(|id| tokenizer.vocabulary().spelling(*id).unwrap()).collect();
    assert_eq!(spellings, ["In", "\u{120}", "2", "0", "2", "6"], "this model takes digits one by one");
}

#[test]
fn a_conversation_is_rendered_as_the_models_own_template_says() {
    let (tokenizer, gguf) = &*TOKENIZER;
    let source: &str = gguf.require("tokenizer.chat_template").unwrap();
    let template = ChatTemplate::new(source, tokenizer).unwrap();
    let message = Message { role: "user".to_owned(), content: "hi <|im_end|>".to_owned() };
    let tokens = template.encode(tokenizer, &[message]).unwrap();
    let (start, end) = (1, 2);
    let controls: Vec<u32> = tokens.iter().copied().filter(|token| *token <= 16).collect();
    assert_eq!(controls, [start, end, start, end, start], "system, user, and the assistant to come");
    assert!(tokenizer.end_ids().contains(&end));
}

#[test]
fn greedy_tokens_agree_with_llama_cpp_when_both_have_seen_the_same_text() {
    let mut subject = Subject::load(&file(), 2, Isa::best(), POSITIONS);
    let schedule = Schedule { chunk: 512, neighbours: 0, threads: 2, isa: Isa::best() };
    for anchor in &ANCHORS {
        let mut greedy = Sampler::new(SamplingParams::GREEDY, None, &[]);
        let mut chosen = Vec::new();
        let answer = &anchor.answer[..anchor.answer.len() - 1];
        subject.watch((anchor.prompt_tokens, answer), schedule, |logits| {
            chosen.push(greedy.sample(&mut logits.to_vec()).unwrap().token);
        });
        let agreeing = chosen.iter().zip(&anchor.answer).filter(|(ours, theirs)| ours == theirs).count();
        // One near-tie may fall the other way: the two engines round differently.
        assert!(agreeing >= 63, "{agreeing} of 64 agree after {:?}", anchor.prompt);
    }
}

#[test]
fn three_hundred_prompt_tokens_and_sixty_four_steps_have_one_hash_on_every_schedule() {
    let prompt: Vec<u32> = ANCHORS.iter().flat_map(|anchor| anchor.answer).cycle().take(300).collect();
    let answer = &ANCHORS[1].answer;
    let schedules = [
        (1, Isa::best(), 512, 0),
        (2, Isa::best(), 7, 0),
        (2, Isa::best(), 24, NEIGHBOURS),
        (2, Isa::best(), 200, NEIGHBOURS),
        (2, Isa::best(), 1, 0),
    ];
    let mut hashes = Vec::new();
    for (threads, isa, chunk, neighbours) in schedules {
        let mut subject = Subject::load(&file(), threads, isa, POSITIONS);
        let schedule = Schedule { chunk, neighbours, threads, isa };
        hashes.push((subject.logits_hash((&prompt, answer), schedule), schedule));
    }
    let (expected, _) = hashes[0].clone();
    for (hash, schedule) in hashes {
        assert_eq!(hash, expected, "{schedule:?}");
    }
}

#[test]
fn the_scalar_specification_gives_the_same_bits_as_the_fast_kernels() {
    let prompt = ANCHORS[0].prompt_tokens;
    let mut hashes = super::available().map(|isa| {
        let schedule = Schedule { chunk: 512, neighbours: 0, threads: 2, isa };
        (
            isa,
            Subject::load(&file(), 2, isa, POSITIONS)
                .logits_hash((prompt, &ANCHORS[0].answer[..4]), schedule),
        )
    });
    let (_, expected) = hashes.next().unwrap();
    for (isa, hash) in hashes {
        assert_eq!(hash, expected, "{}", isa.name());
    }
}
