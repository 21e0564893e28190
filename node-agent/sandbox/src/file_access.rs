//! Landlock: which files, and no TCP.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

use crate::SandboxError;

/// The newest ABI these rules were tried with. Older kernels enforce the part they know.
const NEWEST_ABI: ABI = ABI::V6;

/// Denies everything that Landlock can deny, but for reading `readable_files`.
pub(crate) fn restrict(readable_files: &[PathBuf], allow_weak: bool) -> Result<Option<u32>, SandboxError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST_ABI))?
        .handle_access(AccessNet::from_all(NEWEST_ABI))?
        .scope(Scope::from_all(NEWEST_ABI))?
        .create()?;
    for path in readable_files {
        let file =
            PathFd::new(path).map_err(|source| SandboxError::ReadableFile { path: path.clone(), source })?;
        ruleset = ruleset.add_rule(PathBeneath::new(file, AccessFs::ReadFile))?;
    }
    judge(&ruleset.restrict_self()?, allow_weak)
}

fn judge(status: &RestrictionStatus, allow_weak: bool) -> Result<Option<u32>, SandboxError> {
    let reason = match status.landlock {
        LandlockStatus::Available { .. } if status.ruleset == RulesetStatus::NotEnforced => {
            return Err(SandboxError::NotEnforced);
        }
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            let kernel = kernel_abi.and_then(|abi| u32::try_from(abi).ok());
            return Ok(Some(kernel.unwrap_or(effective_abi as u32)));
        }
        LandlockStatus::NotEnabled => "not enabled",
        LandlockStatus::NotImplemented => "not built in",
    };
    if allow_weak { Ok(None) } else { Err(SandboxError::NoLandlock { reason }) }
}
