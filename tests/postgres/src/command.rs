//! PostgreSQL's programs, run by a user that it accepts: it refuses to run as root.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::StartError;

/// The user that PostgreSQL runs as when the tests run as root.
const USER: &str = "nobody";
const GROUP: &str = "nogroup";

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The newest version under Debian's folder, else what PATH has.
    pub(crate) fn find() -> Result<Self, StartError> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = versions
            .map(|version| version.path().join("bin"))
            .filter(|folder| folder.join("initdb").exists())
            .max_by_key(|folder| version_number(folder));
        let path = env::var_os("PATH").unwrap_or_default();
        let in_path = || env::split_paths(&path).find(|folder| folder.join("initdb").exists());
        let folder = newest.or_else(in_path).ok_or(StartError::Missing)?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// `program`, to be run as an ordinary user.
    pub(crate) fn command(&self, program: &str) -> Command {
        unprivileged(self.path(program).as_os_str())
    }

    /// Runs `program` to its end.
    pub(crate) fn run(&self, program: &'static str, args: &[&OsStr]) -> Result<(), StartError> {
        let output = self.command(program).args(args).current_dir("/").output();
        let output = output.map_err(StartError::io("start one of PostgreSQL's programs"))?;
        if output.status.success() {
            return Ok(());
        }
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(StartError::Program { program, output })
    }
}

/// 15 of `/usr/lib/postgresql/15/bin`.
fn version_number(folder: &Path) -> u32 {
    let version = folder.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}

pub(crate) fn unprivileged(program: &OsStr) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", GROUP, "--clear-groups"]).arg("--").arg(program);
    command
}

/// Gives `folder` to the user that PostgreSQL will run as.
pub(crate) fn hand_over(folder: &Path) -> Result<(), StartError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (id_of(&["-u", USER])?, id_of(&["-g", USER])?);
    chown(folder, Some(uid), Some(gid)).map_err(StartError::io("give the folder to PostgreSQL"))
}

fn id_of(args: &[&str]) -> Result<u32, StartError> {
    let output = Command::new("id").args(args).output().map_err(StartError::io("run id"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| StartError::Program {
        program: "id",
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
