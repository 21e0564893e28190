//! `cloister model import --from`: the controller fetches, this watches.

use cloister_api::{
    HttpsSource, Import, ImportPhase, ImportSource, ModelDetail, NewImport, OciSource, PathSource, paths,
};

use crate::client::Client;
use crate::error::CliError;
use crate::limits::POLL_INTERVAL;
use crate::output::Output;
use crate::render::progress::{as_bytes, as_spinner, bars, spinner};

/// A source as people write it.
pub(super) fn source(text: &str) -> Result<ImportSource, String> {
    if let Some(reference) = text.strip_prefix("oci://") {
        return Ok(ImportSource::Oci(OciSource { reference: reference.to_owned() }));
    }
    if text.starts_with("https://") {
        let (url, sha256) = text
            .split_once("#sha256=")
            .ok_or("needs the archive's digest at its end: https://files.example/m.tar#sha256=…")?;
        return Ok(ImportSource::Https(HttpsSource { url: url.to_owned(), sha256: sha256.to_owned() }));
    }
    match text.strip_prefix("path:") {
        Some(path) => Ok(ImportSource::Path(PathSource { path: path.to_owned() })),
        None => {
            Err("write oci://registry/repository@sha256:…, https://host/file#sha256=… or path:folder"
                .to_owned())
        }
    }
}

/// Begins an import and waits for its end; the model.
pub(super) async fn import(
    client: &Client,
    new: &NewImport,
    output: &Output,
) -> Result<ModelDetail, CliError> {
    let mut import: Import = client.post(paths::IMPORTS, new).await?;
    let bars = bars(output);
    let bar = spinner(&bars, "waiting for its turn");
    while !import.phase.is_last() {
        match (import.phase, import.bytes_total) {
            (ImportPhase::Fetching, Some(total)) => {
                as_bytes(&bar, "fetching");
                bar.set_length(total);
                bar.set_position(import.bytes_done);
            }
            (phase, _) => as_spinner(&bar, doing(phase)),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        import = client.get(&paths::import(&import.id)).await?;
    }
    bar.finish_and_clear();
    match import.phase {
        ImportPhase::Done => {
            let model = client.get::<ModelDetail>(&paths::model(&import.name)).await?;
            Ok(ModelDetail { record_id: import.record_id, ..model })
        }
        _ => Err(failed(import)),
    }
}

fn doing(phase: ImportPhase) -> &'static str {
    match phase {
        ImportPhase::Queued => "waiting for its turn",
        ImportPhase::Fetching => "asking the source",
        ImportPhase::Verifying => "verifying",
        ImportPhase::Importing => "keeping",
        _ => "working",
    }
}

fn failed(import: Import) -> CliError {
    match import.problem {
        Some(problem) => {
            let error = CliError::new(problem.detail);
            match import.record_id {
                Some(record_id) => {
                    error.next(format!("the refusal is on record: cloister audit show {record_id}"))
                }
                None => error,
            }
        }
        None => CliError::new("the import was cancelled").next("import again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_written_as_urls() {
        let oci = source("oci://r.example:5000/m@sha256:ab").unwrap();
        assert_eq!(oci, ImportSource::Oci(OciSource { reference: "r.example:5000/m@sha256:ab".into() }));
        let https = source("https://f.example/m.tar?x=1#sha256=ab").unwrap();
        let url = "https://f.example/m.tar?x=1".to_owned();
        assert_eq!(https, ImportSource::Https(HttpsSource { url, sha256: "ab".into() }));
        assert_eq!(source("path:a/b").unwrap(), ImportSource::Path(PathSource { path: "a/b".into() }));
        for wrong in ["https://f.example/m.tar", "http://f.example/m.tar#sha256=ab", "./m", ""] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }
}
