//! Typed metadata values.

use super::GgufError;
use super::reader::Reader;
use crate::limits::{MAX_ARRAY_DEPTH, MAX_ARRAY_ITEMS, MAX_STRING_BYTES};
use crate::source::ByteSource;

/// One metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    String(String),
    Array(Array),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// A homogeneous array, kept as compactly as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Bool(Vec<bool>),
    String(Vec<String>),
    Array(Vec<Array>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

impl Value {
    pub(super) fn read<S: ByteSource + ?Sized>(
        reader: &mut Reader<'_, S>,
        key: &str,
    ) -> Result<Self, GgufError> {
        let id = reader.u32(key)?;
        Ok(match id {
            0 => Self::U8(read_u8(reader, key)?),
            1 => Self::I8(read_u8(reader, key)? as i8),
            2 => Self::U16(u16::from_le_bytes(reader.array(key)?)),
            3 => Self::I16(i16::from_le_bytes(reader.array(key)?)),
            4 => Self::U32(reader.u32(key)?),
            5 => Self::I32(i32::from_le_bytes(reader.array(key)?)),
            6 => Self::F32(f32::from_le_bytes(reader.array(key)?)),
            7 => Self::Bool(read_bool(reader, key)?),
            8 => Self::String(reader.string(key, MAX_STRING_BYTES)?),
            9 => Self::Array(Array::read(reader, key, 1)?),
            10 => Self::U64(reader.u64(key)?),
            11 => Self::I64(i64::from_le_bytes(reader.array(key)?)),
            12 => Self::F64(f64::from_le_bytes(reader.array(key)?)),
            _ => return Err(GgufError::UnknownValueType { what: key.into(), id }),
        })
    }

    /// Kind and value in a few words, for error messages; never more than 80 characters of a string.
    pub fn describe(&self) -> String {
        match self {
            Self::String(s) => format!("the string {:?}", s.chars().take(80).collect::<String>()),
            Self::Array(a) => format!("an array of {} items", a.len()),
            Self::Bool(b) => format!("the boolean {b}"),
            Self::F32(x) => format!("the number {x}"),
            Self::F64(x) => format!("the number {x}"),
            other => other.as_i128().map_or_else(String::new, |n| format!("the number {n}")),
        }
    }

    fn as_i128(&self) -> Option<i128> {
        Some(match *self {
            Self::U8(n) => n.into(),
            Self::I8(n) => n.into(),
            Self::U16(n) => n.into(),
            Self::I16(n) => n.into(),
            Self::U32(n) => n.into(),
            Self::I32(n) => n.into(),
            Self::U64(n) => n.into(),
            Self::I64(n) => n.into(),
            _ => return None,
        })
    }
}

impl Array {
    /// Number of items.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::String(v) => v.len(),
            Self::Array(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read<S: ByteSource + ?Sized>(
        reader: &mut Reader<'_, S>,
        key: &str,
        depth: u32,
    ) -> Result<Self, GgufError> {
        if depth > MAX_ARRAY_DEPTH {
            let what = format!("array nesting of {key:?}");
            return Err(GgufError::TooLarge { what, found: depth.into(), limit: MAX_ARRAY_DEPTH.into() });
        }
        let id = reader.u32(key)?;
        let count = reader.count(key, MAX_ARRAY_ITEMS)?;
        Ok(match id {
            0 => Self::U8(items(reader, key, count, 1, |r| read_u8(r, key))?),
            1 => Self::I8(items(reader, key, count, 1, |r| Ok(read_u8(r, key)? as i8))?),
            2 => Self::U16(items(reader, key, count, 2, |r| r.array(key).map(u16::from_le_bytes))?),
            3 => Self::I16(items(reader, key, count, 2, |r| r.array(key).map(i16::from_le_bytes))?),
            4 => Self::U32(items(reader, key, count, 4, |r| r.u32(key))?),
            5 => Self::I32(items(reader, key, count, 4, |r| r.array(key).map(i32::from_le_bytes))?),
            6 => Self::F32(items(reader, key, count, 4, |r| r.array(key).map(f32::from_le_bytes))?),
            7 => Self::Bool(items(reader, key, count, 1, |r| read_bool(r, key))?),
            8 => Self::String(items(reader, key, count, 8, |r| r.string(key, MAX_STRING_BYTES))?),
            9 => Self::Array(items(reader, key, count, 12, |r| Self::read(r, key, depth + 1))?),
            10 => Self::U64(items(reader, key, count, 8, |r| r.u64(key))?),
            11 => Self::I64(items(reader, key, count, 8, |r| r.array(key).map(i64::from_le_bytes))?),
            12 => Self::F64(items(reader, key, count, 8, |r| r.array(key).map(f64::from_le_bytes))?),
            _ => return Err(GgufError::UnknownValueType { what: key.into(), id }),
        })
    }
}

/// Reads `count` items after checking that the file can hold them at `min_bytes` each, so that the vector's
/// capacity is bounded by the file's length.
fn items<T, S: ByteSource + ?Sized>(
    reader: &mut Reader<'_, S>,
    key: &str,
    count: u64,
    min_bytes: u64,
    mut read: impl FnMut(&mut Reader<'_, S>) -> Result<T, GgufError>,
) -> Result<Vec<T>, GgufError> {
    // Cannot overflow: `count` is limited to MAX_ARRAY_ITEMS.
    reader.need(count * min_bytes, key)?;
    let mut out = Vec::with_capacity(count as usize);
    for _ in 0..count {
        out.push(read(reader)?);
    }
    Ok(out)
}

fn read_u8<S: ByteSource + ?Sized>(reader: &mut Reader<'_, S>, key: &str) -> Result<u8, GgufError> {
    reader.array::<1>(key).map(|[b]| b)
}

fn read_bool<S: ByteSource + ?Sized>(reader: &mut Reader<'_, S>, key: &str) -> Result<bool, GgufError> {
    match read_u8(reader, key)? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(GgufError::BadBool { what: key.into(), found }),
    }
}

/// A Rust type that a metadata value can be read as.
pub trait FromValue<'a>: Sized {
    /// What was expected, for error messages.
    const WANTED: &'static str;
    /// The value as this type, if it is one and fits.
    fn from_value(value: &'a Value) -> Option<Self>;
}

impl<'a> FromValue<'a> for u32 {
    const WANTED: &'static str = "a non-negative 32-bit integer";
    fn from_value(value: &'a Value) -> Option<Self> {
        value.as_i128().and_then(|n| n.try_into().ok())
    }
}

impl<'a> FromValue<'a> for u64 {
    const WANTED: &'static str = "a non-negative 64-bit integer";
    fn from_value(value: &'a Value) -> Option<Self> {
        value.as_i128().and_then(|n| n.try_into().ok())
    }
}

impl<'a> FromValue<'a> for f32 {
    const WANTED: &'static str = "a finite 32-bit float";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::F32(x) if x.is_finite() => Some(*x),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for bool {
    const WANTED: &'static str = "a boolean";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a str {
    const WANTED: &'static str = "a string";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::String(s) => Some(s),
            _ => None,
        }
    }
}

macro_rules! array_from_value {
    ($item:ty, $variant:ident, $wanted:literal) => {
        impl<'a> FromValue<'a> for &'a [$item] {
            const WANTED: &'static str = $wanted;
            fn from_value(value: &'a Value) -> Option<Self> {
                match value {
                    Value::Array(Array::$variant(items)) => Some(items),
                    _ => None,
                }
            }
        }
    };
}
array_from_value!(String, String, "an array of strings");
array_from_value!(f32, F32, "an array of 32-bit floats");
array_from_value!(i32, I32, "an array of 32-bit integers");
array_from_value!(u32, U32, "an array of unsigned 32-bit integers");
