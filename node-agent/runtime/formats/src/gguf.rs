//! GGUF, versions 2 and 3, little-endian: header, metadata and tensor table.
//!
//! Nothing in a file is trusted: every count, length and offset is checked against the file's own length before
//! anything is allocated or read. Source: the GGUF specification (ggml `docs/gguf.md`).

mod error;
mod reader;
mod table;
mod value;

pub use error::GgufError;
pub use table::TensorInfo;
pub use value::{Array, Value};

use crate::limits::{MAX_ALIGNMENT_BYTES, MAX_KEY_BYTES, MAX_METADATA_ENTRIES, MAX_TENSORS};
use crate::source::ByteSource;
use reader::Reader;
use std::collections::BTreeMap;

const MAGIC: [u8; 4] = *b"GGUF";
const DEFAULT_ALIGNMENT_BYTES: u64 = 32;
const ALIGNMENT_KEY: &str = "general.alignment";

/// A parsed GGUF header. Tensor data stays in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Gguf {
    version: u32,
    metadata: BTreeMap<String, Value>,
    tensors: Vec<TensorInfo>,
    by_name: BTreeMap<String, usize>,
    data_offset: u64,
    file_bytes: u64,
}

impl Gguf {
    /// Parses header, metadata and tensor table, and checks that every tensor lies inside the source.
    ///
    /// # Errors
    /// [`GgufError`] names the place and the offending value.
    pub fn parse<S: ByteSource + ?Sized>(source: &S) -> Result<Self, GgufError> {
        let mut reader = Reader::new(source);
        let header = Header::read(&mut reader)?;
        let metadata = read_metadata(&mut reader, header.metadata_count)?;
        let alignment = alignment(&metadata)?;
        let raw = table::read(&mut reader, header.tensor_count)?;
        let file_bytes = source.len_bytes();
        let data_offset = reader
            .position()
            .checked_next_multiple_of(alignment)
            .ok_or(GgufError::Overflow { what: "offset of the tensor data".into() })?;
        let tensors = table::place(raw, data_offset, alignment, file_bytes)?;
        let by_name = table::index(&tensors)?;
        Ok(Self { version: header.version, metadata, tensors, by_name, data_offset, file_bytes })
    }

    /// The file format's version, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Metadata by key, in key order.
    pub fn metadata(&self) -> &BTreeMap<String, Value> {
        &self.metadata
    }

    /// Tensors in file order.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The tensor with this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.by_name.get(name).map(|&i| &self.tensors[i])
    }

    /// Where tensor data begins, in bytes from the start of the file.
    pub fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// Length of the whole file in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// The value under `key`, if present.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// The value under `key` read as `T`; `None` if the key is absent.
    ///
    /// # Errors
    /// [`GgufError::WrongType`] when the key holds something else, or a number that does not fit `T`.
    pub fn get_as<'a, T: value::FromValue<'a>>(&'a self, key: &str) -> Result<Option<T>, GgufError> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(value) => T::from_value(value).map(Some).ok_or_else(|| GgufError::WrongType {
                key: key.into(),
                found: value.describe(),
                wanted: T::WANTED,
            }),
        }
    }

    /// As [`Gguf::get_as`], where absence is an error too.
    ///
    /// # Errors
    /// [`GgufError::MissingKey`] or [`GgufError::WrongType`].
    pub fn require<'a, T: value::FromValue<'a>>(&'a self, key: &str) -> Result<T, GgufError> {
        self.get_as(key)?.ok_or_else(|| GgufError::MissingKey { key: key.into() })
    }
}

struct Header {
    version: u32,
    tensor_count: u64,
    metadata_count: u64,
}

impl Header {
    fn read<S: ByteSource + ?Sized>(reader: &mut Reader<'_, S>) -> Result<Self, GgufError> {
        let magic: [u8; 4] = reader.array("magic")?;
        if magic != MAGIC {
            return Err(GgufError::WrongMagic { found: magic });
        }
        let version = reader.u32("version")?;
        match version {
            2 | 3 => {}
            _ if matches!(version.swap_bytes(), 1..=3) => return Err(GgufError::BigEndian),
            _ => return Err(GgufError::UnsupportedVersion { version }),
        }
        let tensor_count = reader.count("tensor count", MAX_TENSORS)?;
        let metadata_count = reader.count("metadata count", MAX_METADATA_ENTRIES)?;
        Ok(Self { version, tensor_count, metadata_count })
    }
}

fn read_metadata<S: ByteSource + ?Sized>(
    reader: &mut Reader<'_, S>,
    count: u64,
) -> Result<BTreeMap<String, Value>, GgufError> {
    let mut metadata = BTreeMap::new();
    for _ in 0..count {
        let key = reader.string("metadata key", MAX_KEY_BYTES)?;
        let value = Value::read(reader, &key)?;
        if metadata.contains_key(&key) {
            return Err(GgufError::DuplicateName { kind: "metadata key", name: key });
        }
        metadata.insert(key, value);
    }
    Ok(metadata)
}

fn alignment(metadata: &BTreeMap<String, Value>) -> Result<u64, GgufError> {
    let Some(value) = metadata.get(ALIGNMENT_KEY) else { return Ok(DEFAULT_ALIGNMENT_BYTES) };
    match value {
        Value::U32(n) if n.is_power_of_two() && u64::from(*n) <= MAX_ALIGNMENT_BYTES => Ok(u64::from(*n)),
        other => Err(GgufError::BadAlignment { found: other.describe() }),
    }
}

#[cfg(test)]
mod tests;
