//! Wrong passwords and wrong codes: on record, counted together, and after a few of them nobody gets in for a while.

use std::time::Duration;

use cloister_api::ProblemKind;
use cloister_evidence::record::{Actor, Draft, Kind, Outcome, SubjectKind};
use cloister_store::{Account, Change};
use jiff::Timestamp;

use crate::api::operations::{Facts, subject};
use crate::api::{ApiError, ApiState};

/// Failures in a row that are forgiven.
const FAILURES_FREE: u32 = 4;
/// The first lock-out; each further failure doubles it.
const LOCK_FIRST: Duration = Duration::from_secs(30);
const LOCK_LONGEST: Duration = Duration::from_secs(15 * 60);

/// Until when nobody gets in, if that is so now.
pub(super) fn locked_until(account: &Account, now: Timestamp) -> Option<Timestamp> {
    account.locked_until.filter(|until| *until > now)
}

/// Puts a failure of `class` on record and counts it. What to answer: `wrong`, unless the account is locked by this.
pub(super) async fn note_failure(
    api: &ApiState,
    actor: Actor,
    account: &Account,
    class: &str,
    wrong: ApiError,
) -> Result<ApiError, ApiError> {
    let now = Timestamp::now();
    let lock = lock_after(account.failed_logins.saturating_add(1));
    let locked_until = lock.and_then(|lock| now.checked_add(lock).ok());
    let draft = Draft {
        kind: Kind::SessionRefused,
        outcome: Outcome::Denied,
        actor,
        subject: Some(subject(SubjectKind::Account, account.id.as_str(), Some(&account.name))),
        tenant: account.tenant.clone(),
        intent: None,
        inference: None,
        change: locked_until
            .map(|until| Facts::from([("locked_until".to_owned(), until.to_string().into())])),
        reason: Some(class.to_owned()),
    };
    let change = Change::NoteFailedLogin { account_id: account.id.clone(), locked_until };
    api.ledger().change(vec![change], draft).await?;
    Ok(locked_until.map_or(wrong, |until| locked(account, until, now)))
}

/// After so many failures in a row: how long nobody gets in.
fn lock_after(failures: u32) -> Option<Duration> {
    let beyond = failures.checked_sub(FAILURES_FREE + 1)?;
    let factor = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
    Some(LOCK_FIRST.saturating_mul(factor).min(LOCK_LONGEST))
}

pub(super) fn locked(account: &Account, until: Timestamp, now: Timestamp) -> ApiError {
    let seconds = until.duration_since(now).as_secs().max(1);
    // Past a second factor a link is no way: it asks for the code, too.
    let way_out = match account.second_factor_at {
        None => ", or ask for a login link (cloister account link NAME)",
        Some(_) => "",
    };
    let detail = format!("too many sign-ins of this account failed; try again in {seconds} s{way_out}");
    ApiError::new(ProblemKind::TooManyRequests, detail)
        .with(|problem| problem.retry_after_s = u64::try_from(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_failures_are_forgiven_and_each_further_one_doubles_the_wait() {
        let cases = [
            (1, None),
            (4, None),
            (5, Some(30)),
            (6, Some(60)),
            (7, Some(120)),
            (10, Some(900)),
            (99, Some(900)),
        ];
        for (failures, seconds) in cases {
            assert_eq!(lock_after(failures), seconds.map(Duration::from_secs), "{failures}");
        }
    }
}
