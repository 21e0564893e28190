//! Models that the controller fetches by itself: from a real registry, over real TLS, and from a
//! folder. What comes is let in or refused as an upload is, and what does not come leaves nothing.

mod folder;
mod https;
mod outside;
mod registry;

use std::path::Path;
use std::time::Duration;

use cloister_api::{Import, ImportPhase, ImportReason, paths};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Fleet, SignedModel, Signer};
use crate::sources::{SourceOptions, SourceSettings};

async fn fleet(options: SourceOptions) -> Fleet {
    Fleet::start_with(tempfile::tempdir().unwrap(), SourceSettings::new(&options)).await
}

fn path_source(path: &str) -> Value {
    json!({"path": {"path": path}})
}

impl Fleet {
    async fn begin_import(&self, name: &str, source: Value) -> Import {
        self.begin_import_of(name, source, None).await
    }

    async fn begin_import_of(&self, name: &str, source: Value, digest: Option<&str>) -> Import {
        let mut body = json!({"name": name, "source": source});
        if let Some(digest) = digest {
            body["expected_digest"] = digest.into();
        }
        let (status, import) = self.call(Method::POST, paths::IMPORTS, Some(body)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{import}");
        serde_json::from_value(import).unwrap()
    }

    async fn import_named(&self, id: &str) -> Import {
        serde_json::from_value(self.get(&paths::import(id)).await).unwrap()
    }

    /// Begins an import and waits for its end.
    async fn fetch(&self, name: &str, source: Value) -> Import {
        let begun = self.begin_import(name, source).await;
        self.ended(&begun.id).await
    }

    async fn ended(&self, id: &str) -> Import {
        self.import_until(id, |import| import.phase.is_last()).await
    }

    async fn import_until(&self, id: &str, there: impl Fn(&Import) -> bool) -> Import {
        let look = async {
            loop {
                let import = self.import_named(id).await;
                if there(&import) {
                    return import;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), look).await.expect("the import goes on")
    }

    /// Nothing of an import lies around: waits for whoever still deletes.
    async fn nothing_is_left(&self) {
        let gone = async {
            while !self.listing("uploads").is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), gone).await.expect("the upload area is empty");
    }
}

/// Fails with all that is known unless the import ended in that phase for that reason.
fn assert_ended(import: &Import, phase: ImportPhase, reason: ImportReason, detail: &str) {
    assert_eq!(import.phase, phase, "{import:?}");
    let problem = import.problem.as_ref().unwrap();
    assert_eq!(problem.reason, reason, "{import:?}");
    assert!(problem.detail.contains(detail), "{detail:?} in {:?}", problem.detail);
    assert_eq!(
        import.record_id.is_some(),
        phase == ImportPhase::Refused,
        "refusals are on record: {import:?}"
    );
}

fn assert_done(import: &Import) {
    assert_eq!(import.phase, ImportPhase::Done, "{import:?}");
    assert_eq!(Some(import.bytes_done), import.bytes_total, "{import:?}");
}

/// The model as a tar archive, its folder called `folder`.
fn archive(model: &SignedModel, folder: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in model.files() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{folder}{name}"), bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).unwrap();
}
