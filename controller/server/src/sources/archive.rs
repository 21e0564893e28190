//! Archives of models: `.tar` and `.tar.gz`. They are read twice: once for what is in them, so that
//! space can be set aside and names checked, and once for the bytes. Only plain files and folders are
//! taken; nothing of an archive is ever written anywhere but into the upload area.

mod tar_reader;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use bytes::Bytes;
use cloister_api::limits::UPLOAD_FILES_MAX;
use cloister_provenance::check_file_name;
use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::error::{SourceError, shown};
use crate::limits::{ARTIFACT_CHUNK_BYTES, UPLOAD_MAX_BYTES};
use tar_reader::TarReader;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveFile {
    /// Relative to the model's folder.
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
}

/// What [`unpack`] hands out, in order.
#[derive(Debug)]
pub(crate) enum Unpacked {
    /// From here on the bytes of this file.
    File(String),
    Bytes(Bytes),
    Failed(SourceError),
}

/// What is in the archive. The model's folder is the one that holds the signature bundle, wherever in
/// the archive it is; if there is none, it is the archive's root. Blocks, also on computing.
///
/// # Errors
/// The archive is damaged, or holds something that is not taken.
pub(crate) fn list(file: &File, stop: &CancellationToken) -> Result<Vec<ArchiveFile>, SourceError> {
    let mut files: Vec<ArchiveFile> = Vec::new();
    let mut total_bytes = 0_u64;
    let mut tar = open(file, stop)?;
    while let Some(entry) = tar.next_file()? {
        if files.len() >= UPLOAD_FILES_MAX {
            return Err(SourceError::invalid(format!(
                "the archive holds more than {UPLOAD_FILES_MAX} files"
            )));
        }
        total_bytes = total_bytes.saturating_add(entry.size_bytes);
        if total_bytes > UPLOAD_MAX_BYTES {
            return Err(SourceError::invalid(format!(
                "the files of the archive have more than {UPLOAD_MAX_BYTES} bytes together"
            )));
        }
        check_file_name(&entry.name).map_err(|why| {
            SourceError::invalid(format!(
                "the file name {} of the archive is refused: {why}",
                shown(&entry.name)
            ))
        })?;
        files.push(entry);
    }
    if files.is_empty() {
        return Err(SourceError::invalid("the archive holds no file"));
    }
    let root = root(&files);
    files.into_iter().map(|file| below(&root, file)).collect()
}

/// The folder of the signature bundle, with its `/`; empty at the top.
fn root(files: &[ArchiveFile]) -> String {
    let bundle = files.iter().find(|file| file.name.ends_with(".sig"));
    bundle
        .and_then(|file| Some(file.name.rsplit_once('/')?.0))
        .map(|folder| format!("{folder}/"))
        .unwrap_or_default()
}

fn below(root: &str, file: ArchiveFile) -> Result<ArchiveFile, SourceError> {
    match file.name.strip_prefix(root) {
        Some(name) => Ok(ArchiveFile { name: name.to_owned(), ..file }),
        None => Err(SourceError::invalid(format!(
            "the archive holds {} beside the folder of the signature bundle; put only the model's folder into it",
            shown(&file.name)
        ))),
    }
}

/// Hands out the files that [`list`] told, in the archive's order. Blocks. Ends early if nobody listens.
pub(crate) fn unpack(
    file: &File,
    files: &[ArchiveFile],
    stop: &CancellationToken,
    out: &mpsc::Sender<Unpacked>,
) {
    if let Err(error) = hand_out(file, files, stop, out) {
        // If nobody listens, nobody needs to know.
        let _ = out.blocking_send(Unpacked::Failed(error));
    }
}

fn hand_out(
    file: &File,
    files: &[ArchiveFile],
    stop: &CancellationToken,
    out: &mpsc::Sender<Unpacked>,
) -> Result<(), SourceError> {
    let mut tar = open(file, stop)?;
    let mut expected = files.iter();
    while let Some(entry) = tar.next_file()? {
        let expected = expected.next().filter(|file| file.size_bytes == entry.size_bytes);
        let Some(file) = expected.filter(|file| entry.name.ends_with(&file.name)) else {
            return Err(SourceError::invalid(
                "the archive changed while it was read; leave it alone and try again",
            ));
        };
        if out.blocking_send(Unpacked::File(file.name.clone())).is_err() {
            return Ok(());
        }
        loop {
            let mut chunk = vec![0; ARTIFACT_CHUNK_BYTES];
            let read = tar.read_file(&mut chunk)?;
            if read == 0 {
                break;
            }
            chunk.truncate(read);
            if out.blocking_send(Unpacked::Bytes(chunk.into())).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn open(file: &File, stop: &CancellationToken) -> Result<TarReader<Box<dyn Read>>, SourceError> {
    let mut file = file.try_clone().map_err(|error| unreadable(&error))?;
    let mut magic = [0; 2];
    let begin = |file: &mut File| file.seek(SeekFrom::Start(0));
    begin(&mut file).map_err(|error| unreadable(&error))?;
    file.read_exact(&mut magic).map_err(|_| SourceError::invalid("the archive is too short to be one"))?;
    begin(&mut file).map_err(|error| unreadable(&error))?;
    let file = BufReader::with_capacity(ARTIFACT_CHUNK_BYTES, Stoppable { inner: file, stop: stop.clone() });
    let plain: Box<dyn Read> = match magic {
        [0x1f, 0x8b] => Box::new(MultiGzDecoder::new(file)),
        _ => Box::new(file),
    };
    // Unpacked zeros cost their sender nothing.
    Ok(TarReader::new(Box::new(plain.take(2 * UPLOAD_MAX_BYTES))))
}

fn unreadable(error: &io::Error) -> SourceError {
    SourceError::internal("the archive cannot be read back", error)
}

/// Ends with an error once nobody wants the bytes any more.
struct Stoppable {
    inner: File,
    stop: CancellationToken,
}

impl Read for Stoppable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stop.is_cancelled() {
            true => Err(io::Error::other("the import was ended")),
            false => self.inner.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests;
