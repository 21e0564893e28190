//! The options of this start, for people who look after the fleet: what holds, and where it was said.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _, FromArgMatches as _};
use cloister_api::{OptionInForce, OptionSource};

use super::Options;

impl Options {
    /// From the command line and the environment; ends the program with a sentence if they cannot be understood.
    pub fn from_command_line() -> Self {
        Self::from_matches(&Self::command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self::from_arg_matches(matches)?;
        let shown = |arg: &&Arg| arg.get_long().is_some() && !arg.is_hide_set();
        let command = Self::command();
        options.in_force = command.get_arguments().filter(shown).filter_map(|arg| of(arg, matches)).collect();
        Ok(options)
    }
}

fn of(arg: &Arg, matches: &ArgMatches) -> Option<OptionInForce> {
    let (id, long) = (arg.get_id().as_str(), arg.get_long()?);
    // What --help and --version are is no matter of how the controller runs.
    if matches.try_contains_id(id).is_err() {
        return None;
    }
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => OptionSource::CommandLine,
        Some(ValueSource::EnvVariable) => OptionSource::Environment,
        _ => OptionSource::Default,
    };
    let values =
        matches.get_raw(id).map(|all| all.map(|one| one.to_string_lossy()).collect::<Vec<_>>().join(", "));
    // What --help does not show of the environment may hold a password.
    let is_secret = arg.is_hide_env_values_set() && values.is_some();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    Some(OptionInForce {
        name: format!("--{long}"),
        value: values.filter(|_| !is_secret),
        source,
        is_secret,
        help,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(arguments: &[&str]) -> Vec<OptionInForce> {
        let arguments = [&["cloister-controller", "--data", "d"], arguments].concat();
        Options::from_matches(&Options::command().get_matches_from(arguments)).unwrap().in_force
    }

    fn find<'a>(all: &'a [OptionInForce], name: &str) -> &'a OptionInForce {
        all.iter().find(|option| option.name == name).unwrap_or_else(|| panic!("{name}: {all:?}"))
    }

    #[test]
    fn each_option_says_what_holds_and_where_it_was_said() {
        let all = started(&["--session-idle", "5m", "--source-allow", "a.example,b.example:5000"]);
        let idle = find(&all, "--session-idle");
        assert_eq!((idle.value.as_deref(), idle.source), (Some("5m"), OptionSource::CommandLine));
        let heartbeat = find(&all, "--heartbeat-interval");
        assert_eq!((heartbeat.value.as_deref(), heartbeat.source), (Some("5s"), OptionSource::Default));
        assert_eq!(find(&all, "--source-allow").value.as_deref(), Some("a.example, b.example:5000"));
        let unset = find(&all, "--tls-cert");
        assert_eq!((unset.value.as_deref(), unset.source), (None, OptionSource::Default));
        assert!(
            all.iter()
                .all(|option| !["--help", "--version", "--stop-with-parent"].contains(&option.name.as_str()))
        );
        assert!(all.iter().all(|option| !option.help.is_empty()), "{all:?}");
    }

    #[test]
    fn what_may_hold_a_password_is_kept_back() {
        let all = started(&["--database", "postgres://cloister:secret@db/fleet"]);
        let database = find(&all, "--database");
        assert_eq!((database.value.as_deref(), database.is_secret), (None, true));
        assert!(!format!("{all:?}").contains("secret@"));
    }
}
