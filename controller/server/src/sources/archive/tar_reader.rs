//! The entries of a tar archive, from any reader, in bounded memory. What a header means is the `tar`
//! crate's; which kinds of entries are taken, and how much of them is kept, is decided here.

use std::io::Read;

use tar::{EntryType, Header, PaxExtensions};

use super::ArchiveFile;
use crate::limits::{ARCHIVE_ENTRIES_MAX, ARCHIVE_NAME_RECORD_MAX_BYTES};
use crate::sources::error::{SourceError, shown};

const BLOCK_BYTES: u64 = 512;

pub(super) struct TarReader<R> {
    inner: R,
    /// Of the present file: bytes still to be read, and the padding behind them.
    left_bytes: u64,
    padding_bytes: u64,
    entries: usize,
}

/// What the entries before a file say about it, in place of its header.
#[derive(Default)]
struct Overrides {
    name: Option<String>,
    size_bytes: Option<u64>,
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, left_bytes: 0, padding_bytes: 0, entries: 0 }
    }

    /// Goes to the next file, past folders and whatever is left of the present one.
    pub(super) fn next_file(&mut self) -> Result<Option<ArchiveFile>, SourceError> {
        let mut overrides = Overrides::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            self.entries += 1;
            if self.entries > ARCHIVE_ENTRIES_MAX {
                return Err(SourceError::invalid(format!(
                    "the archive holds more than {ARCHIVE_ENTRIES_MAX} entries"
                )));
            }
            let in_header = header.entry_size().map_err(|error| damaged(&error))?;
            let kind = header.entry_type();
            if kind.is_pax_local_extensions() || kind.is_gnu_longname() {
                let record = self.record(in_header)?;
                overrides.note(kind, &record)?;
                continue;
            }
            let size_bytes = overrides.size_bytes.unwrap_or(in_header);
            self.begin(size_bytes);
            if kind.is_pax_global_extensions() || kind.is_dir() {
                // A comment, or a folder: its files name it themselves.
                overrides = Overrides::default();
                continue;
            }
            let name = overrides.name.take().map_or_else(|| header_name(&header), Ok)?;
            return match kind {
                EntryType::Regular | EntryType::Continuous => {
                    let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
                    Ok(Some(ArchiveFile { name, size_bytes }))
                }
                _ => Err(SourceError::invalid(format!(
                    "the archive holds {}, which is neither a plain file nor a folder; links and devices are not taken",
                    shown(&name)
                ))),
            };
        }
    }

    /// Reads on in the present file; 0 at its end.
    pub(super) fn read_file(&mut self, buffer: &mut [u8]) -> Result<usize, SourceError> {
        let wanted = usize::try_from(self.left_bytes).unwrap_or(usize::MAX).min(buffer.len());
        let mut filled = 0;
        while filled < wanted {
            match self.inner.read(&mut buffer[filled..wanted]).map_err(|error| damaged(&error))? {
                0 => return Err(cut_short()),
                read => filled += read,
            }
        }
        self.left_bytes -= filled as u64;
        Ok(filled)
    }

    fn begin(&mut self, size_bytes: u64) {
        self.left_bytes = size_bytes;
        self.padding_bytes = size_bytes.next_multiple_of(BLOCK_BYTES).saturating_sub(size_bytes);
    }

    fn skip(&mut self) -> Result<(), SourceError> {
        let skipped = self.left_bytes.saturating_add(self.padding_bytes);
        self.begin(0);
        let passed = std::io::copy(&mut self.inner.by_ref().take(skipped), &mut std::io::sink());
        match passed.map_err(|error| damaged(&error))? == skipped {
            true => Ok(()),
            false => Err(cut_short()),
        }
    }

    /// The next header; `None` at the archive's end.
    fn header(&mut self) -> Result<Option<Header>, SourceError> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < block.len() {
            match self.inner.read(&mut block[filled..]).map_err(|error| damaged(&error))? {
                // Some writers leave the two empty blocks at the end out.
                0 if filled == 0 => return Ok(None),
                0 => return Err(cut_short()),
                read => filled += read,
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        match header.cksum().is_ok_and(|stated| stated == checksum(&header)) {
            true => Ok(Some(header)),
            false => Err(SourceError::invalid("this is no tar archive, or a damaged one")),
        }
    }

    /// The content of an entry that describes the next one.
    fn record(&mut self, size_bytes: u64) -> Result<Vec<u8>, SourceError> {
        if size_bytes > ARCHIVE_NAME_RECORD_MAX_BYTES {
            return Err(SourceError::invalid(
                "a file of the archive has a name or attributes of absurd length",
            ));
        }
        self.begin(size_bytes);
        let mut record = vec![0; usize::try_from(size_bytes).unwrap_or(0)];
        self.read_file(&mut record)?;
        Ok(record)
    }
}

impl Overrides {
    fn note(&mut self, kind: EntryType, record: &[u8]) -> Result<(), SourceError> {
        if kind.is_gnu_longname() {
            let name = record.split(|byte| *byte == 0).next().unwrap_or_default();
            self.name = Some(utf8(name)?);
            return Ok(());
        }
        for extension in PaxExtensions::new(record) {
            let extension = extension.map_err(|error| damaged(&error))?;
            match extension.key_bytes() {
                b"path" => self.name = Some(utf8(extension.value_bytes())?),
                b"size" => {
                    let size = extension.value().ok().and_then(|text| text.parse().ok());
                    self.size_bytes =
                        Some(size.ok_or_else(|| SourceError::invalid("a size in the archive is no number"))?);
                }
                key if key.starts_with(b"GNU.sparse") => {
                    return Err(SourceError::invalid(
                        "the archive holds a sparse file; pack it without --sparse",
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn header_name(header: &Header) -> Result<String, SourceError> {
    utf8(&header.path_bytes())
}

fn utf8(name: &[u8]) -> Result<String, SourceError> {
    String::from_utf8(name.to_vec())
        .map_err(|_| SourceError::invalid("a file name of the archive is not UTF-8; rename it"))
}

/// Of a header block, as if its own field were eight blanks.
fn checksum(header: &Header) -> u32 {
    let block = header.as_bytes();
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..])
}

fn damaged(error: &std::io::Error) -> SourceError {
    SourceError::invalid(format!("the archive cannot be read: {error}"))
}

fn cut_short() -> SourceError {
    SourceError::invalid("the archive ends in the middle of a file")
}
