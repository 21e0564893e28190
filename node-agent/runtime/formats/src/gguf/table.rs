//! The tensor table: names, shapes, types, and where each tensor's bytes lie.

use super::GgufError;
use super::reader::Reader;
use crate::limits::{MAX_DIMENSIONS, MAX_TENSOR_NAME_BYTES};
use crate::quant::{TensorType, type_name};
use crate::source::ByteSource;
use std::collections::BTreeMap;

/// Smallest possible entry: name length, one dimension, type, offset.
const MIN_ENTRY_BYTES: u64 = 8 + 4 + 8 + 4 + 8;

/// One tensor: a matrix has `dims = [columns, rows]`, the row being contiguous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    /// Extents, fastest-varying first; 1 to 4 of them, none zero.
    pub dims: Vec<u64>,
    pub ty: TensorType,
    /// From the start of the file, in bytes.
    pub offset_bytes: u64,
    pub size_bytes: u64,
}

impl TensorInfo {
    /// Number of weights. Cannot overflow: the size in bytes was checked.
    pub fn weights(&self) -> u64 {
        self.dims.iter().product()
    }
}

/// A table entry before its place in the file is checked; `offset_bytes` counts from the data section.
pub(super) fn read<S: ByteSource + ?Sized>(
    reader: &mut Reader<'_, S>,
    count: u64,
) -> Result<Vec<TensorInfo>, GgufError> {
    reader.need(count * MIN_ENTRY_BYTES, "the tensor table")?;
    let mut tensors = Vec::with_capacity(count as usize);
    for _ in 0..count {
        tensors.push(read_entry(reader)?);
    }
    Ok(tensors)
}

fn read_entry<S: ByteSource + ?Sized>(reader: &mut Reader<'_, S>) -> Result<TensorInfo, GgufError> {
    let name = reader.string("tensor name", MAX_TENSOR_NAME_BYTES)?;
    let what = format!("the table entry of tensor {name:?}");
    let dimension_count = reader.u32(&what)?;
    if !(1..=MAX_DIMENSIONS).contains(&dimension_count) {
        return Err(GgufError::BadDimensionCount { tensor: name, found: dimension_count });
    }
    let mut dims = Vec::with_capacity(dimension_count as usize);
    for _ in 0..dimension_count {
        dims.push(reader.u64(&what)?);
    }
    let id = reader.u32(&what)?;
    let offset_bytes = reader.u64(&what)?;
    if dims.contains(&0) {
        return Err(GgufError::ZeroDimension { tensor: name });
    }
    let Some(ty) = TensorType::from_id(id) else {
        return Err(GgufError::UnknownTensorType { tensor: name, id, name: type_name(id) });
    };
    let size_bytes = size_bytes(&name, ty, &dims)?;
    Ok(TensorInfo { name, dims, ty, offset_bytes, size_bytes })
}

fn size_bytes(name: &str, ty: TensorType, dims: &[u64]) -> Result<u64, GgufError> {
    let overflow = || GgufError::Overflow { what: format!("the size of tensor {name:?}") };
    let block = ty.block_weights();
    if !dims[0].is_multiple_of(block as u64) {
        return Err(GgufError::BadRow { tensor: name.into(), row: dims[0], ty: ty.name(), block });
    }
    let row = ty.row_bytes(dims[0]).ok_or_else(overflow)?;
    // The product of the extents is checked too: `TensorInfo::weights` relies on it.
    dims.iter().try_fold(1_u64, |n, &d| n.checked_mul(d)).ok_or_else(overflow)?;
    dims[1..].iter().try_fold(row, |n, &d| n.checked_mul(d)).ok_or_else(overflow)
}

/// Turns section offsets into file offsets and checks that each tensor is aligned and inside the file.
pub(super) fn place(
    mut tensors: Vec<TensorInfo>,
    data_offset: u64,
    alignment: u64,
    file_bytes: u64,
) -> Result<Vec<TensorInfo>, GgufError> {
    for t in &mut tensors {
        let tensor = || t.name.clone();
        if !t.offset_bytes.is_multiple_of(alignment) {
            return Err(GgufError::Misaligned { tensor: tensor(), offset: t.offset_bytes, alignment });
        }
        let overflow = || GgufError::Overflow { what: format!("the end of tensor {:?}", t.name) };
        let start = data_offset.checked_add(t.offset_bytes).ok_or_else(overflow)?;
        let end = start.checked_add(t.size_bytes).ok_or_else(overflow)?;
        if end > file_bytes {
            return Err(GgufError::OutOfBounds { tensor: tensor(), start, end, file_bytes });
        }
        t.offset_bytes = start;
    }
    Ok(tensors)
}

pub(super) fn index(tensors: &[TensorInfo]) -> Result<BTreeMap<String, usize>, GgufError> {
    let mut by_name = BTreeMap::new();
    for (i, t) in tensors.iter().enumerate() {
        if by_name.insert(t.name.clone(), i).is_some() {
            return Err(GgufError::DuplicateName { kind: "tensor", name: t.name.clone() });
        }
    }
    Ok(by_name)
}
