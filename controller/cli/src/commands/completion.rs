//! `cloister completion`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::error::CliError;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister completion bash > /etc/bash_completion.d/cloister
  cloister completion zsh > ~/.zfunc/_cloister")]
pub(crate) struct Completion {
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Arguments::command(), "cloister", &mut script);
        output.text(&String::from_utf8_lossy(&script));
        Ok(())
    }
}
