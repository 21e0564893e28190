//! `GET /v1/models` and `GET /v1/models/{id}`: what a key may ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error;
use crate::authenticate::Caller;
use crate::core::Core;
use crate::failure::Failure;
use crate::routes::Route;

#[derive(Serialize)]
struct ModelList {
    object: &'static str,
    data: Vec<Model>,
}

/// OpenAI's fields, vLLM's `max_model_len`, and what this fleet knows of the model.
#[derive(Serialize)]
struct Model {
    id: String,
    object: &'static str,
    created: i64,
    owned_by: &'static str,
    max_model_len: u32,
    cloister: ModelFacts,
}

#[derive(Serialize)]
struct ModelFacts {
    model_name: String,
    model_digest: String,
    ready_replicas: usize,
}

pub(super) async fn list(State(core): State<Arc<Core>>, request: Request) -> Response {
    respond(caller(&core, request).map(|caller| {
        let visible = |route: &&Route| {
            caller.grant.reaches(route) && caller.grant.covers(&route.deployment, Some(route))
        };
        let mut data: Vec<_> = caller.routes.deployments.values().filter(visible).map(model).collect();
        data.sort_by(|a, b| a.id.cmp(&b.id));
        ModelList { object: "list", data }
    }))
}

pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    respond(caller(&core, request).and_then(|caller| {
        let route = caller.routes.find(&caller.grant, &id);
        if !caller.grant.covers(&id, route) {
            return Err(Failure::ModelForbidden { model: id });
        }
        route.map(model).ok_or(Failure::ModelUnknown { model: id })
    }))
}

fn caller(core: &Core, request: Request) -> Result<Caller, Failure> {
    let (head, _) = request.into_parts();
    core.identify(&head)
}

fn respond<T: Serialize>(result: Result<T, Failure>) -> Response {
    result.map_or_else(|failure| error::response(&failure), |value| Json(value).into_response())
}

fn model(route: &Route) -> Model {
    Model {
        id: route.deployment.clone(),
        object: "model",
        created: route.created_unix_s,
        owned_by: "cloister",
        max_model_len: route.context_length,
        cloister: ModelFacts {
            model_name: route.model_name.clone(),
            model_digest: route.model_digest.clone(),
            ready_replicas: route.replicas.len(),
        },
    }
}
