use axum::Json;
use axum::body::Body;
use axum::extract::State;
use cloister_api::{NewUpload, Upload, UploadFile, paths};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path, Query};
use crate::api::operations::uploads;
use crate::api::{ApiError, ApiState};

/// Begin an upload.
///
/// Announces the files of a model and sets the space for them aside.
#[utoipa::path(post, path = paths::UPLOADS, tag = "models", operation_id = "begin_upload", request_body = NewUpload,
    responses((status = 201, body = Upload), Guarded, Checked, responses::Json,
        (status = 429, description = "Too many uploads are open", body = cloister_api::Problem, content_type = "application/problem+json"),
        (status = 507, description = "The disk or the quota is too small", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn begin(
    State(api): State<ApiState>,
    _: Caller,
    JsonBody(announced): JsonBody<NewUpload>,
) -> Result<(StatusCode, Json<Upload>), ApiError> {
    let upload = uploads::begin(&api, announced).await?;
    Ok((StatusCode::CREATED, Json(upload)))
}

/// How far an upload got.
#[utoipa::path(get, path = paths::UPLOAD, tag = "models", operation_id = "get_upload",
    params(("upload_id" = String, Path,)),
    responses((status = 200, body = Upload), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn get(
    State(api): State<ApiState>,
    _: Caller,
    Path(upload_id): Path<String>,
) -> Result<Json<Upload>, ApiError> {
    uploads::get(&api, &upload_id).map(Json)
}

/// Drop an upload and its bytes.
#[utoipa::path(delete, path = paths::UPLOAD, tag = "models", operation_id = "delete_upload",
    params(("upload_id" = String, Path,)),
    responses((status = 204, description = "Dropped"), Guarded, Checked, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn remove(
    State(api): State<ApiState>,
    _: Caller,
    Path(upload_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    uploads::remove(&api, upload_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Offset {
    offset: u64,
}

/// Send bytes of a file.
///
/// The body is appended at `offset`, which must be where the file stands. If the connection breaks,
/// ask for the upload and go on from `received_bytes`.
#[utoipa::path(put, path = paths::UPLOAD_FILE, tag = "models", operation_id = "append_upload_file",
    params(("upload_id" = String, Path,), ("name" = String, Path, description = "A `/` in it is sent as `%2F`"),
        ("offset" = u64, Query, description = "Where in the file the body belongs, in bytes")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "Raw bytes, any number of them up to the end of the file"),
    responses((status = 200, body = UploadFile), Guarded, Checked, Found, Conflicting,
        (status = 413, description = "More bytes than were announced", body = cloister_api::Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many files are being received", body = cloister_api::Problem, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full; what came is kept", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn append(
    State(api): State<ApiState>,
    _: Caller,
    Path((upload_id, name)): Path<(String, String)>,
    Query(Offset { offset }): Query<Offset>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UploadFile>, ApiError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    uploads::append(&api, (&upload_id, &name), offset, length, body.into_data_stream()).await.map(Json)
}
