use std::io::{Seek as _, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

fn entry(tar: &mut Builder<Vec<u8>>, name: &str, kind: EntryType, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    // The crate's own setter refuses what an attacker would write.
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

fn tar(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    entries.iter().for_each(|(name, kind, bytes)| entry(&mut tar, name, *kind, bytes));
    tar.into_inner().unwrap()
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn listed(bytes: &[u8]) -> Result<Vec<(String, u64)>, String> {
    let files = list(&file(bytes), &CancellationToken::new()).map_err(|error| error.detail)?;
    Ok(files.into_iter().map(|file| (file.name, file.size_bytes)).collect())
}

/// All files with their bytes.
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (file, stop) = (file(bytes), CancellationToken::new());
    let files = list(&file, &stop).unwrap();
    let (out, mut parts) = mpsc::channel(1_000);
    unpack(&file, &files, &stop, &out);
    drop(out);
    let mut got: Vec<(String, Vec<u8>)> = Vec::new();
    while let Some(part) = parts.blocking_recv() {
        match part {
            Unpacked::File(name) => got.push((name, Vec::new())),
            Unpacked::Bytes(bytes) => got.last_mut().unwrap().1.extend_from_slice(&bytes),
            Unpacked::Failed(error) => panic!("{error}"),
        }
    }
    got
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn a_models_folder_is_found_at_the_top_and_deeper_packed_and_plain() {
    let big = vec![7; ARTIFACT_CHUNK_BYTES + 700];
    for root in ["", "./", "smollm2/", "a/b/"] {
        let (bundle, weights) = (format!("{root}model.sig"), format!("{root}m.gguf"));
        let archive = tar(&[
            (&format!("{root}d/"), EntryType::Directory, b""),
            (&weights, FILE, &big),
            (&bundle, FILE, b"bundle"),
        ]);
        for bytes in [archive.clone(), gzip(&archive)] {
            let expected = [("m.gguf".to_owned(), big.clone()), ("model.sig".to_owned(), b"bundle".to_vec())];
            assert_eq!(unpacked(&bytes), expected, "{root}");
        }
    }
}

#[test]
fn names_and_sizes_that_do_not_fit_into_a_header_are_read() {
    let long = format!("{}/m.gguf", "x".repeat(180));
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(3);
    builder.append_data(&mut header, &long, &b"abc"[..]).unwrap();
    assert_eq!(listed(&builder.into_inner().unwrap()).unwrap(), [(long, 3)]);

    let mut builder = Builder::new(Vec::new());
    builder
        .append_pax_extensions([("path", &b"\xc3\xa4.gguf"[..]), ("mtime", b"1.5"), ("size", b"3")])
        .unwrap();
    entry(&mut builder, "placeholder", FILE, b"abc");
    assert_eq!(listed(&builder.into_inner().unwrap()).unwrap(), [("ä.gguf".to_owned(), 3)]);
}

#[test]
fn what_is_no_archive_of_plain_files_is_refused_with_its_reason() {
    let good = tar(&[("model.sig", FILE, b"bundle"), ("m.gguf", FILE, &[1; 2_000])]);
    let many: Vec<(String, EntryType, &[u8])> =
        (0..=UPLOAD_FILES_MAX).map(|n| (format!("f{n}"), FILE, &b"x"[..])).collect();
    let many: Vec<_> = many.iter().map(|(name, kind, bytes)| (name.as_str(), *kind, *bytes)).collect();
    let folders: Vec<(&str, EntryType, &[u8])> =
        (0..2_000).map(|_| ("d/", EntryType::Directory, &b""[..])).collect();
    let mut flipped = good.clone();
    flipped[3] ^= 1;
    let packed = gzip(&good);
    let huge_record = tar(&[("pax", EntryType::XHeader, &[b'a'; 70_000])]);
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("empty", Vec::new(), "too short"),
        ("text", b"hello, this is a text and no archive at all".repeat(20), "no tar archive"),
        ("flipped header", flipped, "no tar archive"),
        ("truncated", good[..1_700].to_vec(), "middle of a file"),
        ("truncated gzip", packed[..packed.len() / 2].to_vec(), "cannot be read"),
        ("up and out", tar(&[("../m.gguf", FILE, b"x")]), "leaves the model's directory"),
        ("absolute", tar(&[("/etc/m.gguf", FILE, b"x")]), "absolute"),
        ("symbolic link", tar(&[("m.gguf", EntryType::Symlink, b"")]), "neither a plain file nor a folder"),
        ("hard link", tar(&[("m.gguf", EntryType::Link, b"")]), "neither a plain file nor a folder"),
        ("device", tar(&[("m.gguf", EntryType::Block, b"")]), "neither a plain file nor a folder"),
        ("beside the model", tar(&[("m/model.sig", FILE, b"b"), ("other", FILE, b"x")]), "beside the folder"),
        ("too many files", tar(&many), "more than 64 files"),
        ("too many entries", tar(&folders), "entries"),
        ("huge name", huge_record, "absurd length"),
    ];
    for (what, bytes, reason) in cases {
        let refused = listed(&bytes).unwrap_err();
        assert!(refused.contains(reason), "{what}: {refused}");
    }
    assert!(listed(&good).is_ok());
}

#[test]
fn an_import_that_was_ended_stops_reading() {
    let stop = CancellationToken::new();
    stop.cancel();
    let archive = tar(&[("m.gguf", FILE, b"x")]);
    assert!(list(&file(&archive), &stop).unwrap_err().detail.contains("was ended"));
}
