//! Weight matrices as the kernels want them: [`TILE_OUTPUTS`] outputs interleaved.

pub(crate) mod layout;

use crate::arena::{WeightArena, WeightBuffer};
use crate::error::KernelError;
use runtime_formats::memory::{TILE_OUTPUTS, packed_block_bytes, packed_bytes};
use runtime_formats::numerics::matvec::ActivationFormat;
use runtime_formats::quant::{TensorType, dequantize_row};

/// A matrix of `rows` outputs and `cols` inputs, packed.
#[derive(Debug)]
pub struct PackedMatrix {
    ty: TensorType,
    rows: usize,
    cols: usize,
    buffer: WeightBuffer,
}

impl PackedMatrix {
    /// Packs a whole matrix from its bytes in the file.
    ///
    /// # Errors
    /// [`KernelError::Columns`] or [`KernelError::Shape`].
    pub fn pack(
        arena: &mut WeightArena,
        ty: TensorType,
        rows: usize,
        cols: usize,
        raw: &[u8],
    ) -> Result<Self, KernelError> {
        let mut builder = PackedMatrixBuilder::new(arena, ty, rows, cols)?;
        builder.push(raw)?;
        builder.finish()
    }

    pub fn tensor_type(&self) -> TensorType {
        self.ty
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Bytes in memory.
    pub fn size_bytes(&self) -> usize {
        self.buffer.bytes().len()
    }

    /// The form of activations it takes.
    pub fn activation_format(&self) -> ActivationFormat {
        ActivationFormat::of(self.ty)
    }

    /// Writes row `row` as f32: an embedding look-up.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if there is no such row, or `out` is not one row long.
    pub fn dequantize_row(&self, row: usize, out: &mut [f32]) -> Result<(), KernelError> {
        KernelError::check("length of a dequantized row", out.len(), self.cols)?;
        if row >= self.rows {
            return Err(KernelError::Shape { what: "row of a matrix", found: row, wanted: self.rows });
        }
        let mut raw = vec![0; self.row_bytes()];
        layout::unpack_row(self.ty, self.tile(row / TILE_OUTPUTS), row % TILE_OUTPUTS, &mut raw);
        dequantize_row(self.ty, &raw, out);
        Ok(())
    }

    /// Groups of [`TILE_OUTPUTS`] outputs, the last one padded with zero weights.
    pub(crate) fn tiles(&self) -> usize {
        self.rows.div_ceil(TILE_OUTPUTS)
    }

    pub(crate) fn tile_bytes(&self) -> usize {
        self.cols / self.ty.block_weights() * packed_block_bytes(self.ty)
    }

    pub(crate) fn tile(&self, index: usize) -> &[u8] {
        &self.buffer.bytes()[index * self.tile_bytes()..][..self.tile_bytes()]
    }

    fn row_bytes(&self) -> usize {
        self.cols / self.ty.block_weights() * self.ty.block_bytes()
    }
}

/// Packs a matrix piece by piece, so that its file bytes never need to be in memory at once.
#[derive(Debug)]
pub struct PackedMatrixBuilder {
    matrix: PackedMatrix,
    next_row: usize,
}

impl PackedMatrixBuilder {
    /// Reserves the packed matrix in `arena`.
    ///
    /// # Errors
    /// [`KernelError::Columns`] if `cols` is no whole number of blocks.
    pub fn new(
        arena: &mut WeightArena,
        ty: TensorType,
        rows: usize,
        cols: usize,
    ) -> Result<Self, KernelError> {
        let bytes = packed_bytes(ty, rows as u64, cols as u64).and_then(|b| usize::try_from(b).ok());
        let bytes = bytes.filter(|_| cols > 0).ok_or(KernelError::Columns { cols, ty: ty.name() })?;
        let matrix = PackedMatrix { ty, rows, cols, buffer: arena.alloc(bytes) };
        Ok(Self { matrix, next_row: 0 })
    }

    /// Bytes of one row in the file: pieces are whole numbers of it.
    pub fn row_bytes(&self) -> usize {
        self.matrix.row_bytes()
    }

    /// Packs the next rows.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `raw` is no whole number of rows, or more than remain.
    pub fn push(&mut self, raw: &[u8]) -> Result<(), KernelError> {
        let row_bytes = self.row_bytes();
        let rows = raw.len() / row_bytes;
        KernelError::check("bytes of packed rows", raw.len(), rows * row_bytes)?;
        if rows > self.matrix.rows - self.next_row {
            let (found, wanted) = (self.next_row + rows, self.matrix.rows);
            return Err(KernelError::Shape { what: "rows of a matrix", found, wanted });
        }
        let (ty, tile_bytes) = (self.matrix.ty, self.matrix.tile_bytes());
        let packed = self.matrix.buffer.bytes_mut();
        for (i, row) in raw.chunks_exact(row_bytes).enumerate() {
            let (tile, lane) = ((self.next_row + i) / TILE_OUTPUTS, (self.next_row + i) % TILE_OUTPUTS);
            layout::pack_row(ty, row, lane, &mut packed[tile * tile_bytes..][..tile_bytes]);
        }
        self.next_row += rows;
        Ok(())
    }

    /// The matrix, once every row is there.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if rows are missing.
    pub fn finish(self) -> Result<PackedMatrix, KernelError> {
        KernelError::check("rows of a matrix", self.next_row, self.matrix.rows)?;
        Ok(self.matrix)
    }
}

#[cfg(test)]
mod tests;
