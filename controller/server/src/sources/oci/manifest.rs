//! What a manifest says a model is made of.

use std::collections::BTreeMap;

use cloister_api::limits::UPLOAD_FILES_MAX;
use cloister_provenance::check_file_name;
use serde::Deserialize;

use crate::limits::UPLOAD_MAX_BYTES;
use crate::sources::error::{SourceError, shown};

/// What is accepted, for the request: indexes too, so that they can be told from nothing.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// ModelPack (CNCF model specification): the file's path within the model.
const MODELPACK_PATH: &str = "org.cncf.model.filepath";
/// Plain artifacts: the file's name.
const TITLE: &str = "org.opencontainers.image.title";
/// ORAS: the layer is a packed folder.
const ORAS_UNPACK: &str = "io.deis.oras.content.unpack";
/// Layers of a ModelPack begin with this and end in `raw`, `tar` or a packed tar.
const MODELPACK_LAYER: &str = "application/vnd.cncf.model.";
/// A signature bundle as a layer needs no name.
const BUNDLE_LAYER: &str = "application/vnd.dev.sigstore.bundle";
const BUNDLE_NAME: &str = "model.sig";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    layers: Option<Vec<Descriptor>>,
    /// Of an index.
    manifests: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A layer that is one file, or an archive of some.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) name: String,
    /// As the registry knows it.
    pub(super) digest: String,
    pub(super) sha256: [u8; 32],
    pub(super) size_bytes: u64,
    pub(super) form: LayerForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerForm {
    File,
    Archive,
}

/// The bytes behind `sha256:` and 64 lower-case hexadecimal digits.
pub(super) fn sha256_of(digest: &str) -> Option<[u8; 32]> {
    let hex = digest.strip_prefix("sha256:")?;
    let mut bytes = [0; 32];
    let lower = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (lower && hex::decode_to_slice(hex, &mut bytes).is_ok()).then_some(bytes)
}

/// The layers of a manifest whose digest was checked. The configuration is left alone: what a model
/// is, its signature and its weights tell.
pub(super) fn layers(manifest: &[u8]) -> Result<Vec<Layer>, SourceError> {
    let manifest: Manifest = serde_json::from_slice(manifest)
        .map_err(|error| SourceError::invalid(format!("the manifest cannot be read: {error}")))?;
    if manifest.manifests.is_some() {
        return Err(SourceError::invalid(
            "the digest is that of an index of several manifests; name the manifest itself",
        ));
    }
    let layers = manifest.layers.unwrap_or_default();
    if manifest.schema_version != 2 || layers.is_empty() {
        return Err(SourceError::invalid("the manifest lists no layers; it is not a model"));
    }
    if layers.len() > UPLOAD_FILES_MAX {
        return Err(SourceError::invalid(format!(
            "the manifest lists {} layers; a model has at most {UPLOAD_FILES_MAX} files",
            layers.len()
        )));
    }
    layers.into_iter().map(layer).collect()
}

fn layer(descriptor: Descriptor) -> Result<Layer, SourceError> {
    let name = name(&descriptor)?;
    let Some(sha256) = sha256_of(&descriptor.digest) else {
        return Err(SourceError::invalid(format!(
            "the layer {} has the digest {}; only sha256 is taken",
            shown(&name),
            shown(&descriptor.digest)
        )));
    };
    if descriptor.size == 0 || descriptor.size > UPLOAD_MAX_BYTES {
        return Err(SourceError::invalid(format!(
            "the layer {} has {} bytes; 1 to {UPLOAD_MAX_BYTES} are taken",
            shown(&name),
            descriptor.size
        )));
    }
    let form = form(&descriptor)?;
    Ok(Layer { name, digest: descriptor.digest, sha256, size_bytes: descriptor.size, form })
}

fn name(descriptor: &Descriptor) -> Result<String, SourceError> {
    let annotated = [MODELPACK_PATH, TITLE].iter().find_map(|key| descriptor.annotations.get(*key));
    let name = match annotated {
        Some(name) => name.as_str(),
        None if descriptor.media_type.starts_with(BUNDLE_LAYER) => BUNDLE_NAME,
        None => {
            return Err(SourceError::invalid(format!(
                "a layer of type {} has no file name (annotation {MODELPACK_PATH} or {TITLE}); it is not a model's",
                shown(&descriptor.media_type)
            )));
        }
    };
    match check_file_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(why) => Err(SourceError::invalid(format!("the file name {} is refused: {why}", shown(name)))),
    }
}

fn form(descriptor: &Descriptor) -> Result<LayerForm, SourceError> {
    let media_type = descriptor.media_type.as_str();
    if !media_type.starts_with(MODELPACK_LAYER) {
        // What a plain artifact's type says about packing is habit: the tools write tar for any file.
        let packed = descriptor.annotations.get(ORAS_UNPACK).is_some_and(|value| value == "true");
        return Ok(if packed { LayerForm::Archive } else { LayerForm::File });
    }
    match media_type.rsplit('.').next() {
        Some("raw") => Ok(LayerForm::File),
        Some("tar" | "tar+gzip") => Ok(LayerForm::Archive),
        _ => Err(SourceError::invalid(format!(
            "a layer has the type {}; raw, tar and tar+gzip layers are taken",
            shown(media_type)
        ))),
    }
}
