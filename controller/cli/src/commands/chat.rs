//! `cloister chat`

use std::io::{IsTerminal, Read};

use clap::Args;
use cloister_api::{DeploymentList, paths};
use rustyline::error::ReadlineError;

use crate::chat::{Answer, Message, Request, StreamOptions, ask};
use crate::client::Client;
use crate::error::{CliError, Doing};
use crate::limits::CHAT_MESSAGES_MAX;
use crate::output::{Format, Output, Style};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister chat ward
  cloister chat ward -m 'Which questions should I ask before this medication?'
  cat note.txt | cloister chat ward --system 'Summarise this note in two sentences.'

Ctrl-C stops an answer; Ctrl-D ends the conversation.")]
pub(crate) struct Chat {
    /// A deployment [default: the only one there is]
    deployment: Option<String>,
    /// Ask once and end
    #[arg(short, long)]
    message: Option<String>,
    /// Instructions that come before the conversation
    #[arg(long)]
    system: Option<String>,
    /// 0 always takes the likeliest token
    #[arg(long)]
    temperature: Option<f32>,
    #[arg(long, value_name = "TOKENS")]
    max_tokens: Option<u32>,
    /// The same seed gives the same answer
    #[arg(long)]
    seed: Option<u64>,
}

/// A conversation so far.
struct Conversation<'a> {
    chat: &'a Chat,
    client: &'a Client,
    output: &'a Output,
    model: String,
    messages: Vec<Message>,
}

impl Chat {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let model = match &self.deployment {
            Some(name) => name.clone(),
            None => only_deployment(client).await?,
        };
        let system = self.system.iter().map(|s| Message { role: "system", content: s.clone() });
        let mut conversation =
            Conversation { chat: &self, client, output, model, messages: system.collect() };
        if let Some(message) = &self.message {
            return conversation.turn(message.clone()).await;
        }
        if !std::io::stdin().is_terminal() {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).doing(|| "standard input could not be read".into())?;
            return conversation.turn(text).await;
        }
        conversation.talk().await
    }
}

async fn only_deployment(client: &Client) -> Result<String, CliError> {
    let list: DeploymentList = client.get(paths::DEPLOYMENTS).await?;
    match list.deployments.as_slice() {
        [one] => Ok(one.name.clone()),
        [] => Err(CliError::usage("nothing is deployed").next("cloister deploy NAME --model MODEL --wait")),
        several => {
            let names: Vec<_> = several.iter().map(|d| d.name.as_str()).collect();
            Err(CliError::usage(format!("say which deployment: {}", names.join(", "))))
        }
    }
}

impl Conversation<'_> {
    /// Questions and answers until Ctrl-D.
    async fn talk(&mut self) -> Result<(), CliError> {
        let mut editor =
            rustyline::DefaultEditor::new().doing(|| "the terminal cannot be read line by line".into())?;
        self.output.say(&self.output.paint_err(
            Style::Dim,
            &format!("talking to {}; Ctrl-C stops an answer, Ctrl-D ends", self.model),
        ));
        loop {
            let (line, back) = tokio::task::spawn_blocking(move || {
                let line = editor.readline("> ");
                (line, editor)
            })
            .await
            .doing(|| "reading was broken off".into())?;
            editor = back;
            match line {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    // The line stays in this process's memory: no history file holds what was asked.
                    let _ = editor.add_history_entry(&text);
                    if let Err(error) = self.turn(text).await {
                        self.messages.pop();
                        self.output.fail(&error);
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(CliError::new(format!("the terminal could not be read: {error}"))),
            }
        }
    }

    /// One question and its answer, which Ctrl-C cuts short.
    async fn turn(&mut self, text: String) -> Result<(), CliError> {
        if self.messages.len() >= CHAT_MESSAGES_MAX {
            return Err(CliError::new("this conversation is as long as it may be").next("begin a new one"));
        }
        self.messages.push(Message { role: "user", content: text });
        let request = Request {
            model: &self.model,
            messages: &self.messages,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            temperature: self.chat.temperature,
            max_tokens: self.chat.max_tokens,
            seed: self.chat.seed,
        };
        let streamed = self.output.format() == Format::Table;
        let mut said = String::new();
        let answer = tokio::select! {
            answer = ask(self.client, &request, |piece| {
                said.push_str(piece);
                if streamed { self.output.text(&crate::render::table::printable(piece)) }
            }) => Some(answer?),
            _ = tokio::signal::ctrl_c() => None,
        };
        self.messages.push(Message { role: "assistant", content: said });
        self.close(answer.as_ref())
    }

    fn close(&self, answer: Option<&Answer>) -> Result<(), CliError> {
        if self.output.format() != Format::Table {
            return answer.map_or(Ok(()), |a| self.output.data(a, |_| String::new()));
        }
        self.output.line("");
        let told = match answer {
            Some(answer) => speeds(answer),
            None => "stopped; what was decoded is on record".to_string(),
        };
        self.output.say(&self.output.paint_err(Style::Dim, &told));
        Ok(())
    }
}

/// One line on how an answer went.
pub(crate) fn speeds(answer: &Answer) -> String {
    format!(
        "{} tokens, first after {:.0} ms, {:.0} tokens/s, record {}",
        answer.completion_tokens,
        answer.first_token_ms,
        answer.tokens_per_second,
        answer.record.as_deref().unwrap_or("-"),
    )
}
