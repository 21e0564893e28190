//! Matrix products: who computes which outputs, and in which order tiles and rows are visited.

use crate::activations::QuantizedRows;
use crate::error::KernelError;
use crate::kernels::{Kernels, TILE_ROWS, TileRows, tile_index};
use crate::packed::PackedMatrix;
use crate::pool::{Pool, share};
use crate::shared::SharedSlice;
use runtime_formats::memory::TILE_OUTPUTS;
use std::ops::Range;

/// Bytes of int8 activations that stay in a core's second-level cache while tiles stream past them.
const ROW_BLOCK_BYTES: usize = 192 * 1024;

/// What happens to the element a product is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is replaced.
    Overwrite,
    /// The product is added to it: a residual connection, one f32 addition.
    Add,
}

/// One matrix of a joint product, and where its result goes: `[rows of activations][matrix.rows()]`.
#[derive(Debug)]
pub struct Product<'a> {
    pub matrix: &'a PackedMatrix,
    pub out: &'a mut [f32],
    pub write: Write,
}

impl Kernels {
    /// `out[m][n] = matrix[n] . x[m]`.
    ///
    /// # Errors
    /// [`KernelError::Shape`], [`KernelError::MissingFormat`] or [`KernelError::Pool`].
    pub fn matmul(
        &self,
        pool: &Pool,
        matrix: &PackedMatrix,
        x: &QuantizedRows,
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        self.matmul_many(pool, x, &mut [Product { matrix, out, write: Write::Overwrite }])
    }

    /// `out[m][n] += matrix[n] . x[m]`.
    ///
    /// # Errors
    /// As [`Kernels::matmul`].
    pub fn matmul_add(
        &self,
        pool: &Pool,
        matrix: &PackedMatrix,
        x: &QuantizedRows,
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        self.matmul_many(pool, x, &mut [Product { matrix, out, write: Write::Add }])
    }

    /// Several products of the same activations, with one start and one wait: query, key and value; gate and up.
    ///
    /// # Errors
    /// As [`Kernels::matmul`]; nothing is computed unless every product fits.
    pub fn matmul_many(
        &self,
        pool: &Pool,
        x: &QuantizedRows,
        products: &mut [Product<'_>],
    ) -> Result<(), KernelError> {
        products.iter().try_for_each(|p| check(p, x))?;
        let jobs: Vec<TileJob<'_>> = products.iter_mut().map(TileJob::new).collect();
        let total: usize = jobs.iter().map(TileJob::bytes).sum();
        pool.run(&|thread| self.compute_share(&jobs, x, share(total, pool.threads(), thread)))?;
        Ok(())
    }

    /// Computes the tiles that begin inside `share`, counted in bytes over all jobs: every thread streams equally
    /// many bytes of weights.
    fn compute_share(&self, jobs: &[TileJob<'_>], x: &QuantizedRows, share: Range<usize>) {
        let mut start = 0;
        for job in jobs {
            let first = share.start.saturating_sub(start).div_ceil(job.matrix.tile_bytes());
            let last = share.end.saturating_sub(start).div_ceil(job.matrix.tile_bytes());
            self.compute_tiles(job, x, first..last.min(job.matrix.tiles()));
            start += job.bytes();
        }
    }

    fn compute_tiles(&self, job: &TileJob<'_>, x: &QuantizedRows, tiles: Range<usize>) {
        let row_block = (ROW_BLOCK_BYTES / x.cols()).max(TILE_ROWS) / TILE_ROWS * TILE_ROWS;
        let kernel = self.tiles[tile_index(job.matrix.tensor_type())];
        for block in (0..x.rows()).step_by(row_block) {
            let end = (block + row_block).min(x.rows());
            for tile in tiles.clone() {
                for first in (block..end).step_by(TILE_ROWS) {
                    let rows = TileRows { x, first, count: TILE_ROWS.min(end - first) };
                    let mut out = [[0.0; TILE_OUTPUTS]; TILE_ROWS];
                    kernel(job.matrix.tile(tile), rows, &mut out);
                    job.store(tile, rows, &out);
                }
            }
        }
    }
}

struct TileJob<'a> {
    matrix: &'a PackedMatrix,
    out: SharedSlice<'a, f32>,
    write: Write,
}

impl<'a> TileJob<'a> {
    fn new(product: &'a mut Product<'_>) -> Self {
        Self { matrix: product.matrix, out: SharedSlice::new(product.out), write: product.write }
    }

    fn bytes(&self) -> usize {
        self.matrix.tiles() * self.matrix.tile_bytes()
    }

    #[allow(unsafe_code)]
    fn store(&self, tile: usize, rows: TileRows<'_>, results: &[[f32; TILE_OUTPUTS]; TILE_ROWS]) {
        let outputs = self.matrix.rows();
        let first = tile * TILE_OUTPUTS;
        let count = TILE_OUTPUTS.min(outputs - first);
        for (i, result) in results.iter().enumerate().take(rows.count) {
            let start = (rows.first + i) * outputs + first;
            // SAFETY: a tile is computed by exactly one thread (`compute_share` splits tiles without overlap), and
            // tiles cover disjoint outputs of each row.
            let out = unsafe { self.out.part(start..start + count) };
            match <&mut [f32; TILE_OUTPUTS]>::try_from(&mut *out) {
                // The usual case, with a length the compiler knows.
                Ok(out) => put(out, result, self.write),
                Err(_) => put(out, result, self.write),
            }
        }
    }
}

#[inline]
fn put(out: &mut [f32], result: &[f32; TILE_OUTPUTS], write: Write) {
    match write {
        Write::Overwrite => out.iter_mut().zip(result).for_each(|(o, r)| *o = *r),
        Write::Add => out.iter_mut().zip(result).for_each(|(o, r)| *o += r),
    }
}

fn check(product: &Product<'_>, x: &QuantizedRows) -> Result<(), KernelError> {
    let matrix = product.matrix;
    KernelError::check("columns of activations for a product", x.cols(), matrix.cols())?;
    KernelError::check("length of a product's output", product.out.len(), x.rows() * matrix.rows())?;
    if !x.has(matrix.activation_format()) {
        return Err(KernelError::MissingFormat { ty: matrix.tensor_type().name() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
