//! Records as the bytes that are hashed into the log: canonical JSON (RFC 8785).

use serde_json::Value;

use crate::{
    limits::{MAX_EXACT_INTEGER, MAX_LEAF_BYTES},
    record::{RECORD_VERSION, Record},
};

/// A record cannot be written as a leaf, or a leaf is not a record.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    #[error("the record has {bytes} bytes; at most {MAX_LEAF_BYTES} are allowed")]
    TooLarge { bytes: usize },
    #[error("the record cannot be written as canonical JSON: {0}")]
    Encoding(#[source] serde_json::Error),
    #[error(
        "the record holds a number that JSON cannot carry exactly (integers up to 2^53, finite decimals)"
    )]
    InexactNumber,
    #[error("this is not a record: {0}")]
    NotARecord(#[source] serde_json::Error),
    #[error("the record has format version {found}; this program reads version {RECORD_VERSION}")]
    Version { found: u32 },
    #[error("the record is not in canonical form; its bytes were rewritten")]
    NotCanonical,
}

impl Record {
    /// The leaf: canonical JSON. Store these bytes and never write the record anew from its parts.
    ///
    /// # Errors
    /// Larger than [`MAX_LEAF_BYTES`], or holding a number that JSON cannot carry exactly.
    pub fn to_leaf(&self) -> Result<Vec<u8>, LeafError> {
        let leaf = serde_json_canonicalizer::to_vec(self).map_err(LeafError::Encoding)?;
        check_size(&leaf)?;
        // Canonical JSON rounds what is not a double; what is read back must be what was meant.
        match serde_json::from_slice::<Self>(&leaf) {
            Ok(read_back) if read_back == *self && self.numbers_are_exact() => Ok(leaf),
            _ => Err(LeafError::InexactNumber),
        }
    }

    /// Reads a leaf. Exactly the bytes that [`Record::to_leaf`] writes are accepted: known fields only,
    /// canonical form only.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(leaf: &[u8]) -> Result<Self, LeafError> {
        check_size(leaf)?;
        let record: Self = serde_json::from_slice(leaf).map_err(LeafError::NotARecord)?;
        if record.v != RECORD_VERSION {
            return Err(LeafError::Version { found: record.v });
        }
        // An unknown field, a doubled one or a number in another spelling does not survive this.
        let canonical = serde_json_canonicalizer::to_vec(&record).map_err(LeafError::Encoding)?;
        if canonical != leaf {
            return Err(LeafError::NotCanonical);
        }
        Ok(record)
    }

    fn numbers_are_exact(&self) -> bool {
        let inference = self.draft.inference.as_ref();
        let times = inference.into_iter().flat_map(|it| [it.time_to_first_token_us, it.total_time_us]);
        let whole = [self.seq, self.mono_us];
        let mut integers = whole.into_iter().chain(times.flatten());
        let mut changes = self.draft.change.iter().flat_map(|change| change.values());
        integers.all(|integer| integer <= MAX_EXACT_INTEGER) && changes.all(is_exact)
    }
}

fn check_size(leaf: &[u8]) -> Result<(), LeafError> {
    if leaf.len() > MAX_LEAF_BYTES {
        return Err(LeafError::TooLarge { bytes: leaf.len() });
    }
    Ok(())
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(integer), _) => integer <= MAX_EXACT_INTEGER,
            (None, Some(integer)) => integer.unsigned_abs() <= MAX_EXACT_INTEGER,
            (None, None) => true,
        },
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(fields) => fields.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests;
