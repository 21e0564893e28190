//! `cloister model keygen` and `cloister model sign`

use std::path::{Path, PathBuf};

use clap::Args;
use cloister_provenance::{
    SignatureBundle, SigningKey, digest_file, keygen as generate, sign, sign_directory,
};
use serde::Serialize;

use crate::config::write_private;
use crate::error::{CliError, Doing};
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::local::files::read_text;
use crate::output::Output;
use crate::render::progress::{bars, bytes_bar};

/// The signature's file name when none is given.
pub(crate) const SIGNATURE_FILE: &str = "model.sig";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister model sign ./smollm2 --key signing.pem           writes ./smollm2/model.sig
  cloister model sign SmolLM2.gguf --key signing.pem        writes SmolLM2.gguf.sig

The signature is an OpenSSF Model Signing bundle: the `model_signing` program verifies it too.")]
pub(crate) struct Sign {
    /// A folder, or one GGUF
    model: PathBuf,
    /// The private key, PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where the signature goes
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Signed {
    signature: PathBuf,
    model_digest: String,
}

impl Sign {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let out = self.out.unwrap_or_else(|| default_signature(&self.model));
        let model_digest = sign_model(&self.model, &self.key, &out, output)?;
        let signed = Signed { signature: out, model_digest };
        output.data(&signed, |_| format!("{}\n{}", signed.signature.display(), signed.model_digest))
    }
}

/// Beside a GGUF, or in the folder.
pub(crate) fn default_signature(model: &Path) -> PathBuf {
    if model.is_dir() {
        return model.join(SIGNATURE_FILE);
    }
    let mut name = model.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Signs and writes the bundle; gives the model's digest.
pub(crate) fn sign_model(
    model: &Path,
    key_file: &Path,
    signature: &Path,
    output: &Output,
) -> Result<String, CliError> {
    let key = SigningKey::from_pem(&read_text(key_file, KEY_FILE_BYTES_MAX)?)
        .doing(|| format!("{} cannot be used", key_file.display()))?;
    let name = model_name(model)?;
    let bars = bars(output);
    let bar = bytes_bar(&bars, "hashing", size_of_model(model));
    let mut progress = |hashed: u64| bar.inc(hashed);
    let bundle = if model.is_dir() {
        sign_directory(model, Some(signature), &key, &name, &mut progress)
    } else {
        digest_file(model, &mut progress).map_err(Into::into).and_then(|file| sign(vec![file], &key, &name))
    };
    bar.finish_and_clear();
    let SignatureBundle { bytes, model_digest } =
        bundle.doing(|| format!("{} could not be signed", model.display()))?;
    std::fs::write(signature, bytes).doing(|| format!("{} could not be written", signature.display()))?;
    Ok(model_digest)
}

fn model_name(model: &Path) -> Result<String, CliError> {
    let path = model.canonicalize().doing(|| format!("{} could not be read", model.display()))?;
    let name = path.file_name().and_then(|n| n.to_str());
    name.map(str::to_string).ok_or_else(|| CliError::usage(format!("{} has no name", model.display())))
}

fn size_of_model(model: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
    match std::fs::read_dir(model) {
        Ok(entries) => entries.flatten().map(|e| size(&e.path())).sum(),
        Err(_) => size(model),
    }
}

#[derive(Debug, Serialize)]
struct Keys {
    private_key: PathBuf,
    public_key: PathBuf,
    key_id: String,
}

/// Writes PATH.pem and PATH.pub.pem; never over an existing key.
pub(crate) fn keygen(out: &Path, output: &Output) -> Result<(), CliError> {
    let with = |ending: &str| {
        let mut path = out.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    let keys = write_keys(&with(".pem"), &with(".pub.pem"))?;
    output.data(&keys, |_| {
        format!(
            "{}  keep it secret\n{}  trust it: cloister signer trust {} --name NAME\nkey id {}",
            keys.private_key.display(),
            keys.public_key.display(),
            keys.public_key.display(),
            keys.key_id
        )
    })
}

fn write_keys(private_key: &Path, public_key: &Path) -> Result<Keys, CliError> {
    for path in [private_key, public_key] {
        if path.exists() {
            return Err(CliError::new(format!("{} exists and is not overwritten", path.display()))
                .next("choose another name with --out"));
        }
    }
    let generated = generate().doing(|| "no key could be made".into())?;
    write_private(private_key, generated.private_pem.as_bytes())?;
    std::fs::write(public_key, &generated.public_pem)
        .doing(|| format!("{} could not be written", public_key.display()))?;
    Ok(Keys {
        private_key: private_key.to_path_buf(),
        public_key: public_key.to_path_buf(),
        key_id: generated.key_id,
    })
}

/// The pair of keys, made when they are not there yet.
pub(crate) fn ensure_keys(private_key: &Path, public_key: &Path) -> Result<bool, CliError> {
    if private_key.is_file() && public_key.is_file() {
        return Ok(false);
    }
    write_keys(private_key, public_key).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_overwritten_and_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = (folder.path().join("k.pem"), folder.path().join("k.pub.pem"));
        write_keys(&private, &public).unwrap();
        assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write_keys(&private, &public).unwrap_err().what.contains("not overwritten"));
    }

    #[test]
    fn the_signature_lies_beside_a_file_and_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(default_signature(folder.path()), folder.path().join("model.sig"));
        assert_eq!(default_signature(Path::new("/m/a.gguf")), Path::new("/m/a.gguf.sig"));
    }
}
