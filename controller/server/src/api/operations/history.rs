//! How nodes were used: read from what was kept.

use cloister_api::History;
use cloister_store::SampleSubject;

use crate::api::{ApiError, ApiState};
use crate::clock::unix_now_s;
use crate::fleet::is_jurisdiction;
use crate::history::{Range, points};

const RANGE_DEFAULT: &str = "1h";

pub(in crate::api) async fn of_node(api: &ApiState, node: &str, range: &str) -> Result<History, ApiError> {
    let range = parse(range)?;
    let Some(row) = api.store().node(node).await? else {
        return Err(ApiError::not_found(format!("there is no node {node:?}; list them (cloister nodes)")));
    };
    read(api, SampleSubject::Node(row.id), range).await
}

/// Of all nodes if no jurisdiction is named.
pub(in crate::api) async fn of_fleet(
    api: &ApiState,
    jurisdiction: &str,
    range: &str,
) -> Result<History, ApiError> {
    let subject = match jurisdiction {
        "" => SampleSubject::Fleet,
        code if is_jurisdiction(code) => SampleSubject::Jurisdiction(code.to_owned()),
        _ => {
            return Err(ApiError::invalid(
                "jurisdiction",
                "jurisdiction must be an ISO 3166 code such as DE, or DE-HE for a part of it",
            ));
        }
    };
    read(api, subject, parse(range)?).await
}

async fn read(api: &ApiState, subject: SampleSubject, range: Range) -> Result<History, ApiError> {
    let within = (range.from_s, range.until_s);
    let samples = api.store().samples(&subject, range.sample_step_s, within).await?;
    Ok(points(range, &samples))
}

fn parse(range: &str) -> Result<Range, ApiError> {
    let name = if range.is_empty() { RANGE_DEFAULT } else { range };
    Range::new(name, unix_now_s()).ok_or_else(|| ApiError::invalid("range", "range must be 1h, 24h or 30d"))
}
