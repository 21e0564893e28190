//! What a sandboxed process can no longer do, tried for real: each attempt runs in a child process that puts
//! the sandbox up and then tries one thing. The same attempts are also made without the sandbox, so that a
//! refusal which would have happened anyway proves nothing here.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test with its own main"
)]

#[path = "refusals/attempts.rs"]
mod attempts;
#[path = "refusals/child.rs"]
mod child;

use attempts::{Expected, TABLE};
use child::{Ended, Walls};

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, name, walls, directory] = arguments.as_slice()
        && flag == child::FLAG
    {
        return child::run(name, walls, directory.as_ref());
    }
    let filter = arguments.iter().skip(1).find(|argument| !argument.starts_with('-'));
    run_all(filter.map_or("", String::as_str))
}

/// Prints what libtest would, so that whoever counts tests counts these too.
fn run_all(filter: &str) -> std::process::ExitCode {
    let chosen: Vec<_> = TABLE.iter().filter(|attempt| attempt.name.contains(filter)).collect();
    println!("\nrunning {} tests", chosen.len());
    let mut failed = 0;
    for attempt in &chosen {
        match judge(attempt) {
            Ok(()) => println!("test {} ... ok", attempt.name),
            Err(why) => {
                failed += 1;
                println!("test {} ... FAILED\n    {why}", attempt.name);
            }
        }
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    let passed = chosen.len() - failed;
    let left_out = TABLE.len() - chosen.len();
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {left_out} filtered out\n"
    );
    if failed == 0 { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

fn judge(attempt: &attempts::Attempt) -> Result<(), String> {
    if attempt.possible_without {
        expect(Ended::Done, child::start(attempt.name, Walls::None), "without the sandbox")?;
    }
    let wanted = match attempt.expected {
        Expected::Works => Ended::Done,
        Expected::Refused => Ended::Refused,
        Expected::Killed => Ended::Killed,
    };
    let walls = if attempt.one_file { Walls::OneFile } else { Walls::Full };
    expect(wanted, child::start(attempt.name, walls), "inside the sandbox")
}

fn expect(wanted: Ended, got: Ended, place: &str) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("{place}: wanted {wanted:?}, got {got:?}")) }
}
