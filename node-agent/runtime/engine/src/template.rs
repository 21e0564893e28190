//! A conversation to tokens, by the chat template inside the model file.
//!
//! The template is a program from the model's signer: it is trusted to place control tokens, but not to
//! end, so it runs with limited fuel, recursion and output. The messages are trusted with nothing: see
//! [`taint`].

mod taint;

#[cfg(test)]
mod tests;

use std::io;

use minijinja::{Environment, ErrorKind, Value, context, syntax::SyntaxConfig};
use taint::Taint;

use crate::limits::{
    MAX_MESSAGES, MAX_PROMPT_BYTES, MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, TEMPLATE_FUEL, TEMPLATE_RECURSION,
};
use crate::tokenizer::{Tokenizer, TokenizerError};

const NAME: &str = "chat_template";
/// The roles a message may have; a role is written between control tokens, so it is never free text.
const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// "system", "user", "assistant" or "tool".
    pub role: String,
    /// What was said.
    pub content: String,
}

/// Why a conversation cannot be rendered. No variant holds a message's text.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template itself cannot be used.
    #[error("the model's chat template cannot be used: {reason} (line {line})")]
    Syntax { reason: String, line: usize },
    /// The template is beyond the limit.
    #[error("the model's chat template has {bytes} bytes; at most {MAX_TEMPLATE_BYTES} are accepted")]
    TooLarge { bytes: usize },
    /// There are no messages, or more than the limit.
    #[error("the conversation has {messages} messages; 1 to {MAX_MESSAGES} are accepted")]
    MessageCount { messages: usize },
    /// The messages are beyond the limit.
    #[error("the conversation has {bytes} bytes; at most {MAX_PROMPT_BYTES} are accepted")]
    MessageBytes { bytes: usize },
    /// A message has a role we do not know.
    #[error("message {index} has an unknown role; use system, user, assistant or tool")]
    Role { index: usize },
    /// A message holds one of the few characters reserved for marking untrusted text.
    #[error("message {index} holds the private-use character U+{code:06X}, which is reserved; remove it")]
    ReservedCharacter { index: usize, code: u32 },
    /// The template refused the conversation on purpose.
    #[error("the model's chat template refuses this conversation: {reason}")]
    Refused { reason: String },
    /// The template ran out of fuel, recursion or output.
    #[error("the model's chat template exceeds its limits on this conversation; shorten the conversation")]
    LimitReached,
    /// The template failed.
    #[error("the model's chat template fails on this conversation: {reason} (line {line})")]
    Failed { reason: String, line: usize },
    /// The rendered conversation cannot be tokenized.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// A model's chat template, compiled once.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    taint: Taint,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    /// Compiles `source`, the value of `tokenizer.chat_template`.
    ///
    /// # Errors
    /// [`TemplateError::TooLarge`] or [`TemplateError::Syntax`].
    pub fn new(source: &str, tokenizer: &Tokenizer) -> Result<Self, TemplateError> {
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLarge { bytes: source.len() });
        }
        let spelling = |id: Option<u32>| {
            id.and_then(|id| tokenizer.vocabulary().spelling(id)).unwrap_or_default().to_owned()
        };
        Ok(Self {
            environment: environment(source)?,
            source: source.to_owned(),
            taint: Taint::new(tokenizer.control_spellings()),
            bos: spelling(tokenizer.bos_id()),
            eos: spelling(tokenizer.eos_id()),
        })
    }

    /// The tokens of a conversation, ending where the assistant's next turn begins.
    ///
    /// # Errors
    /// Says what is wrong with the conversation, without quoting it.
    pub fn encode(&self, tokenizer: &Tokenizer, messages: &[Message]) -> Result<Vec<u32>, TemplateError> {
        let text = self.render(&self.tainted(messages)?)?;
        let mut tokens = tokenizer.encode_rewritten(&text, |text| self.taint.remove(text))?;
        // Most templates write the beginning-of-sequence token themselves, some leave it to the tokenizer.
        if let Some(bos) = tokenizer.leading_bos().filter(|bos| tokens.first() != Some(bos)) {
            tokens.insert(0, bos);
        }
        Ok(tokens)
    }

    fn tainted(&self, messages: &[Message]) -> Result<Vec<Value>, TemplateError> {
        if messages.is_empty() || messages.len() > MAX_MESSAGES {
            return Err(TemplateError::MessageCount { messages: messages.len() });
        }
        let bytes = messages.iter().map(|message| message.content.len()).sum();
        if bytes > MAX_PROMPT_BYTES {
            return Err(TemplateError::MessageBytes { bytes });
        }
        let tainted = |(index, message): (usize, &Message)| {
            let role = ROLES.into_iter().find(|role| *role == message.role);
            let role = role.ok_or(TemplateError::Role { index })?;
            let content = self
                .taint
                .apply(&message.content)
                .map_err(|code| TemplateError::ReservedCharacter { index, code })?;
            Ok(context! { role, content })
        };
        messages.iter().enumerate().map(tainted).collect()
    }

    fn render(&self, messages: &[Value]) -> Result<String, TemplateError> {
        let values = context! {
            messages,
            add_generation_prompt => true,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        };
        let mut output = BoundedText { bytes: Vec::new() };
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render_captured_to(values, &mut output).map(|_| ()))
            .map_err(|error| self.explain(&error))?;
        Ok(String::from_utf8_lossy(&output.bytes).into_owned())
    }

    /// An error without what the messages said: the library's own details may quote values.
    fn explain(&self, error: &minijinja::Error) -> TemplateError {
        match error.kind() {
            ErrorKind::OutOfFuel | ErrorKind::WriteFailure => TemplateError::LimitReached,
            ErrorKind::InvalidOperation if recursed_too_deep(error) => TemplateError::LimitReached,
            _ => match raised(error) {
                // Only words that stand in the template itself may be repeated.
                Some(reason) if self.source.contains(&reason) => TemplateError::Refused { reason },
                Some(_) => TemplateError::Refused { reason: "it raised an exception".to_owned() },
                None => TemplateError::Failed {
                    reason: error.kind().to_string(),
                    line: error.line().unwrap_or_default(),
                },
            },
        }
    }
}

fn environment(source: &str) -> Result<Environment<'static>, TemplateError> {
    let refused = |error: minijinja::Error| TemplateError::Syntax {
        reason: error.detail().unwrap_or("syntax error").to_owned(),
        line: error.line().unwrap_or_default(),
    };
    let mut environment = Environment::new();
    // Templates are written for Jinja with these two options on.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(refused)?;
    environment.set_syntax(syntax);
    environment.set_debug(false);
    environment.set_fuel(Some(TEMPLATE_FUEL));
    environment.set_recursion_limit(TEMPLATE_RECURSION);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", raise_exception);
    environment.add_template_owned(NAME, source.to_owned()).map_err(refused)?;
    Ok(environment)
}

/// What `raise_exception` carries, to tell a refusal from a fault.
#[derive(Debug, thiserror::Error)]
#[error("raised")]
struct Raised(String);

fn raise_exception(reason: String) -> Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, "raised").with_source(Raised(reason)))
}

fn raised(error: &minijinja::Error) -> Option<String> {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .find_map(|error| error.downcast_ref::<Raised>())
        .map(|Raised(reason)| reason.clone())
}

fn recursed_too_deep(error: &minijinja::Error) -> bool {
    error.detail().is_some_and(|detail| detail.contains("recursion"))
}

/// Collects output up to [`MAX_RENDERED_BYTES`].
struct BoundedText {
    bytes: Vec<u8>,
}

impl io::Write for BoundedText {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + part.len() > MAX_RENDERED_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "rendered conversation"));
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
