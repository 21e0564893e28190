//! Model directories: exactly the signed files, byte for byte.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use cloister_provenance::{
    Bundle, FileError, FileVerifier, HashingReader, SignError, VerifiedManifest, digest_file, sign_directory,
    verify_directory, verify_single_file,
};
use tempfile::TempDir;

use crate::forge::Forger;

/// A signed model of three files, its signature beside them.
struct Model {
    folder: TempDir,
    signature: PathBuf,
    manifest: VerifiedManifest,
}

impl Model {
    fn signed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tokenizer")).unwrap();
        for (name, content) in
            [("model.gguf", "weights"), ("config.json", "{}"), ("tokenizer/vocab.txt", "a b")]
        {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let signature = folder.path().join("model.sig");
        let forger = Forger::new();
        let signed = sign_directory(folder.path(), Some(&signature), &forger.key, "m", &mut |_| {}).unwrap();
        fs::write(&signature, &signed.bytes).unwrap();
        let manifest = Bundle::parse(&signed.bytes).unwrap().verify_signature(&[forger.trusted]).unwrap();
        assert_eq!(manifest.model_digest, signed.model_digest);
        Self { folder, signature, manifest }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn verify(&self) -> Result<(), FileError> {
        verify_directory(&self.manifest, self.folder.path(), Some(&self.signature), &mut |_| {})
    }

    fn refusal(&self) -> FileError {
        self.verify().expect_err("the directory was altered")
    }
}

#[test]
fn untouched_directory_verifies_and_progress_counts_every_byte() {
    let model = Model::signed();
    let mut hashed = 0;
    verify_directory(&model.manifest, model.folder.path(), Some(&model.signature), &mut |bytes| {
        hashed += bytes
    })
    .unwrap();
    assert_eq!(hashed, "weights{}a b".len() as u64);
}

#[test]
fn altered_file_is_named_with_both_digests() {
    let model = Model::signed();
    fs::write(model.path("tokenizer/vocab.txt"), "a c").unwrap();
    match model.refusal() {
        FileError::DigestMismatch { name, expected, actual } => {
            assert_eq!(name, "\"tokenizer/vocab.txt\"");
            assert_eq!(expected, model.manifest.file("tokenizer/vocab.txt").unwrap().sha256.to_string());
            assert_ne!(expected, actual);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn grown_shrunk_and_emptied_files_are_refused() {
    for content in ["weights!", "weight", ""] {
        let model = Model::signed();
        fs::write(model.path("model.gguf"), content).unwrap();
        assert!(matches!(model.refusal(), FileError::DigestMismatch { .. }), "{content:?}");
    }
}

#[test]
fn missing_and_unlisted_files_are_named_wherever_they_hide() {
    let model = Model::signed();
    fs::remove_file(model.path("config.json")).unwrap();
    assert!(matches!(model.refusal(), FileError::Missing { name } if name == "\"config.json\""));
    for hidden in ["evil.gguf", ".hidden", ".git/evil.gguf", "tokenizer/.gitignore"] {
        let model = Model::signed();
        fs::create_dir_all(model.path(hidden).parent().unwrap()).unwrap();
        fs::write(model.path(hidden), "x").unwrap();
        assert!(matches!(model.refusal(), FileError::Unlisted { name } if name == format!("{hidden:?}")));
    }
}

#[test]
fn signature_file_left_in_the_directory_is_unlisted_unless_it_is_named() {
    let model = Model::signed();
    let refused = verify_directory(&model.manifest, model.folder.path(), None, &mut |_| {});
    assert!(matches!(refused, Err(FileError::Unlisted { name }) if name == "\"model.sig\""));
}

#[test]
fn symbolic_links_are_refused_even_to_the_right_bytes() {
    let model = Model::signed();
    let moved = tempfile::tempdir().unwrap();
    fs::rename(model.path("model.gguf"), moved.path().join("blob")).unwrap();
    symlink(moved.path().join("blob"), model.path("model.gguf")).unwrap();
    assert!(matches!(model.refusal(), FileError::Symlink { name } if name == "\"model.gguf\""));
    let model = Model::signed();
    symlink("/", model.path("root")).unwrap();
    assert!(matches!(model.refusal(), FileError::Symlink { .. }));
}

#[test]
fn sockets_are_refused_without_being_opened() {
    let model = Model::signed();
    fs::remove_file(model.path("config.json")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(model.path("config.json")).unwrap();
    assert!(matches!(model.refusal(), FileError::NotAFile { .. }));
}

#[test]
fn signing_refuses_links_and_empty_directories() {
    let folder = tempfile::tempdir().unwrap();
    let key = Forger::new().key;
    let sign = |path: &Path| sign_directory(path, None, &key, "m", &mut |_| {});
    assert!(matches!(sign(folder.path()), Err(SignError::NoFiles)));
    symlink("/etc/hostname", folder.path().join("link")).unwrap();
    assert!(matches!(sign(folder.path()), Err(SignError::File(FileError::Symlink { .. }))));
    assert!(matches!(sign(Path::new("/does/not/exist")), Err(SignError::File(FileError::Read { .. }))));
}

#[test]
fn same_files_give_the_same_model_digest_whoever_signs_and_in_whatever_order() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b"), "b").unwrap();
    fs::write(folder.path().join("a"), "a").unwrap();
    let entries = ["b", "a"].map(|name| digest_file(&folder.path().join(name), &mut |_| {}).unwrap());
    let one = sign_directory(folder.path(), None, &Forger::new().key, "m", &mut |_| {}).unwrap();
    let other = cloister_provenance::sign(entries.to_vec(), &Forger::new().key, "m").unwrap();
    assert_eq!(one.model_digest, other.model_digest);
}

#[test]
fn single_file_verifies_under_any_name_but_not_against_a_list_of_several() {
    let folder = tempfile::tempdir().unwrap();
    let (path, renamed) = (folder.path().join("model.gguf"), folder.path().join("copy"));
    fs::write(&path, "weights").unwrap();
    fs::write(&renamed, "weights").unwrap();
    let forger = Forger::new();
    let entry = digest_file(&path, &mut |_| {}).unwrap();
    let signed = cloister_provenance::sign(vec![entry], &forger.key, "model.gguf").unwrap();
    let manifest = Bundle::parse(&signed.bytes).unwrap().verify_signature(&[forger.trusted]).unwrap();
    verify_single_file(&manifest, &renamed, &mut |_| {}).unwrap();
    let several = Model::signed().manifest;
    let refused = verify_single_file(&several, &path, &mut |_| {});
    assert!(matches!(refused, Err(FileError::NotASingleFile { count: 3 })));
    fs::write(&path, "weights2").unwrap();
    let refused = verify_single_file(&manifest, &path, &mut |_| {});
    assert!(matches!(refused, Err(FileError::DigestMismatch { .. })));
}

#[test]
fn bytes_are_checked_as_they_pass_in_pieces_or_through_a_reader() {
    let model = Model::signed();
    let entry = model.manifest.file("model.gguf").unwrap();
    let mut verifier = FileVerifier::new(entry);
    verifier.update(b"wei");
    verifier.update(b"");
    verifier.update(b"ghts");
    assert_eq!(verifier.hashed_bytes(), 7);
    verifier.finish().unwrap();
    let mut reader = HashingReader::new(&b"weights"[..], entry);
    let mut first = [0; 3];
    reader.read_exact(&mut first).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!((&first, rest.as_str()), (b"wei", "ghts"));
    reader.finish().unwrap();
    let mut cut = FileVerifier::new(entry);
    cut.update(b"weight");
    assert!(matches!(cut.finish(), Err(FileError::DigestMismatch { .. })));
}
