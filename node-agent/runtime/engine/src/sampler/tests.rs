use super::{NonFinite, Sampler, SamplingParams};

const SAMPLED: SamplingParams = SamplingParams { temperature: 1.0, seed: 11, ..SamplingParams::GREEDY };

fn sample(params: SamplingParams, logits: &[f32]) -> u32 {
    Sampler::new(params, None, &[]).sample(&mut logits.to_vec()).unwrap().token
}

/// How often each token is drawn in `draws` draws from one sampler.
fn histogram(params: SamplingParams, logits: &[f32], draws: usize) -> Vec<usize> {
    let mut sampler = Sampler::new(params, None, &[]);
    let mut counts = vec![0; logits.len()];
    for _ in 0..draws {
        counts[sampler.sample(&mut logits.to_vec()).unwrap().token as usize] += 1;
    }
    counts
}

#[test]
fn greedy_takes_the_largest_logit_and_the_lowest_id_among_equals() {
    let mut wide = vec![0.0; 100];
    (wide[37], wide[70]) = (2.0, 2.0);
    let cases: [(&[f32], u32); 4] =
        [(&[0.0, 3.0, 1.0], 1), (&[5.0, 5.0], 0), (&[f32::NAN, -1.0, f32::NEG_INFINITY], 1), (&wide, 37)];
    for (logits, token) in cases {
        assert_eq!(sample(SamplingParams::GREEDY, logits), token);
    }
}

#[test]
fn logits_without_a_finite_number_are_an_error() {
    for logits in [[f32::NAN; 3], [f32::NEG_INFINITY; 3], [f32::INFINITY; 3]] {
        let mut sampler = Sampler::new(SAMPLED, None, &[]);
        assert_eq!(sampler.sample(&mut logits.clone()), Err(NonFinite));
    }
}

#[test]
fn tokens_are_drawn_in_proportion_to_their_probability() {
    let probabilities = [0.5, 0.3, 0.15, 0.05];
    let counts = histogram(SAMPLED, &probabilities.map(f32::ln), 20_000);
    for (count, probability) in counts.iter().zip(probabilities) {
        let share = *count as f32 / 20_000.0;
        assert!((share - probability).abs() < 0.015, "{share} for {probability}");
    }
}

#[test]
fn filters_leave_only_the_tokens_they_should() {
    let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);
    let cases: [(SamplingParams, &[u32]); 7] = [
        (SamplingParams { top_k: 1, ..SAMPLED }, &[0]),
        (SamplingParams { top_k: 2, ..SAMPLED }, &[0, 1]),
        (SamplingParams { top_k: 9, ..SAMPLED }, &[0, 1, 2, 3]),
        (SamplingParams { top_p: 0.75, ..SAMPLED }, &[0, 1]),
        (SamplingParams { top_p: 0.01, ..SAMPLED }, &[0]),
        (SamplingParams { min_p: 0.2, ..SAMPLED }, &[0, 1, 2]),
        // Of the two that top-k leaves, 0.5 / 0.8 is already the nucleus.
        (SamplingParams { top_k: 2, top_p: 0.6, ..SAMPLED }, &[0]),
    ];
    for (params, kept) in cases {
        let counts = histogram(params, &logits, 2_000);
        let drawn: Vec<u32> = (0..4).filter(|token| counts[*token as usize] > 0).collect();
        assert_eq!(drawn, kept, "{params:?}");
    }
}

#[test]
fn the_nucleus_is_the_same_however_flat_the_distribution() {
    let flat = vec![0.0; 5_000];
    let counts = histogram(SamplingParams { top_p: 0.5, ..SAMPLED }, &flat, 4_000);
    let beyond: usize = counts[2_500..].iter().sum();
    assert_eq!(beyond, 0, "equal logits are ranked by id, so the nucleus is the first half");
    assert!(counts[2_000..2_500].iter().sum::<usize>() > 0, "and reaches to its end");
}

#[test]
fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
    let logits: Vec<f32> = (0u8..200).map(|id| f32::from(id % 17) / 9.0).collect();
    let tokens = |seed| -> Vec<u32> {
        let mut sampler = Sampler::new(SamplingParams { seed, ..SAMPLED }, None, &[]);
        (0..20).map(|_| sampler.sample(&mut logits.clone()).unwrap().token).collect()
    };
    assert_eq!(tokens(1), tokens(1));
    assert_ne!(tokens(1), tokens(2));
}

#[test]
fn penalties_turn_tokens_away_as_often_as_they_came() {
    let cases = [
        // Generated once: 5 - 2 is below 4.
        (SamplingParams { presence_penalty: 2.0, ..SamplingParams::GREEDY }, [1, 0, 2], vec![0, 1, 0, 0]),
        // Each repetition costs one more.
        (SamplingParams { frequency_penalty: 1.0, ..SamplingParams::GREEDY }, [9, 9, 9], vec![0, 0, 1, 0]),
        // Divides positive logits, also of prompt tokens: token 1 counts, token 0 is halved after one use.
        (SamplingParams { repetition_penalty: 2.0, ..SamplingParams::GREEDY }, [1, 1, 1], vec![0, 0, 0, 0]),
    ];
    for (params, prompt, expected) in cases {
        let mut sampler = Sampler::new(params, None, &prompt);
        let tokens: Vec<u32> = (0..4).map(|_| sampler.sample(&mut [5.0, 4.0, 0.0]).unwrap().token).collect();
        assert_eq!(tokens, expected, "{params:?}");
    }
}

#[test]
fn repetition_makes_negative_logits_more_negative() {
    let params = SamplingParams { repetition_penalty: 2.0, ..SamplingParams::GREEDY };
    let mut sampler = Sampler::new(params, None, &[0]);
    assert_eq!(sampler.sample(&mut [-1.0, -1.5]).unwrap().token, 1);
}

#[test]
fn log_probabilities_are_those_before_penalties_and_temperature() {
    let probabilities = [0.5f32, 0.3, 0.15, 0.05];
    let params = SamplingParams { temperature: 0.5, top_k: 1, repetition_penalty: 3.0, ..SAMPLED };
    let mut sampler = Sampler::new(params, Some(2), &[1]);
    let sampled = sampler.sample(&mut probabilities.map(f32::ln)).unwrap();
    let report = sampled.logprobs.unwrap();
    assert_eq!(report.chosen.token, sampled.token);
    let top: Vec<u32> = report.top.iter().map(|one| one.token).collect();
    assert_eq!(top, [0, 1]);
    for one in report.top.iter().chain([&report.chosen]) {
        let expected = probabilities[one.token as usize].ln();
        assert!((one.logprob - expected).abs() < 1e-5, "{one:?}, expected {expected}");
    }
}

#[test]
fn parameters_outside_their_ranges_are_refused_by_name() {
    let cases = [
        ("temperature", SamplingParams { temperature: -0.1, ..SAMPLED }),
        ("temperature", SamplingParams { temperature: f32::NAN, ..SAMPLED }),
        ("top_p", SamplingParams { top_p: 0.0, ..SAMPLED }),
        ("min_p", SamplingParams { min_p: 1.1, ..SAMPLED }),
        ("presence_penalty", SamplingParams { presence_penalty: 2.1, ..SAMPLED }),
        ("frequency_penalty", SamplingParams { frequency_penalty: -2.1, ..SAMPLED }),
        ("repetition_penalty", SamplingParams { repetition_penalty: 0.0, ..SAMPLED }),
        ("top_k", SamplingParams { top_k: 1_000_001, ..SAMPLED }),
    ];
    for (field, params) in cases {
        assert_eq!(params.validate().unwrap_err().field, field);
    }
    assert!(SAMPLED.validate().is_ok() && SamplingParams::GREEDY.validate().is_ok());
}
