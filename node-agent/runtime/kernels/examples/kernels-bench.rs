//! Speed of every kernel: `cargo run -p runtime-kernels --example kernels-bench -- [threads] [filter]`.
//!
//! Prints the best of several runs: on a shared machine the best says what the kernel can do.
#![allow(clippy::print_stdout)]

use runtime_formats::quant::TensorType;
use runtime_formats::testing::{SplitMix, random_matrix};
use runtime_kernels::{
    Attention, AttentionRow, Isa, Kernels, KvCache, KvShape, PackedMatrix, Pool, QuantizedRows, WeightArena,
};
use std::error::Error;
use std::time::{Duration, Instant};

const COLS: usize = 1536;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().map_or(Ok(2), |n| n.parse())?;
    let filter = arguments.next().unwrap_or_default();
    let pool = Pool::new(threads)?;
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
        println!("{} on {threads} threads", kernels.isa().name());
        for ty in TensorType::ALL.into_iter().filter(|ty| ty.name().contains(&filter)) {
            matrix(kernels, &pool, ty)?;
        }
        if "attention".contains(&filter) {
            attention(kernels, &pool)?;
        }
        if "rows".contains(&filter) {
            rows(kernels, &pool)?;
        }
    }
    Ok(())
}

/// The shortest of up to `limit` runs within half a second.
fn best(mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < Duration::from_millis(500) || best == Duration::MAX {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn matrix(kernels: &Kernels, pool: &Pool, ty: TensorType) -> Result<(), Box<dyn Error>> {
    // The decode case streams 64 MiB of weights; the prompt case reuses a matrix that fits the cache.
    for (rows, bytes) in [(1, 64 << 20), (2, 64 << 20), (4, 8 << 20), (8, 8 << 20), (256, 2 << 20)] {
        if kernels.isa() == Isa::Scalar && rows > 1 {
            continue;
        }
        let row_bytes = COLS / ty.block_weights() * ty.block_bytes();
        let outputs = bytes / row_bytes / 16 * 16;
        let outputs = if kernels.isa() == Isa::Scalar { 256 } else { outputs };
        let raw = random_matrix(ty, outputs, COLS, &mut SplitMix(1));
        let matrix =
            PackedMatrix::pack(&mut WeightArena::with_capacity_bytes(bytes), ty, outputs, COLS, &raw)?;
        let mut x = QuantizedRows::new(COLS, rows, &[matrix.activation_format()])?;
        kernels.quantize(pool, &vec![0.25; rows * COLS], &mut x)?;
        let mut out = vec![0.0; rows * outputs];
        let time = best(|| Ok(kernels.matmul(pool, &matrix, &x, &mut out)?))?.as_secs_f64();
        let operations = 2.0 * (outputs * COLS * rows) as f64;
        println!(
            "  {:5} x {rows:3} rows: {:7.1} GB/s {:8.1} GOP/s",
            ty.name(),
            matrix.size_bytes() as f64 / time / 1e9,
            operations / time / 1e9
        );
    }
    Ok(())
}

fn attention(kernels: &Kernels, pool: &Pool) -> Result<(), Box<dyn Error>> {
    let (heads, shape) = (9, KvShape { layers: 1, kv_heads: 3, head_dim: 64 });
    let cache = KvCache::new(shape, 8)?;
    let pages: Vec<u32> = (0..8).collect();
    for (name, positions) in [("decode at 300", 299..300), ("prompt of 512", 0..512)] {
        let rows: Vec<_> = positions.map(|position| AttentionRow { sequence: 0, position }).collect();
        let query = vec![0.1; rows.len() * heads * shape.head_dim];
        let mut out = query.clone();
        let attention =
            Attention { cache: &cache, layer: 0, heads, rows: &rows, page_tables: &[&pages], query: &query };
        let time = best(|| Ok(kernels.attention(pool, &attention, &mut out)?))?;
        let pairs: usize = rows.iter().map(|r| r.position as usize + 1).sum();
        let operations = 4.0 * (pairs * heads * shape.head_dim) as f64;
        println!("  attention, {name}: {time:?}, {:.1} GFLOP/s", operations / time.as_secs_f64() / 1e9);
    }
    Ok(())
}

fn rows(kernels: &Kernels, pool: &Pool) -> Result<(), Box<dyn Error>> {
    let mut out = QuantizedRows::new(COLS, 64, &[runtime_kernels::ActivationFormat::Int8x32])?;
    let x = vec![0.3; 64 * COLS];
    let weight = vec![1.0; COLS];
    for rows in [1, 64] {
        let x = &x[..rows * COLS];
        let norm = best(|| Ok(kernels.rmsnorm_quantize(pool, x, &weight, 1e-5, &mut out)?))?;
        let silu = best(|| Ok(kernels.silu_mul_quantize(pool, x, x, &mut out)?))?;
        println!("  {rows} rows of {COLS}: rmsnorm + quantize {norm:?}, silu + quantize {silu:?}");
    }
    let idle = best(|| Ok(pool.run(&|_| {})?))?;
    println!("  starting and joining the threads: {idle:?}");
    Ok(())
}
