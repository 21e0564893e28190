use super::*;
use crate::testing::{activations, assert_same_bits, every_isa};
use crate::{Isa, KvShape, KvSlot};
use std::ops::Range;

const HEADS: usize = 6;

/// A cache in which sequence `s` keeps position `p` on page `tables[s][p / 64]`.
fn filled(kernels: &Kernels, shape: KvShape, tables: &[&[u32]], lengths: &[usize]) -> KvCache {
    let pages = tables.iter().flat_map(|t| t.iter()).max().map_or(1, |&p| p as usize + 1);
    let mut cache = KvCache::new(shape, pages).unwrap();
    // What another tenant left behind: not-a-numbers that any look at an unseen position would spread.
    let width = shape.kv_heads * shape.head_dim;
    for page in 0..pages as u32 {
        for slot in 0..KV_PAGE_TOKENS as u32 {
            let poison = vec![f32::NAN; width];
            kernels.kv_write(&mut cache, 0, &[KvSlot { page, slot }], &poison, &poison).unwrap();
        }
    }
    for (s, (table, &length)) in tables.iter().zip(lengths).enumerate() {
        for p in 0..length {
            let at = KvSlot { page: table[p / KV_PAGE_TOKENS], slot: (p % KV_PAGE_TOKENS) as u32 };
            let key = activations(width, (s * 10_000 + p) as u64);
            let value = activations(width, (s * 10_000 + p + 5_000) as u64);
            kernels.kv_write(&mut cache, 0, &[at], &key, &value).unwrap();
        }
    }
    cache
}

fn attend(
    kernels: &Kernels,
    threads: usize,
    cache: &KvCache,
    tables: &[&[u32]],
    rows: &[AttentionRow],
    query: &[f32],
) -> Vec<f32> {
    let mut out = vec![0.0; query.len()];
    let a = Attention { cache, layer: 0, heads: HEADS, rows, page_tables: tables, query };
    kernels.attention(&Pool::new(threads).unwrap(), &a, &mut out).unwrap();
    out
}

fn rows(sequence: u32, positions: Range<u32>) -> Vec<AttentionRow> {
    positions.map(|position| AttentionRow { sequence, position }).collect()
}

#[test]
fn every_isa_gives_the_same_bits() {
    for (head_dim, kv_heads) in [(64, 2), (48, 6), (128, 1), (16, 3)] {
        let shape = KvShape { layers: 1, kv_heads, head_dim };
        let tables: [&[u32]; 1] = [&[2, 0, 1]];
        for positions in [0..1, 60..70, 130..131, 100..140] {
            let rows = rows(0, positions.clone());
            let query = activations(rows.len() * HEADS * head_dim, 77);
            let results: Vec<_> = every_isa()
                .into_iter()
                .map(|k| attend(k, 2, &filled(k, shape, &tables, &[140]), &tables, &rows, &query))
                .collect();
            assert!(results[0].iter().all(|x| x.is_finite()));
            let what = format!("head {head_dim} positions {positions:?}");
            results.iter().for_each(|r| assert_same_bits(r, &results[0], &what));
        }
    }
}

#[test]
fn a_row_has_the_same_bits_alone_in_a_prompt_in_a_batch_and_on_other_pages() {
    let kernels = Kernels::of(Isa::best()).unwrap();
    let shape = KvShape { layers: 1, kv_heads: 2, head_dim: 64 };
    let tables: [&[u32]; 2] = [&[0, 1, 2], &[3, 4, 5]];
    let cache = filled(kernels, shape, &tables, &[150, 90]);
    let width = HEADS * 64;
    let query = activations(190 * width, 1);
    let mut batch = rows(0, 0..150);
    batch.extend(rows(1, 50..90));
    let together = attend(kernels, 2, &cache, &tables, &batch, &query);

    let moved: [&[u32]; 2] = [&[5, 3, 0], &[1, 2, 4]];
    let elsewhere = filled(kernels, shape, &moved, &[150, 90]);
    for row in [0, 1, 63, 64, 149, 150, 189] {
        let query = &query[row * width..][..width];
        let alone = attend(kernels, 1, &cache, &tables, &batch[row..=row], query);
        assert_same_bits(&together[row * width..][..width], &alone, &format!("row {row} alone"));
        let there = attend(kernels, 3, &elsewhere, &moved, &batch[row..=row], query);
        assert_same_bits(&there, &alone, &format!("row {row} on other pages"));
    }
}

#[test]
fn attention_is_the_softmax_average_of_the_values() {
    let kernels = Kernels::of(Isa::best()).unwrap();
    let shape = KvShape { layers: 1, kv_heads: 1, head_dim: 16 };
    let tables: [&[u32]; 1] = [&[0, 1]];
    let cache = filled(kernels, shape, &tables, &[100]);
    let query = activations(HEADS * 16, 3);
    let found = attend(kernels, 1, &cache, &tables, &rows(0, 99..100), &query);
    for (head, found) in found.chunks_exact(16).enumerate() {
        let wanted = textbook(&query[head * 16..][..16], 100);
        for (f, w) in found.iter().zip(wanted) {
            assert!((f64::from(*f) - w).abs() < 2e-2, "head {head}: {f} {w}");
        }
    }
}

/// Softmax attention in f64 over the unrounded keys and values; f16 rounding is the tolerance.
fn textbook(query: &[f32], length: u64) -> Vec<f64> {
    let dot = |k: &[f32]| k.iter().zip(query).map(|(k, q)| f64::from(*k) * f64::from(*q)).sum::<f64>();
    let scores: Vec<f64> = (0..length).map(|p| dot(&activations(16, p)) / 4.0).collect();
    let max = scores.iter().copied().fold(f64::MIN, f64::max);
    let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
    let total: f64 = weights.iter().sum();
    (0..16)
        .map(|e| {
            (0..length).map(|p| weights[p as usize] * f64::from(activations(16, p + 5_000)[e])).sum::<f64>()
        })
        .map(|sum| sum / total)
        .collect()
}

#[test]
fn rows_that_point_outside_the_cache_are_refused() {
    let kernels = Kernels::of(Isa::Scalar).unwrap();
    let cache = KvCache::new(KvShape { layers: 1, kv_heads: 2, head_dim: 16 }, 1).unwrap();
    let query = vec![0.0; HEADS * 16];
    let mut out = query.clone();
    let good = AttentionRow { sequence: 0, position: 63 };
    let cases: [(&str, usize, AttentionRow, &[u32]); 4] = [
        ("layer", 1, good, &[0]),
        ("sequence", 0, AttentionRow { sequence: 1, position: 0 }, &[0]),
        ("position", 0, AttentionRow { sequence: 0, position: 64 }, &[0]),
        ("page", 0, good, &[1]),
    ];
    let pool = Pool::new(1).unwrap();
    for (what, layer, row, table) in cases {
        let (rows, tables) = ([row], [table]);
        let a = Attention {
            cache: &cache,
            layer,
            heads: HEADS,
            rows: &rows,
            page_tables: &tables,
            query: &query,
        };
        assert!(matches!(kernels.attention(&pool, &a, &mut out), Err(KernelError::Shape { .. })), "{what}");
    }
    let mut cache = cache;
    let beyond = KvSlot { page: 0, slot: 64 };
    let refused = kernels.kv_write(&mut cache, 0, &[beyond], &[0.0; 32], &[0.0; 32]);
    assert!(matches!(refused, Err(KernelError::Shape { found: 64, .. })));
}
