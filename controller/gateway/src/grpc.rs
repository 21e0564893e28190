//! The front door over gRPC.

mod answer;
mod call;
mod status;

use std::pin::Pin;
use std::sync::Arc;

use cloister_proto::inference::v1::generate_request::Prompt;
use cloister_proto::inference::v1::inference_service_server::{InferenceService, InferenceServiceServer};
use cloister_proto::inference::v1::{ChatRequest, ChatResponse, GenerateRequest, GenerateResponse};
use futures_util::Stream;
use tonic::{Request, Response, Status};

use crate::core::Core;
use crate::failure::Failure;
use crate::inference::Answer;
use crate::limits;
use crate::request::{InferenceRequest, Input, Operation, Protocol};

type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves `cloister.inference.v1.InferenceService`.
pub struct InferenceFront {
    core: Arc<Core>,
}

pub(crate) fn service(core: Arc<Core>) -> InferenceServiceServer<InferenceFront> {
    InferenceServiceServer::new(InferenceFront { core })
        .max_decoding_message_size(limits::MAX_PROMPT_BYTES + limits::GRPC_ENVELOPE_BYTES)
}

#[tonic::async_trait]
impl InferenceService for InferenceFront {
    type GenerateStream = Responses<GenerateResponse>;
    type ChatStream = Responses<ChatResponse>;

    async fn generate(
        &self,
        request: Request<GenerateRequest>,
    ) -> Result<Response<Self::GenerateStream>, Status> {
        let answer = self.answer(request, Operation::Generate, generate).await?;
        answer::respond(answer)
    }

    async fn chat(&self, request: Request<ChatRequest>) -> Result<Response<Self::ChatStream>, Status> {
        let answer = self.answer(request, Operation::Chat, chat).await?;
        answer::respond(answer)
    }
}

impl InferenceFront {
    /// The answer, or why there is none, which is counted.
    async fn answer<T>(
        &self,
        request: Request<T>,
        operation: Operation,
        resolve: fn(T) -> Result<InferenceRequest, Failure>,
    ) -> Result<(Answer, bool), Status> {
        let infer = async {
            let caller = self.core.authenticate(call::authorization(request.metadata()))?;
            let call = call::read(&request)?;
            let request = resolve(request.into_inner())?;
            let return_token_ids = request.decode.return_token_ids;
            let answer = self.core.infer(&caller, &call, request).await?;
            Ok((answer, return_token_ids))
        };
        Box::pin(infer).await.map_err(|failure: Failure| {
            self.core.metrics.ended(Protocol::Grpc, operation, failure.code());
            status::of(&failure)
        })
    }
}

fn generate(request: GenerateRequest) -> Result<InferenceRequest, Failure> {
    let input = match request.prompt {
        Some(Prompt::Text(text)) => Input::Text(text),
        Some(Prompt::TokenIds(ids)) => Input::TokenIds(ids.ids),
        None => return Err(Failure::invalid("prompt", "is required: `text` or `token_ids`")),
    };
    Ok(InferenceRequest {
        operation: Operation::Generate,
        protocol: Protocol::Grpc,
        model: request.model,
        input,
        sampling: request.sampling.unwrap_or_default(),
        decode: request.decode.unwrap_or_default(),
    })
}

fn chat(request: ChatRequest) -> Result<InferenceRequest, Failure> {
    Ok(InferenceRequest {
        operation: Operation::Chat,
        protocol: Protocol::Grpc,
        model: request.model,
        input: Input::Messages(request.messages),
        sampling: request.sampling.unwrap_or_default(),
        decode: request.decode.unwrap_or_default(),
    })
}
