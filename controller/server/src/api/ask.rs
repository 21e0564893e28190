//! People ask models, too: whoever is signed in and may is let into the gateway, which by itself knows keys alone.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cloister_gateway::Grant;
use http::header;

use super::ApiState;
use super::access::{Access, Action};
use super::auth::{Caller, address_of, cookie_secret, identify};

/// Stands before the gateway. A request with an API key, or with nothing, is the gateway's to judge.
pub async fn let_people_ask(State(api): State<ApiState>, mut request: Request, next: Next) -> Response {
    let has_key = request.headers().contains_key(header::AUTHORIZATION);
    if has_key || cookie_secret(request.headers()).is_none() {
        return next.run(request).await;
    }
    let access = Access::Needs(Action::InferenceAsk);
    match identify(&api, request.method(), request.headers(), address_of(&request), access).await {
        Ok(caller) => {
            request.extensions_mut().insert(grant(&caller));
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

fn grant(caller: &Caller) -> Grant {
    let actor = caller.actor();
    Grant {
        kind: actor.kind,
        name: actor.name.unwrap_or_else(|| actor.id.clone()),
        id: actor.id,
        admin: false,
        tenant: caller.tenant().map(str::to_owned),
        models: Vec::new(),
        expires_unix_s: None,
    }
}
