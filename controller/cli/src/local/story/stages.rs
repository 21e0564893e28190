//! What was done, with the seconds since the start.

use std::time::Instant;

use crate::output::{Output, Style};

pub(crate) struct Stages<'a> {
    began: Instant,
    output: &'a Output,
}

impl<'a> Stages<'a> {
    pub(crate) fn since(began: Instant, output: &'a Output) -> Self {
        Self { began, output }
    }

    pub(crate) fn done(&self, what: &str) {
        let seconds = format!("{:5.1} s", self.began.elapsed().as_secs_f64());
        self.output.say(&format!("{}  {what}", self.output.paint_err(Style::Dim, &seconds)));
    }
}
