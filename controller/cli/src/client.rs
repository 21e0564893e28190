//! The controller's REST API, from the outside.

pub(crate) mod sse;
pub(crate) mod upload;

use std::path::Path;

use bytes::Bytes;
use cloister_api::problem::{Problem, ProblemKind};
use futures_util::{Stream, StreamExt};
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Target, bearer};
use crate::error::{CliError, Doing};
use crate::limits::{ANSWER_BYTES_MAX, CONNECT_TIMEOUT};

/// One controller and the key to it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    target: Target,
}

/// Why a call failed: in the controller's own words, or before it could say any.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The controller answered with a problem document.
    Problem(Box<Problem>),
    /// There was no such answer.
    Other(CliError),
}

impl From<CallError> for CliError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Other(error) => error,
            CallError::Problem(problem) => {
                let next = match problem.kind() {
                    Some(ProblemKind::Unauthenticated) => {
                        Some("set CLOISTER_KEY, or choose a context: cloister context list")
                    }
                    Some(ProblemKind::Forbidden) => {
                        Some("use an admin key: cloister key create NAME --role admin makes one")
                    }
                    _ => None,
                };
                let error = CliError::new(problem.detail);
                next.into_iter().fold(error, CliError::next)
            }
        }
    }
}

/// What is trusted besides the system's authorities.
fn authorities(file: &Path) -> Result<Vec<Certificate>, CliError> {
    let pem = std::fs::read(file).doing(|| format!("{} could not be read", file.display()))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(CliError::usage(format!("{} holds no certificates in PEM form", file.display())).next(
            "give --ca-file the authority's certificate; the fleet's own is ca.pem in the controller's data",
        )),
    }
}

impl Client {
    pub(crate) fn new(target: Target) -> Result<Self, CliError> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("cloister/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &target.ca_file {
            builder = builder.tls_certs_merge(authorities(file)?);
        }
        let http = builder
            .build()
            .map_err(|error| CliError::new(format!("the HTTP client could not be made: {error}")))?;
        Ok(Self { http, target })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// A request with the key, if there is one.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.target.url));
        match &self.target.key {
            Some(key) => request.header(reqwest::header::AUTHORIZATION, bearer(key)),
            None => request,
        }
    }

    /// Sends a request; anything but success is an error.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, CallError> {
        let response = request.send().await.map_err(|error| CallError::Other(self.unreachable(&error)))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(response).await) }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.json(self.send(self.request(Method::GET, path)).await?).await
    }

    pub(crate) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, CliError> {
        self.json(self.send(self.request(Method::POST, path).json(body)).await?).await
    }

    pub(crate) async fn put<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, CliError> {
        self.json(self.send(self.request(Method::PUT, path).json(body)).await?).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.json(self.send(self.request(Method::DELETE, path)).await?).await
    }

    /// A body of any length, piece by piece.
    pub(crate) async fn download(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, CliError>> + use<>, CliError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        let url = self.target.url.clone();
        Ok(response.bytes_stream().map(move |piece| {
            piece.map_err(|error| CliError::new(format!("{url} broke off the answer: {}", cause(&error))))
        }))
    }

    /// A JSON body, read whole and within its limit.
    pub(crate) async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, CliError> {
        let body = self.body(response).await?;
        // 204 and the like: `()` reads from null.
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(text).map_err(|error| {
            CliError::new(format!(
                "{} answered in a way this version does not read: {error}",
                self.target.url
            ))
            .next("cloister version shows both versions")
        })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, CliError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(CliError::new(format!("{} answered with too much", self.target.url)));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    async fn refusal(&self, response: Response) -> CallError {
        let status = response.status();
        let body = match self.body(response).await {
            Ok(body) => body,
            Err(error) => return CallError::Other(error),
        };
        if let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
            return CallError::Problem(Box::new(problem));
        }
        CallError::Other(openai_error(&body).unwrap_or_else(|| self.unexplained(status)))
    }

    fn unexplained(&self, status: StatusCode) -> CliError {
        CliError::new(format!("{} answered {status} and did not say why", self.target.url))
            .next("check that CLOISTER_URL is the address of a Cloister controller")
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let why = cause(error);
        let next = if why.contains("certificate") {
            "--ca-file FILE trusts the authority that signed the controller's certificate"
        } else {
            "cloister up starts a fleet on this machine; cloister context list shows what is configured"
        };
        CliError::new(format!("no answer from {}: {why}", self.target.url)).next(next)
    }
}

/// The error of the OpenAI-compatible endpoints.
fn openai_error(body: &[u8]) -> Option<CliError> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(CliError::new(value.get("error")?.get("message")?.as_str()?))
}

/// The innermost reason: "connection refused" says more than "error sending request".
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
