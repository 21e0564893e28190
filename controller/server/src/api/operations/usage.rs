//! What was asked of models: requests, tokens and time, by day, tenant, caller or deployment.

use std::collections::BTreeMap;

use cloister_api::limits::{USAGE_DAYS_DEFAULT, USAGE_DAYS_MAX};
use cloister_api::{UsageGroup, UsageReport, UsageRow, UsageSum};
use cloister_store::{Usage, UsageQuery};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};

/// What a report is asked about; `None` does not narrow.
#[derive(Debug, Default)]
pub(in crate::api) struct Selection {
    pub(in crate::api) from: Option<String>,
    pub(in crate::api) to: Option<String>,
    pub(in crate::api) by: Option<UsageGroup>,
    pub(in crate::api) tenant: Option<String>,
}

pub(in crate::api) async fn report(
    api: &ApiState,
    caller: &Caller,
    selection: Selection,
) -> Result<UsageReport, ApiError> {
    let (from, to) = days(&selection, Timestamp::now())?;
    let tenant = match caller.tenant() {
        Some(own) => Some(own.to_owned()),
        None => selection.tenant.filter(|tenant| !tenant.is_empty()),
    };
    let query = UsageQuery { from: from.to_string(), to: to.to_string(), tenant };
    let rows = api.store().usage(&query).await?;
    let truncated = rows.len() >= cloister_store::limits::MAX_LISTED_ROWS as usize;
    let (rows, total) = summed(rows, selection.by.unwrap_or(UsageGroup::Caller));
    Ok(UsageReport { from: query.from, to: query.to, rows, total, truncated })
}

/// First and last day, both included.
fn days(selection: &Selection, now: Timestamp) -> Result<(Date, Date), ApiError> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let to = day("to", selection.to.as_deref())?.unwrap_or(today);
    let back = i64::from(USAGE_DAYS_DEFAULT - 1).days();
    let from = match day("from", selection.from.as_deref())? {
        Some(from) => from,
        None => to.checked_sub(back).map_err(|_| out_of_range())?,
    };
    let span = to.since((jiff::Unit::Day, from)).map_err(|_| out_of_range())?.get_days();
    match u32::try_from(span) {
        Ok(days) if days < USAGE_DAYS_MAX => Ok((from, to)),
        _ => Err(out_of_range()),
    }
}

fn day(field: &str, text: Option<&str>) -> Result<Option<Date>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    // Dates alone: what comes with a time is not meant.
    let date = (text.len() == "2026-11-30".len()).then(|| text.parse::<Date>().ok()).flatten();
    date.map(Some).ok_or_else(|| ApiError::invalid(field, format!("{field} must be a day, as 2026-11-30")))
}

fn out_of_range() -> ApiError {
    ApiError::invalid(
        "from",
        format!("from must lie before to, and at most {USAGE_DAYS_MAX} days may be asked for"),
    )
}

/// One row for each group, the largest first (days: the newest), and the sum of all.
fn summed(rows: Vec<Usage>, by: UsageGroup) -> (Vec<UsageRow>, UsageSum) {
    let (mut groups, mut total) = (BTreeMap::<_, UsageRow>::new(), UsageSum::default());
    for row in rows {
        add(&mut total, &row);
        let named = named(&row, by);
        let key =
            (named.day.clone(), named.tenant.clone(), named.caller_id.clone(), named.deployment.clone());
        add(&mut groups.entry(key).or_insert(named).sum, &row);
    }
    let mut rows: Vec<_> = groups.into_values().collect();
    match by {
        UsageGroup::Day => rows.reverse(),
        _ => rows.sort_by_key(|row| std::cmp::Reverse((row.sum.output_tokens, row.sum.requests))),
    }
    (rows, total)
}

/// The group of `row`, with nothing in it yet.
fn named(row: &Usage, by: UsageGroup) -> UsageRow {
    let tenant = row.tenant.clone();
    match by {
        UsageGroup::Day => UsageRow { day: Some(row.day.clone()), ..UsageRow::default() },
        UsageGroup::Tenant => UsageRow { tenant, ..UsageRow::default() },
        UsageGroup::Deployment => {
            UsageRow { tenant, deployment: Some(row.deployment.clone()), ..UsageRow::default() }
        }
        UsageGroup::Caller => UsageRow {
            tenant,
            caller_kind: Some(row.actor_kind.clone()),
            caller_id: Some(row.actor_id.clone()),
            caller_name: Some(row.actor_name.clone()),
            ..UsageRow::default()
        },
    }
}

fn add(sum: &mut UsageSum, row: &Usage) {
    sum.requests = sum.requests.saturating_add(row.requests);
    sum.interrupted = sum.interrupted.saturating_add(row.interrupted);
    sum.prompt_tokens = sum.prompt_tokens.saturating_add(row.prompt_tokens);
    sum.output_tokens = sum.output_tokens.saturating_add(row.output_tokens);
    sum.time_ms = sum.time_ms.saturating_add(row.time_us / 1_000);
}
