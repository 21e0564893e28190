//! Operations on rows of f32, split over the threads by row.

use crate::activations::QuantizedRows;
use crate::error::KernelError;
use crate::kernels::Kernels;
use crate::packed::PackedMatrix;
use crate::pool::{Pool, share};
use crate::shared::SharedSlice;
use runtime_formats::numerics::activations::{Int8Block32, Int8Block256};
use runtime_formats::numerics::rope::RopeTable;
use runtime_formats::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};

impl Kernels {
    /// Normalises each row of `x` and quantizes it into `out`.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `x` is no whole number of rows or exceeds `out`'s capacity.
    pub fn rmsnorm_quantize(
        &self,
        pool: &Pool,
        x: &[f32],
        weight: &[f32],
        epsilon: f32,
        out: &mut QuantizedRows,
    ) -> Result<(), KernelError> {
        let cols = out.cols();
        KernelError::check("length of a norm", weight.len(), cols)?;
        self.fill_rows(pool, x.len(), out, |row, values| {
            (self.rmsnorm)(&x[row * cols..][..cols], weight, epsilon, values);
        })
    }

    /// Computes `silu(gate) * up` row by row and quantizes it into `out`.
    ///
    /// # Errors
    /// As [`Kernels::rmsnorm_quantize`].
    pub fn silu_mul_quantize(
        &self,
        pool: &Pool,
        gate: &[f32],
        up: &[f32],
        out: &mut QuantizedRows,
    ) -> Result<(), KernelError> {
        let cols = out.cols();
        KernelError::check("length of up beside gate", up.len(), gate.len())?;
        self.fill_rows(pool, gate.len(), out, |row, values| {
            (self.silu_mul)(&gate[row * cols..][..cols], &up[row * cols..][..cols], values);
        })
    }

    /// Quantizes each row of `x` into `out`.
    ///
    /// # Errors
    /// As [`Kernels::rmsnorm_quantize`].
    pub fn quantize(&self, pool: &Pool, x: &[f32], out: &mut QuantizedRows) -> Result<(), KernelError> {
        let cols = out.cols();
        self.fill_rows(pool, x.len(), out, |row, values| {
            values.copy_from_slice(&x[row * cols..][..cols]);
        })
    }

    /// Normalises each row of `x` into `out`, as f32.
    ///
    /// # Errors
    /// [`KernelError::Shape`].
    pub fn rmsnorm(
        &self,
        x: &[f32],
        weight: &[f32],
        epsilon: f32,
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        KernelError::check("length of a norm's output", out.len(), x.len())?;
        KernelError::check("length of rows for a norm", x.len() % weight.len().max(1), 0)?;
        for (x, out) in x.chunks_exact(weight.len()).zip(out.chunks_exact_mut(weight.len())) {
            (self.rmsnorm)(x, weight, epsilon, out);
        }
        Ok(())
    }

    /// Rotates the heads of each row of `x` (`[positions.len()][heads][head_dim]`) to the row's position.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `x` does not fit, or a position is beyond the table.
    pub fn rope(
        &self,
        table: &RopeTable,
        positions: &[u32],
        head_dim: usize,
        x: &mut [f32],
    ) -> Result<(), KernelError> {
        if positions.is_empty() {
            return KernelError::check("length of rows to rotate", x.len(), 0);
        }
        let width = x.len() / positions.len();
        KernelError::check("length of rows to rotate", x.len(), width * positions.len())?;
        KernelError::check("width of rows to rotate", width % head_dim.max(1), 0)?;
        if let Some(&p) = positions.iter().find(|&&p| p as usize >= table.positions()) {
            let (what, wanted) = ("position beyond the rope table", table.positions());
            return Err(KernelError::Shape { what, found: p as usize, wanted });
        }
        for (row, &position) in x.chunks_exact_mut(width).zip(positions) {
            let (cos, sin) = table.at(position);
            row.chunks_exact_mut(head_dim).for_each(|head| (self.rotate)(head, cos, sin));
        }
        Ok(())
    }

    /// Writes the embedding of each token to its row of `out`.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if a token is not in the table or `out` does not fit.
    pub fn embed(
        &self,
        embedding: &PackedMatrix,
        tokens: &[u32],
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        KernelError::check("length of embeddings", out.len(), tokens.len() * embedding.cols())?;
        for (&token, out) in tokens.iter().zip(out.chunks_exact_mut(embedding.cols())) {
            embedding.dequantize_row(token as usize, out)?;
        }
        Ok(())
    }

    #[allow(unsafe_code)]
    /// Fills `out` with `len / cols` rows made by `make`, and quantizes each.
    fn fill_rows(
        &self,
        pool: &Pool,
        len: usize,
        out: &mut QuantizedRows,
        make: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Result<(), KernelError> {
        let cols = out.cols();
        let rows = len / cols;
        KernelError::check("length of rows to quantize", len, rows * cols)?;
        out.begin(rows)?;
        let out = RowWriter::new(out);
        let parts = if rows == 1 { 1 } else { pool.threads() };
        let job = |thread: usize| {
            for row in share(rows, parts, thread) {
                // SAFETY: shares are disjoint, so each row is written by one thread.
                unsafe { out.write(self, row, &make) };
            }
        };
        if parts == 1 {
            job(0);
        } else {
            pool.run(&job)?;
        }
        Ok(())
    }
}

/// All buffers of a [`QuantizedRows`], open for threads that write different rows.
struct RowWriter<'a> {
    cols: usize,
    values: SharedSlice<'a, f32>,
    int8x32: Option<SharedSlice<'a, Int8Block32>>,
    int8x256: Option<SharedSlice<'a, Int8Block256>>,
}

impl<'a> RowWriter<'a> {
    fn new(out: &'a mut QuantizedRows) -> Self {
        Self {
            cols: out.cols(),
            values: SharedSlice::new(&mut out.values),
            int8x32: out.int8x32.as_mut().map(|x| SharedSlice::new(x)),
            int8x256: out.int8x256.as_mut().map(|x| SharedSlice::new(x)),
        }
    }

    /// Makes and quantizes one row.
    ///
    /// # Safety
    /// No other thread may write the same row at the same time.
    #[allow(unsafe_code)]
    unsafe fn write(&self, kernels: &Kernels, row: usize, make: &(impl Fn(usize, &mut [f32]) + Sync)) {
        let span = |width: usize| row * width..(row + 1) * width;
        // SAFETY: the spans of different rows are disjoint, and the caller has this row to itself.
        let values = unsafe { self.values.part(span(self.cols)) };
        make(row, values);
        if let Some(blocks) = &self.int8x32 {
            // SAFETY: as above.
            (kernels.quantize_32)(values, unsafe { blocks.part(span(self.cols / SMALL_BLOCK)) });
        }
        if let Some(blocks) = &self.int8x256 {
            // SAFETY: as above.
            (kernels.quantize_256)(values, unsafe { blocks.part(span(self.cols / SUPER_BLOCK)) });
        }
    }
}

#[cfg(test)]
mod tests;
