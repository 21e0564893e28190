//! Rows of activations in every form that the matrices they meet may take.

use crate::error::KernelError;
use runtime_formats::numerics::activations::{Int8Block32, Int8Block256};
use runtime_formats::numerics::matvec::ActivationFormat;
use runtime_formats::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};

/// Up to a fixed number of rows of equal width: as f32, and as int8 where asked for.
#[derive(Debug)]
pub struct QuantizedRows {
    cols: usize,
    rows: usize,
    max_rows: usize,
    pub(crate) values: Vec<f32>,
    pub(crate) int8x32: Option<Vec<Int8Block32>>,
    pub(crate) int8x256: Option<Vec<Int8Block256>>,
}

impl QuantizedRows {
    /// Room for `max_rows` rows of `cols` columns in the given forms (see [`crate::PackedMatrix::activation_format`]).
    ///
    /// # Errors
    /// [`KernelError::Columns`] if `cols` is no whole number of a form's groups.
    pub fn new(cols: usize, max_rows: usize, formats: &[ActivationFormat]) -> Result<Self, KernelError> {
        let wants = |f| formats.contains(&f);
        let (small, large) = (wants(ActivationFormat::Int8x32), wants(ActivationFormat::Int8x256));
        if small && !cols.is_multiple_of(SMALL_BLOCK) {
            return Err(KernelError::Columns { cols, ty: "int8 per 32" });
        }
        if large && !cols.is_multiple_of(SUPER_BLOCK) {
            return Err(KernelError::Columns { cols, ty: "int8 per 256" });
        }
        let n = cols * max_rows;
        Ok(Self {
            cols,
            rows: 0,
            max_rows,
            values: vec![0.0; n],
            int8x32: small.then(|| vec![Int8Block32::default(); n / SMALL_BLOCK]),
            int8x256: large.then(|| vec![Int8Block256::default(); n / SUPER_BLOCK]),
        })
    }

    /// Columns of each row.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Rows that the last writing kernel filled.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows as f32, before quantization.
    pub fn values(&self) -> &[f32] {
        &self.values[..self.rows * self.cols]
    }

    /// Whether the form is there.
    pub fn has(&self, format: ActivationFormat) -> bool {
        match format {
            ActivationFormat::F32 => true,
            ActivationFormat::Int8x32 => self.int8x32.is_some(),
            ActivationFormat::Int8x256 => self.int8x256.is_some(),
        }
    }

    /// Sets the number of rows for a kernel about to fill them.
    pub(crate) fn begin(&mut self, rows: usize) -> Result<(), KernelError> {
        if rows > self.max_rows {
            let what = "rows of activations beyond capacity";
            return Err(KernelError::Shape { what, found: rows, wanted: self.max_rows });
        }
        self.rows = rows;
        Ok(())
    }
}
