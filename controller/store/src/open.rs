//! Opening a database: what a URL means, and the settings under which a commit is durable.

pub(crate) mod dedicated;
mod postgres;
pub(crate) mod sqlite;

use std::path::PathBuf;

use crate::{StoreError, store::Pools};

/// Opens what `url` names and brings its schema up to step `known`.
pub(crate) async fn open(url: &str, known: i64) -> Result<Pools, StoreError> {
    if let Some(rest) = url.strip_prefix("sqlite://") {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = PathBuf::from(path);
        if !path.is_absolute() {
            return Err(StoreError::BadUrl);
        }
        return sqlite::open(path, sqlite::max_page_count(query)?, known).await;
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres::open(url, known).await;
    }
    Err(StoreError::BadUrl)
}
