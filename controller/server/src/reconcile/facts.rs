//! What the weights file of a model says about the memory its replicas take.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use cloister_store::{Store, StoreError};
use runtime_formats::gguf::{Gguf, GgufError};
use runtime_formats::model::{ModelConfig, ModelError};

use crate::data_dir::DataDir;

/// Facts of the models in use, read once each.
pub(crate) struct ModelFacts {
    store: Store,
    data: DataDir,
    known: HashMap<String, Arc<ModelConfig>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the model is not in the store")]
    Unknown,
    #[error("the model has no .gguf file")]
    NoWeights,
    #[error("{path}: {source}; import the model again")]
    File { path: String, source: std::io::Error },
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl ModelFacts {
    pub(super) fn new(store: Store, data: DataDir) -> Self {
        Self { store, data, known: HashMap::new() }
    }

    /// Forgets models that are no longer in use.
    pub(super) fn retain(&mut self, in_use: impl Fn(&str) -> bool) {
        self.known.retain(|digest, _| in_use(digest));
    }

    pub(super) async fn get(&mut self, digest: &str) -> Result<Arc<ModelConfig>, FactsError> {
        if let Some(known) = self.known.get(digest) {
            return Ok(Arc::clone(known));
        }
        let path = self.weights_path(digest).await?;
        let config =
            tokio::task::spawn_blocking(move || read_config(path)).await.map_err(std::io::Error::other);
        let config =
            Arc::new(config.map_err(|source| FactsError::File { path: digest.to_owned(), source })??);
        self.known.insert(digest.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    async fn weights_path(&self, digest: &str) -> Result<PathBuf, FactsError> {
        let model = self.store.model(digest).await?.ok_or(FactsError::Unknown)?;
        let weights =
            model.files.iter().find(|file| file.name.ends_with(".gguf")).ok_or(FactsError::NoWeights)?;
        let dir = self.data.model_dir(&model.digest).ok_or(FactsError::Unknown)?;
        Ok(dir.join(&weights.name))
    }
}

fn read_config(path: PathBuf) -> Result<ModelConfig, FactsError> {
    let file = std::fs::File::open(&path)
        .map_err(|source| FactsError::File { path: path.display().to_string(), source })?;
    Ok(ModelConfig::from_gguf(&Gguf::parse(&file)?)?)
}
