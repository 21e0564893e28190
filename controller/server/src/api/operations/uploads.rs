//! The files of a model on their way in.

use bytes::Bytes;
use cloister_api::{NewUpload, Upload, UploadFile};
use futures_util::Stream;
use jiff::Timestamp;

use super::blocking;
use crate::api::{ApiError, ApiState};

pub(in crate::api) async fn begin(api: &ApiState, announced: NewUpload) -> Result<Upload, ApiError> {
    let api = api.clone();
    Ok(blocking(move || api.uploads().begin(&announced, Timestamp::now())).await??)
}

pub(in crate::api) fn get(api: &ApiState, id: &str) -> Result<Upload, ApiError> {
    Ok(api.uploads().view(id)?)
}

pub(in crate::api) async fn append<E>(
    api: &ApiState,
    (id, name): (&str, &str),
    offset_bytes: u64,
    length_bytes: Option<u64>,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<UploadFile, ApiError> {
    Ok(api.uploads().append(id, name, offset_bytes, length_bytes, body).await?)
}

pub(in crate::api) async fn remove(api: &ApiState, id: String) -> Result<(), ApiError> {
    let api = api.clone();
    Ok(blocking(move || api.uploads().remove(&id)).await??)
}
