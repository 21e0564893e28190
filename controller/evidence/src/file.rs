//! The evidence file: what is handed to an outsider. Its format is described in
//! `docs/evidence-format.md`. This module writes its lines and reads them back one at a time; what they
//! prove is the business of [`crate::verify`].

use std::io::{self, BufRead, Read as _};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    checkpoint::SignedCheckpoint,
    limits::{MAX_CHECKPOINT_BYTES, MAX_LINE_BYTES, MAX_PROOF_HASHES},
    tree::{Hash, leaf_hash},
};

/// Value of the header's `format`.
pub const FORMAT: &str = "cloister-evidence/1";

/// What an evidence file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// Every record of the log, from the first to the last that the log checkpoint covers.
    Log,
    /// Chosen records, each with its inclusion proof, in the order of their indexes.
    Records,
}

/// First line of an evidence file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    pub kind: EvidenceKind,
    /// Origin of the log.
    pub origin: String,
    /// Number of leaves that the log checkpoint covers.
    pub tree_size: u64,
    /// The signed log checkpoint (a signed note), its line breaks included.
    pub checkpoint: String,
}

/// Second line of each record in a file of kind [`EvidenceKind::Log`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafHashLine {
    /// Base64 of the hash of the leaf above. It lets a verifier name the record that was altered.
    pub leaf_hash: String,
}

/// Second line of each record in a file of kind [`EvidenceKind::Records`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofLine {
    /// Index of the leaf above.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling to the root's child, base64.
    pub proof: Vec<String>,
}

/// An evidence file cannot be written or is not one.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("line {line}: the file ends here, {expected} is missing")]
    Ends { line: u64, expected: &'static str },
    #[error("line {line} is longer than {MAX_LINE_BYTES} bytes or has no line end")]
    LineLength { line: u64 },
    #[error("line {line} is not {expected}: {reason}")]
    NotALine { line: u64, expected: &'static str, reason: String },
    #[error("line {line} was rewritten: it is not in the one form that {expected} has")]
    NotCanonical { line: u64, expected: &'static str },
    #[error("this is evidence of format {found:.40}; this program reads {FORMAT}")]
    Format { found: String },
    #[error("the line could not be written: {0}")]
    Encoding(#[source] serde_json::Error),
    #[error("the evidence file cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// First line, with its line end.
///
/// # Errors
/// None for a checkpoint that this crate made.
pub fn header_line(kind: EvidenceKind, origin: &str, head: &SignedCheckpoint) -> Result<Vec<u8>, FileError> {
    line(&Header {
        format: FORMAT.to_owned(),
        kind,
        origin: origin.to_owned(),
        tree_size: head.tree_size(),
        checkpoint: head.text().to_owned(),
    })
}

/// The two lines of a record in a file of kind [`EvidenceKind::Log`]. Records follow each other from
/// index 0 without a gap.
///
/// # Errors
/// None.
pub fn log_record_lines(leaf: &[u8]) -> Result<Vec<u8>, FileError> {
    let hash = line(&LeafHashLine { leaf_hash: leaf_hash(leaf).to_string() })?;
    Ok([leaf, b"\n", &hash].concat())
}

/// The two lines of a record in a file of kind [`EvidenceKind::Records`]. Records follow each other in
/// rising order of `index`; `proof` is for the tree of the header's checkpoint.
///
/// # Errors
/// None.
pub fn proved_record_lines(leaf: &[u8], index: u64, proof: &[Hash]) -> Result<Vec<u8>, FileError> {
    let proof = line(&ProofLine { index, proof: proof.iter().map(Hash::to_string).collect() })?;
    Ok([leaf, b"\n", &proof].concat())
}

fn line<T: Serialize>(value: &T) -> Result<Vec<u8>, FileError> {
    let mut text = serde_json_canonicalizer::to_vec(value).map_err(FileError::Encoding)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads the lines of an evidence file. Holds one line in memory.
#[derive(Debug)]
pub struct EvidenceReader<R> {
    reader: R,
    line: u64,
}

impl<R: BufRead> EvidenceReader<R> {
    /// A reader at the first byte of a file.
    pub fn new(reader: R) -> Self {
        Self { reader, line: 0 }
    }

    /// Number of the line read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The first line.
    ///
    /// # Errors
    /// Not an evidence file, or one of another format.
    pub fn header(&mut self) -> Result<Header, FileError> {
        const EXPECTED: &str = "the header of an evidence file";
        let text = self.next_line()?.ok_or(FileError::Ends { line: 1, expected: EXPECTED })?;
        self.check_format(&text)?;
        let header: Header = self.decode(&text, EXPECTED)?;
        if header.checkpoint.len() > MAX_CHECKPOINT_BYTES {
            return Err(self.not_a_line(EXPECTED, "the log checkpoint is too long"));
        }
        Ok(header)
    }

    /// The next leaf, or nothing at the end of the file.
    ///
    /// # Errors
    /// A line that is too long or has no end.
    pub fn leaf(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        self.next_line()
    }

    /// The line after a leaf in a file of kind log: the leaf's stated hash.
    ///
    /// # Errors
    /// Not such a line.
    pub fn leaf_hash(&mut self) -> Result<Hash, FileError> {
        const EXPECTED: &str = "the leaf hash of a record";
        let line: LeafHashLine = self.second_line(EXPECTED)?;
        self.hash(&line.leaf_hash, EXPECTED)
    }

    /// The line after a leaf in a file of kind records: index and proof.
    ///
    /// # Errors
    /// Not such a line.
    pub fn proof(&mut self) -> Result<(u64, Vec<Hash>), FileError> {
        const EXPECTED: &str = "the inclusion proof of a record";
        let line: ProofLine = self.second_line(EXPECTED)?;
        if line.proof.len() > MAX_PROOF_HASHES {
            return Err(self.not_a_line(EXPECTED, "too many hashes"));
        }
        let hashes = line.proof.iter().map(|text| self.hash(text, EXPECTED));
        Ok((line.index, hashes.collect::<Result<_, _>>()?))
    }

    fn second_line<T: Serialize + DeserializeOwned>(
        &mut self,
        expected: &'static str,
    ) -> Result<T, FileError> {
        let ends = FileError::Ends { line: self.line.saturating_add(1), expected };
        let text = self.next_line()?.ok_or(ends)?;
        self.decode(&text, expected)
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        let mut text = Vec::new();
        let mut bounded = self.reader.by_ref().take(MAX_LINE_BYTES as u64 + 1);
        if bounded.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        self.line = self.line.saturating_add(1);
        match text.pop() {
            Some(b'\n') => Ok(Some(text)),
            _ => Err(FileError::LineLength { line: self.line }),
        }
    }

    /// Before the fields: another format has other fields, and its name is the reason a person can use.
    fn check_format(&self, text: &[u8]) -> Result<(), FileError> {
        #[derive(Deserialize)]
        struct Format {
            format: String,
        }
        let found = serde_json::from_slice::<Format>(text)
            .map_err(|error| self.not_a_line("the header of an evidence file", &error.to_string()))?;
        if found.format != FORMAT {
            return Err(FileError::Format { found: found.format.escape_debug().to_string() });
        }
        Ok(())
    }

    fn decode<T: Serialize + DeserializeOwned>(
        &self,
        text: &[u8],
        expected: &'static str,
    ) -> Result<T, FileError> {
        let value: T =
            serde_json::from_slice(text).map_err(|error| self.not_a_line(expected, &error.to_string()))?;
        // One content has one spelling, so that no byte can change unnoticed.
        let canonical = serde_json_canonicalizer::to_vec(&value).map_err(FileError::Encoding)?;
        if canonical != text {
            return Err(FileError::NotCanonical { line: self.line, expected });
        }
        Ok(value)
    }

    fn hash(&self, text: &str, expected: &'static str) -> Result<Hash, FileError> {
        Hash::parse_hash(text).map_err(|error| self.not_a_line(expected, &error.to_string()))
    }

    fn not_a_line(&self, expected: &'static str, reason: &str) -> FileError {
        FileError::NotALine { line: self.line, expected, reason: reason.to_owned() }
    }
}
