//! `cloister-audit`: checks evidence without trusting, asking or reaching whoever made it.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
