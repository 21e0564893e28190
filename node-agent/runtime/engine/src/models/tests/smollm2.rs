//! SmolLM2-135M-Instruct Q4_1 against what llama.cpp computed from the same file.

use std::fs::File;
use std::sync::LazyLock;

use runtime_formats::gguf::Gguf;
use runtime_formats::quant::{TensorType, dequantize_row};
use runtime_formats::source::ByteSource;
use runtime_formats::testing::GgufWriter;
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

fn fast() -> Schedule {
    Schedule { chunk: 512, neighbours: 0, threads: 2, isa: Isa::best() }
}

/// The logits after the prompt and after each token of the answer but the last.
fn forced(subject: &mut Subject, anchor: &Anchor) -> Vec<Vec<f32>> {
    let mut steps = Vec::new();
    let answer = &anchor.answer[..anchor.answer.len() - 1];
    subject.watch((anchor.prompt_tokens, answer), fast(), |logits| steps.push(logits.to_vec()));
    steps
}

fn likeliest(logits: &[f32]) -> u32 {
    let mut greedy = Sampler::new(SamplingParams::GREEDY, None, &[]);
    greedy.sample(&mut logits.to_vec()).unwrap().token
}

/// The same model with its weights as F32, so that nothing is rounded to int8 on the way.
fn unquantized(gguf: &Gguf, source: &File) -> Vec<u8> {
    let mut writer = GgufWriter::new();
    gguf.metadata().iter().for_each(|(key, value)| {
        writer.set(key, value.clone());
    });
    for tensor in gguf.tensors() {
        let mut raw = vec![0; tensor.size_bytes as usize];
        source.read_at(tensor.offset_bytes, &mut raw).unwrap();
        let mut weights = vec![0.0; tensor.weights() as usize];
        dequantize_row(tensor.ty, &raw, &mut weights);
        let bytes = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        writer.tensor(&tensor.name, &tensor.dims, TensorType::F32, bytes);
    }
    writer.finish()
}

/// Places of 64 at which an int8 engine may choose otherwise than exact activations would. llama.cpp itself
/// does so at one place after the first prompt and at four after the second.
const DIFFERENCES: usize = 4;
/// How far apart two logits may be that int8 activations swap.
const NEAR_TIE: f32 = 0.5;

#[test]
fn greedy_tokens_agree_with_llama_cpp_and_with_exact_activations_but_for_near_ties() {
    let (_, gguf) = &*TOKENIZER;
    let mut quantized = Subject::load(&file(), fast(), POSITIONS);
    let mut exact = Subject::load(&unquantized(gguf, &file()), fast(), POSITIONS);
    for anchor in &ANCHORS {
        let ours: Vec<u32> = forced(&mut quantized, anchor).iter().map(|logits| likeliest(logits)).collect();
        let reference = forced(&mut exact, anchor);
        let best: Vec<u32> = reference.iter().map(|logits| likeliest(logits)).collect();
        for (name, others) in [("llama.cpp", anchor.answer.as_slice()), ("exact activations", &best)] {
            let places = ours.iter().zip(others).enumerate().filter(|(_, (ours, other))| ours != other);
            let margins: Vec<(usize, f32)> = places
                .map(|(place, (a, b))| {
                    let logits = &reference[place];
                    (place, (logits[*a as usize] - logits[*b as usize]).abs())
                })
                .collect();
            let near = margins.iter().all(|(_, margin)| *margin < NEAR_TIE);
            assert!(near && margins.len() <= DIFFERENCES, "{name}: {margins:?} after {:?}", anchor.prompt);
        }
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
        let schedule = Schedule { chunk, neighbours, threads, isa };
        let mut subject = Subject::load(&file(), schedule, POSITIONS);
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
            Subject::load(&file(), schedule, POSITIONS)
                .logits_hash((prompt, &ANCHORS[0].answer[..4]), schedule),
        )
    });
    let (_, expected) = hashes.next().unwrap();
    for (isa, hash) in hashes {
        assert_eq!(hash, expected, "{}", isa.name());
    }
}
