//! Models in OCI registries, pulled by digest (OCI distribution specification 1.1). The protocol is
//! spoken here, on our own client, because every host that takes part in it (registry, token service,
//! the store that blobs are redirected to) has to pass the check of [`super::egress`].

mod credentials;
mod manifest;
mod registry;

use std::sync::Arc;

use cloister_api::limits::OCI_REFERENCE_MAX_BYTES;
use oci_spec::distribution::Reference;

use super::error::SourceError;
use super::{Form, Piece, SourceSettings};
use manifest::{Layer, LayerForm};
use registry::Registry;

/// A place in a registry, pinned by digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pinned {
    /// As it is written, with a port if it has one.
    registry: String,
    repository: String,
    /// `sha256:<hex>` of the manifest.
    digest: String,
}

/// A reference that can be pulled, as far as its text tells.
///
/// # Errors
/// The end of a sentence that begins with the field's name.
pub(crate) fn check_reference(text: &str) -> Result<Pinned, String> {
    if text.len() > OCI_REFERENCE_MAX_BYTES {
        return Err(format!("has {} bytes; at most {OCI_REFERENCE_MAX_BYTES} are taken", text.len()));
    }
    let reference: Reference = text
        .parse()
        .map_err(|error| format!("is no OCI reference: {error}; write registry/repository@sha256:…"))?;
    let Some(digest) = reference.digest() else {
        return Err(
            "names a model by tag alone, and a tag can be moved; name it by digest: registry/repository@sha256:…".to_owned()
        );
    };
    if manifest::sha256_of(digest).is_none() {
        return Err("must end in @sha256: and 64 lower-case hexadecimal digits".to_owned());
    }
    Ok(Pinned {
        registry: reference.resolve_registry().to_owned(),
        repository: reference.repository().to_owned(),
        digest: digest.to_owned(),
    })
}

/// Reads the manifest; one piece for each layer.
pub(super) async fn open(settings: &SourceSettings, reference: &str) -> Result<Vec<Piece>, SourceError> {
    let pinned =
        check_reference(reference).map_err(|why| SourceError::invalid(format!("the reference {why}")))?;
    let registry = Arc::new(Registry::new(settings, &pinned)?);
    let manifest = registry.manifest(&pinned.digest).await?;
    let layers = manifest::layers(&manifest)?;
    Ok(layers.into_iter().map(|layer| piece(&registry, layer)).collect())
}

fn piece(registry: &Arc<Registry>, layer: Layer) -> Piece {
    let registry = Arc::clone(registry);
    let digest: Arc<str> = layer.digest.into();
    let read: super::ReadFrom = Arc::new(move |offset| {
        let (registry, digest) = (Arc::clone(&registry), Arc::clone(&digest));
        Box::pin(async move { registry.blob(&digest, offset).await })
    });
    let form = match layer.form {
        LayerForm::File => Form::File,
        LayerForm::Archive => Form::Archive,
    };
    Piece { name: layer.name, size_bytes: layer.size_bytes, sha256: Some(layer.sha256), read, form }
}

#[cfg(test)]
mod tests;
