use super::*;
use crate::testing::TinyLlama;

fn config() -> ModelConfig {
    ModelConfig::from_gguf(&Gguf::parse(&TinyLlama::default().gguf()).expect("well-formed")).expect("a llama")
}

#[test]
fn the_cache_is_counted_in_whole_pages() {
    let config = config();
    let kv = |tokens| estimate(&config, 512, 1, tokens).kv_bytes;
    let page = 64 * 2 * 32 * 2 * 2;
    assert_eq!((kv(0), kv(1), kv(64), kv(65)), (0, page, page, 2 * page));
}

#[test]
fn packed_weights_count_padding_to_whole_tiles() {
    // 258 outputs of 64 in Q8_0: 17 tiles of 16, each 2 blocks of 544 bytes.
    assert_eq!(packed_bytes(TensorType::Q8_0, 258, 64), Some(17 * 2 * 544));
    assert_eq!(packed_bytes(TensorType::Q4_1, 16, 32), Some(320));
    assert_eq!(packed_bytes(TensorType::Q4_1, 16, 33), None);
    assert_eq!(packed_bytes(TensorType::F32, u64::MAX, 2), None);
}

#[test]
fn packing_costs_at_most_three_percent_more_than_the_file() {
    for ty in TensorType::ALL {
        let file = (TILE_OUTPUTS * ty.block_bytes()) as f64;
        let ratio = packed_block_bytes(ty) as f64 / file;
        assert!((1.0..1.03).contains(&ratio), "{ty}: {ratio}");
    }
}

#[test]
fn absurd_requests_saturate_instead_of_looking_small() {
    let config = config();
    let estimate = estimate(&config, u32::MAX, u32::MAX, u64::MAX);
    assert_eq!(estimate.kv_bytes, u64::MAX);
    assert_eq!(estimate.total_bytes(), u64::MAX);
}

#[test]
fn more_of_anything_never_needs_less() {
    let config = config();
    let base = estimate(&config, 512, 4, 1024).total_bytes();
    assert!(estimate(&config, 1024, 4, 1024).total_bytes() > base);
    assert!(estimate(&config, 512, 8, 1024).total_bytes() > base);
    assert!(estimate(&config, 512, 4, 2048).total_bytes() > base);
}
