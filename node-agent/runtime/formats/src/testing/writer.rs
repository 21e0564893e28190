use crate::gguf::{Array, Value};
use crate::quant::TensorType;

const ALIGNMENT_BYTES: usize = 32;

/// Writes GGUF version 3. Entries keep the order in which they were added.
#[derive(Debug, Default, Clone)]
pub struct GgufWriter {
    metadata: Vec<(String, Value)>,
    tensors: Vec<(String, Vec<u64>, TensorType, Vec<u8>)>,
}

impl GgufWriter {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds, or replaces, a metadata entry.
    pub fn set(&mut self, key: &str, value: Value) -> &mut Self {
        self.metadata.retain(|(k, _)| k != key);
        self.metadata.push((key.into(), value));
        self
    }

    /// Adds a tensor with these dimensions (fastest first) and raw bytes.
    pub fn tensor(&mut self, name: &str, dims: &[u64], ty: TensorType, bytes: Vec<u8>) -> &mut Self {
        self.tensors.push((name.into(), dims.to_vec(), ty, bytes));
        self
    }

    /// The file.
    pub fn finish(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_string(&mut out, key);
            put_value(&mut out, value);
        }
        self.put_table(&mut out);
        for (.., bytes) in &self.tensors {
            pad(&mut out);
            out.extend_from_slice(bytes);
        }
        out
    }

    fn put_table(&self, out: &mut Vec<u8>) {
        let mut offset = 0;
        for (name, dims, ty, bytes) in &self.tensors {
            put_string(out, name);
            out.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.extend(ty.id().to_le_bytes());
            out.extend((offset as u64).to_le_bytes());
            offset += bytes.len().next_multiple_of(ALIGNMENT_BYTES);
        }
    }
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ALIGNMENT_BYTES), 0);
}

fn put_string(out: &mut Vec<u8>, s: &str) {
    out.extend((s.len() as u64).to_le_bytes());
    out.extend(s.as_bytes());
}

/// Type number and little-endian bytes of each scalar kind; `$put` is told the number, then the items.
macro_rules! with_scalars {
    ($kind:ident, $value:expr, $put:expr, $string:expr, $array:expr) => {
        match $value {
            $kind::U8(v) => $put(0, v.to_owned().bytes_le()),
            $kind::I8(v) => $put(1, v.to_owned().bytes_le()),
            $kind::U16(v) => $put(2, v.to_owned().bytes_le()),
            $kind::I16(v) => $put(3, v.to_owned().bytes_le()),
            $kind::U32(v) => $put(4, v.to_owned().bytes_le()),
            $kind::I32(v) => $put(5, v.to_owned().bytes_le()),
            $kind::F32(v) => $put(6, v.to_owned().bytes_le()),
            $kind::Bool(v) => $put(7, v.to_owned().bytes_le()),
            $kind::String(v) => $string(v),
            $kind::Array(v) => $array(v),
            $kind::U64(v) => $put(10, v.to_owned().bytes_le()),
            $kind::I64(v) => $put(11, v.to_owned().bytes_le()),
            $kind::F64(v) => $put(12, v.to_owned().bytes_le()),
        }
    };
}

trait BytesLe {
    fn bytes_le(&self) -> Vec<u8>;
}

macro_rules! bytes_le {
    ($($ty:ty),*) => {$(
        impl BytesLe for $ty {
            fn bytes_le(&self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
        }
    )*};
}
bytes_le!(u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);

impl BytesLe for bool {
    fn bytes_le(&self) -> Vec<u8> {
        vec![u8::from(*self)]
    }
}

impl<T: BytesLe> BytesLe for Vec<T> {
    fn bytes_le(&self) -> Vec<u8> {
        self.iter().flat_map(BytesLe::bytes_le).collect()
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    let tagged = |id: u32, payload: Vec<u8>| [id.to_le_bytes().to_vec(), payload].concat();
    let bytes = with_scalars!(
        Value,
        value,
        tagged,
        |s: &String| {
            let mut payload = Vec::new();
            put_string(&mut payload, s);
            tagged(8, payload)
        },
        |a: &Array| tagged(9, array_bytes(a))
    );
    out.extend(bytes);
}

fn array_bytes(array: &Array) -> Vec<u8> {
    let tagged = |id: u32, payload: Vec<u8>| {
        [id.to_le_bytes().to_vec(), (array.len() as u64).to_le_bytes().to_vec(), payload].concat()
    };
    with_scalars!(
        Array,
        array,
        tagged,
        |items: &Vec<String>| {
            let mut payload = Vec::new();
            items.iter().for_each(|s| put_string(&mut payload, s));
            tagged(8, payload)
        },
        |items: &Vec<Array>| tagged(9, items.iter().flat_map(array_bytes).collect())
    )
}
