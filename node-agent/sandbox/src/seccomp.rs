//! seccomp: which system calls, by the tables in [`crate::syscalls`].

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::SandboxError;
use crate::syscalls::{ALLOWED, FATAL, Limit, READ_ONLY_OPEN, UNIMPLEMENTED};

/// Installs the filters on every thread and returns how many system calls stay allowed.
///
/// The kernel takes the strictest answer of all filters; between two errno answers the filter installed
/// last wins, so `clone3` must be the last one to come out as ENOSYS (which makes libc fall back to `clone`,
/// whose flags a filter can see) and not as EPERM.
pub(crate) fn restrict(may_open_for_reading: bool) -> Result<usize, SandboxError> {
    let mut allowed: Vec<(i64, Limit)> = ALLOWED.iter().map(|row| (row.number, row.limit)).collect();
    if may_open_for_reading {
        allowed.extend(READ_ONLY_OPEN.iter().map(|row| (row.number, row.limit)));
    }
    let refuse = SeccompAction::Errno(errno(libc::EPERM));
    let unknown = SeccompAction::Errno(errno(libc::ENOSYS));
    let programs = [
        compile(unlimited(FATAL), SeccompAction::Allow, SeccompAction::KillProcess)?,
        compile(rules(&allowed)?, refuse, SeccompAction::Allow)?,
        compile(unlimited(UNIMPLEMENTED), SeccompAction::Allow, unknown)?,
    ];
    for program in &programs {
        seccompiler::apply_filter_all_threads(program)?;
    }
    Ok(allowed.len())
}

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> Result<BpfProgram, SandboxError> {
    let arch = std::env::consts::ARCH;
    let target = TargetArch::try_from(arch).map_err(|_| SandboxError::Architecture { arch })?;
    Ok(SeccompFilter::new(rules, otherwise, listed, target)?.try_into()?)
}

fn unlimited(numbers: &[i64]) -> BTreeMap<i64, Vec<SeccompRule>> {
    numbers.iter().map(|&number| (number, Vec::new())).collect()
}

fn rules(allowed: &[(i64, Limit)]) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules = BTreeMap::new();
    for &(number, limit) in allowed {
        rules.insert(number, rules_of(limit)?);
    }
    Ok(rules)
}

/// The rules of one call: it passes when any of them does; none at all means that it always passes.
fn rules_of(limit: Limit) -> Result<Vec<SeccompRule>, BackendError> {
    match limit {
        Limit::None => Ok(Vec::new()),
        Limit::OneOf { argument, values } => {
            values.iter().map(|&value| rule(argument, SeccompCmpOp::Eq, value)).collect()
        }
        Limit::Masked { argument, mask, value } => {
            Ok(vec![rule(argument, SeccompCmpOp::MaskedEq(mask), value)?])
        }
        Limit::OwnProcess { argument } => {
            Ok(vec![rule(argument, SeccompCmpOp::Eq, u64::from(std::process::id()))?])
        }
    }
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    // Flags and descriptors are C ints: the upper half of the register is noise that must not matter.
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}

fn errno(number: i32) -> u32 {
    number.unsigned_abs()
}
