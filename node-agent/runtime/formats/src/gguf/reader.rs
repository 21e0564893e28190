//! A buffered cursor that refuses to read, or to allocate for, more than the source holds.

use super::GgufError;
use crate::source::ByteSource;

const BUFFER_BYTES: u64 = 64 * 1024;

pub(super) struct Reader<'a, S: ?Sized> {
    source: &'a S,
    len: u64,
    position: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
}

impl<'a, S: ByteSource + ?Sized> Reader<'a, S> {
    pub(super) fn new(source: &'a S) -> Self {
        Self { source, len: source.len_bytes(), position: 0, buffer: Vec::new(), buffer_start: 0 }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn remaining(&self) -> u64 {
        self.len - self.position
    }

    /// Fails unless `needed` more bytes exist.
    pub(super) fn need(&self, needed: u64, what: &str) -> Result<(), GgufError> {
        if needed <= self.remaining() {
            return Ok(());
        }
        Err(GgufError::Truncated { what: what.into(), offset: self.position, needed, file_bytes: self.len })
    }

    fn fill(&mut self, out: &mut [u8], what: &str) -> Result<(), GgufError> {
        self.need(out.len() as u64, what)?;
        let mut done = 0;
        while done < out.len() {
            let at = usize::try_from(self.position - self.buffer_start).unwrap_or(usize::MAX);
            let Some(ready) = self.buffer.get(at..).filter(|r| !r.is_empty()) else {
                self.refill()?;
                continue;
            };
            let n = ready.len().min(out.len() - done);
            out[done..done + n].copy_from_slice(&ready[..n]);
            done += n;
            self.position += n as u64;
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<(), GgufError> {
        self.buffer.resize(self.remaining().min(BUFFER_BYTES) as usize, 0);
        self.buffer_start = self.position;
        self.source.read_at(self.position, &mut self.buffer)?;
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A 64-bit count with a limit.
    pub(super) fn count(&mut self, what: &str, limit: u64) -> Result<u64, GgufError> {
        let found = self.u64(what)?;
        if found > limit {
            return Err(GgufError::TooLarge { what: what.into(), found, limit });
        }
        Ok(found)
    }

    pub(super) fn string(&mut self, what: &str, limit: u64) -> Result<String, GgufError> {
        let len = self.u64(what)?;
        self.need(len, what)?;
        if len > limit {
            return Err(GgufError::TooLarge { what: format!("the length of a {what}"), found: len, limit });
        }
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes, what)?;
        String::from_utf8(bytes).map_err(|_| GgufError::NotUtf8 { what: what.into() })
    }
}
