//! `cloister model import`

mod from;

use std::path::{Path, PathBuf};

use clap::Args;
use cloister_api::{ImportRequest, ImportSource, ModelDetail, NewImport, paths};

use super::sign::default_signature;
use crate::client::Client;
use crate::client::upload::{LocalFile, upload};
use crate::error::{CliError, Doing};
use crate::output::Output;
use crate::render::progress::{as_spinner, bars, bytes_bar};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister model import ./smollm2 --name smollm2
  cloister model import SmolLM2.gguf --name smollm2 --signature SmolLM2.gguf.sig
  cloister model import --from oci://registry.example/models/smollm2@sha256:… --name smollm2
  cloister model import --from https://files.example/smollm2.tar.gz#sha256=… --name smollm2
  cloister model import --from path:smollm2 --name smollm2

With --from the controller fetches the model by itself, from where it was allowed to: start it with
--source-allow HOST for registries and HTTPS, or with --sources DIR for paths below that folder.")]
pub(crate) struct Import {
    /// A folder, or one GGUF
    #[arg(required_unless_present = "from")]
    model: Option<PathBuf>,
    /// Where the controller fetches it: oci://…@sha256:…, https://…#sha256=… or path:…
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["model", "signature"], value_parser = from::source)]
    from: Option<ImportSource>,
    /// With --from: the model digest that it must turn out to have
    #[arg(long, value_name = "DIGEST", requires = "from")]
    digest: Option<String>,
    /// What it is called in the fleet
    #[arg(long)]
    name: String,
    /// The signature [default: model.sig in the folder, or FILE.sig]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

impl Import {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let detail = match (self.from, self.model) {
            (Some(source), _) => {
                let new = NewImport { name: self.name, source, expected_digest: self.digest };
                from::import(client, &new, output).await?
            }
            (None, Some(model)) => {
                let signature = self.signature.unwrap_or_else(|| default_signature(&model));
                import(client, &model, &signature, &self.name, output).await?
            }
            (None, None) => return Err(CliError::usage("name a model, or its source with --from")),
        };
        output.data(&detail, |out| {
            let checks = super::passed(&detail.checks, out);
            let waits = super::approval::waits(&detail.model).unwrap_or_default();
            format!("{checks}\n{} {}{waits}", detail.model.name, detail.model.digest)
        })
    }
}

/// Uploads and imports.
pub(crate) async fn import(
    client: &Client,
    model: &Path,
    signature: &Path,
    name: &str,
    output: &Output,
) -> Result<ModelDetail, CliError> {
    let files = local_files(model, signature)?;
    let bars = bars(output);
    let bar = bytes_bar(&bars, "sending", files.iter().map(|f| f.size_bytes).sum());
    let sent = upload(client, &files, &bar).await;
    as_spinner(&bar, "verifying");
    let imported = match sent {
        Ok(upload_id) => {
            client.post(paths::MODELS, &ImportRequest { name: name.to_string(), upload_id }).await
        }
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    imported
}

/// The files to send, under the names that the signature lists; the signature as `*.sig`.
fn local_files(model: &Path, signature: &Path) -> Result<Vec<LocalFile>, CliError> {
    if !signature.is_file() {
        return Err(CliError::new(format!("there is no signature {}", signature.display()))
            .next(format!("cloister model sign {} --key PRIVATE.pem", model.display())));
    }
    let mut files = vec![LocalFile {
        name: super::sign::SIGNATURE_FILE.to_string(),
        path: signature.to_path_buf(),
        size_bytes: size(signature)?,
    }];
    if !model.is_dir() {
        files.push(local_file(model)?);
        return Ok(files);
    }
    let what = || format!("{} could not be read", model.display());
    let own = signature.canonicalize().doing(what)?;
    let mut paths: Vec<_> = std::fs::read_dir(model)
        .doing(what)?
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .doing(what)?;
    paths.sort();
    for path in paths {
        if path.canonicalize().doing(what)? != own {
            files.push(local_file(&path)?);
        }
    }
    Ok(files)
}

fn local_file(path: &Path) -> Result<LocalFile, CliError> {
    let metadata = path.symlink_metadata().doing(|| format!("{} could not be read", path.display()))?;
    if !metadata.is_file() {
        return Err(CliError::new(format!(
            "{} is not a plain file: symbolic links and folders cannot be part of a signed model",
            path.display()
        )));
    }
    let name = path.file_name().and_then(|n| n.to_str());
    let name = name.ok_or_else(|| CliError::usage(format!("{} has no usable name", path.display())))?;
    Ok(LocalFile { name: name.to_string(), path: path.to_path_buf(), size_bytes: metadata.len() })
}

fn size(path: &Path) -> Result<u64, CliError> {
    Ok(std::fs::metadata(path).doing(|| format!("{} could not be read", path.display()))?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_sent_whole_with_its_signature_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.gguf", "config.json", "model.sig"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let files = local_files(folder.path(), &folder.path().join("model.sig")).unwrap();
        let names: Vec<_> = files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["model.sig", "a.gguf", "config.json"]);
    }

    #[test]
    fn a_symbolic_link_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("model.sig"), "s").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a.gguf")).unwrap();
        let error = local_files(folder.path(), &folder.path().join("model.sig")).unwrap_err();
        assert!(error.what.contains("not a plain file"), "{error}");
    }

    #[test]
    fn an_unsigned_model_is_told_how_to_become_signed() {
        let folder = tempfile::tempdir().unwrap();
        let error = local_files(folder.path(), &folder.path().join("model.sig")).unwrap_err();
        assert!(error.next.unwrap().starts_with("cloister model sign"));
    }
}
