use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cloister_api::{Import, ImportList, NewImport, paths};
use http::{StatusCode, header};

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::imports;
use crate::api::{ApiError, ApiState};

/// Imports that this controller remembers, the newest first.
#[utoipa::path(get, path = paths::IMPORTS, tag = "models", operation_id = "list_imports",
    responses((status = 200, body = ImportList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, _: Caller) -> Json<ImportList> {
    Json(imports::list(&api))
}

/// Fetch a model, verify it and keep it.
///
/// The controller fetches from where it was told it may (`--source-allow`, `--sources`), and then
/// makes the checks of an upload. Ask for the import until its phase is a last one. The same request
/// again, while it runs, answers with the same import.
#[utoipa::path(post, path = paths::IMPORTS, tag = "models", operation_id = "begin_import", request_body = NewImport,
    responses((status = 202, body = Import), Guarded, Checked, responses::Json,
        (status = 429, description = "Too many imports are waiting", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn begin(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(new): JsonBody<NewImport>,
) -> Result<Response, ApiError> {
    let import = imports::begin(&api, &caller, new).await?;
    let location = [(header::LOCATION, paths::import(&import.id))];
    Ok((StatusCode::ACCEPTED, location, Json(import)).into_response())
}

/// How far an import is.
#[utoipa::path(get, path = paths::IMPORT, tag = "models", operation_id = "get_import",
    params(("import_id" = String, Path,)),
    responses((status = 200, body = Import), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn get(
    State(api): State<ApiState>,
    _: Caller,
    Path(import_id): Path<String>,
) -> Result<Json<Import>, ApiError> {
    imports::get(&api, &import_id).map(Json)
}

/// End an import and drop what it fetched.
#[utoipa::path(delete, path = paths::IMPORT, tag = "models", operation_id = "cancel_import",
    params(("import_id" = String, Path,)),
    responses((status = 204, description = "It ends"), Guarded, Checked, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn cancel(
    State(api): State<ApiState>,
    _: Caller,
    Path(import_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    imports::cancel(&api, &import_id)?;
    Ok(StatusCode::NO_CONTENT)
}
