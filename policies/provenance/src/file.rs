//! Checks bytes as they pass by, so that a model is hashed once: while it is copied, sent or loaded.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::{
    digest::Sha256Digest,
    error::{FileError, quoted},
    manifest::FileEntry,
};

/// Compares a stream of bytes with the signed digest of one file.
#[derive(Debug, Clone)]
pub struct FileVerifier {
    entry: FileEntry,
    hasher: Sha256,
    hashed_bytes: u64,
}

impl FileVerifier {
    /// A verifier for the bytes of `entry`, from its first byte.
    pub fn new(entry: &FileEntry) -> Self {
        Self { entry: entry.clone(), hasher: Sha256::new(), hashed_bytes: 0 }
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.hashed_bytes = self.hashed_bytes.saturating_add(bytes.len() as u64);
    }

    /// How many bytes were taken.
    pub fn hashed_bytes(&self) -> u64 {
        self.hashed_bytes
    }

    /// Whether the bytes taken are the signed file, all of it and nothing more.
    ///
    /// # Errors
    /// [`FileError::DigestMismatch`] with both digests.
    pub fn finish(self) -> Result<(), FileError> {
        let actual = Sha256Digest(self.hasher.finalize().into());
        if actual != self.entry.sha256 {
            return Err(FileError::DigestMismatch {
                name: quoted(&self.entry.name),
                expected: self.entry.sha256.to_string(),
                actual: actual.to_string(),
            });
        }
        Ok(())
    }
}

/// A reader that hashes what is read through it.
#[derive(Debug)]
pub struct HashingReader<R> {
    reader: R,
    verifier: FileVerifier,
}

impl<R: Read> HashingReader<R> {
    /// Reads from `reader` and compares with `entry` at [`HashingReader::finish`].
    pub fn new(reader: R, entry: &FileEntry) -> Self {
        Self { reader, verifier: FileVerifier::new(entry) }
    }

    /// As [`FileVerifier::finish`], over what was read so far.
    ///
    /// # Errors
    /// [`FileError::DigestMismatch`].
    pub fn finish(self) -> Result<(), FileError> {
        self.verifier.finish()
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.verifier.update(&buffer[..count]);
        Ok(count)
    }
}
