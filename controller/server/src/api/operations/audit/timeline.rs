//! How many records there are, over time.

use std::collections::BTreeMap;

use cloister_api::limits::{TIMELINE_BUCKETS_DEFAULT, TIMELINE_BUCKETS_MAX};
use cloister_api::{Timeline, TimelineBucket};
use cloister_store::limits::MAX_COUNTED_RECORDS;
use cloister_store::{TimelineCount, TimelineQuery};
use jiff::{SignedDuration, Timestamp};

use super::Filter;
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};

/// What is looked at where the caller names no beginning.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(24);

/// Counts the records that pass `filter` in `buckets` equally long pieces of its time: of the last day, unless it says
/// another.
pub(in crate::api) async fn timeline(
    api: &ApiState,
    caller: &Caller,
    filter: Filter,
    buckets: u32,
) -> Result<Timeline, ApiError> {
    let buckets = match buckets {
        0 => TIMELINE_BUCKETS_DEFAULT,
        buckets if buckets <= TIMELINE_BUCKETS_MAX => buckets,
        buckets => {
            let detail = format!(
                "buckets is {buckets}, and must be 1 to {TIMELINE_BUCKETS_MAX}, or 0 for {TIMELINE_BUCKETS_DEFAULT}"
            );
            return Err(ApiError::invalid("buckets", detail));
        }
    };
    let filter = filter.checked(caller)?;
    let until = filter.until.unwrap_or_else(Timestamp::now);
    let from = match filter.from {
        Some(from) => from,
        None => until.checked_sub(DEFAULT_SPAN).map_err(|_| out_of_range("to"))?,
    };
    if from >= until {
        return Err(ApiError::invalid("from", format!("from is {from}, and must be earlier than {until}")));
    }
    let pieces = Pieces::new(from, until, buckets);
    let query =
        TimelineQuery { filter, from, until, bucket_us: pieces.length_us, limit: MAX_COUNTED_RECORDS };
    let counts = api.store().timeline(&query).await?;
    let counted: u64 = counts.iter().fold(0, |sum, count| sum.saturating_add(count.records));
    Ok(Timeline {
        from: from.to_string(),
        to: until.to_string(),
        buckets: pieces.filled(counts)?,
        complete: counted < u64::from(MAX_COUNTED_RECORDS),
        unsearchable: api.store().unsearchable_records().await?,
    })
}

fn out_of_range(field: &'static str) -> ApiError {
    ApiError::invalid(field, format!("{field} is earlier than any time that can be written"))
}

/// A time in equally long pieces; the last may be cut short.
struct Pieces {
    from: Timestamp,
    until: Timestamp,
    length_us: i64,
}

impl Pieces {
    fn new(from: Timestamp, until: Timestamp, buckets: u32) -> Self {
        let span_us = until.as_microsecond().saturating_sub(from.as_microsecond()).max(1);
        let buckets = i64::from(buckets.max(1));
        Self { from, until, length_us: span_us.saturating_add(buckets - 1) / buckets }
    }

    fn filled(&self, counts: Vec<TimelineCount>) -> Result<Vec<TimelineBucket>, ApiError> {
        let mut by_bucket: BTreeMap<u32, BTreeMap<String, u64>> = BTreeMap::new();
        for TimelineCount { bucket, kind, records } in counts {
            let group = kind.split('.').next().unwrap_or_default().to_owned();
            let count = by_bucket.entry(bucket).or_default().entry(group).or_default();
            *count = count.saturating_add(records);
        }
        let mut buckets = Vec::new();
        let mut begin = self.from;
        for number in 0.. {
            if begin >= self.until {
                break;
            }
            let end = self.end_of(number)?;
            let counts = by_bucket.remove(&number).unwrap_or_default();
            buckets.push(TimelineBucket { from: begin.to_string(), to: end.to_string(), counts });
            begin = end;
        }
        Ok(buckets)
    }

    fn end_of(&self, number: u32) -> Result<Timestamp, ApiError> {
        let after_us = self.length_us.saturating_mul(i64::from(number).saturating_add(1));
        let end_us = self.from.as_microsecond().saturating_add(after_us);
        let end = Timestamp::from_microsecond(end_us.min(self.until.as_microsecond()));
        end.map(|end| if end_us >= self.until.as_microsecond() { self.until } else { end })
            .map_err(|error| ApiError::internal("a timeline cannot be divided", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_pieces_cover_the_time_without_gaps_and_hold_what_was_counted() {
        let (from, until) = (at("2026-11-22T08:00:00Z"), at("2026-11-22T08:00:10Z"));
        let pieces = Pieces::new(from, until, 3);
        let count = |bucket, kind: &str, records| TimelineCount { bucket, kind: kind.to_owned(), records };
        let counts = vec![
            count(0, "inference.requested", 2),
            count(0, "inference.completed", 1),
            count(2, "model.imported", 4),
        ];
        let filled = pieces.filled(counts).unwrap();
        assert_eq!(filled.len(), 3);
        assert_eq!(filled[0].counts, BTreeMap::from([("inference".to_owned(), 3)]));
        assert!(filled[1].counts.is_empty());
        assert_eq!(filled[2].counts, BTreeMap::from([("model".to_owned(), 4)]));
        assert!(filled.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(
            (filled[0].from.as_str(), filled[2].to.as_str()),
            ("2026-11-22T08:00:00Z", "2026-11-22T08:00:10Z")
        );
    }

    #[test]
    fn a_time_shorter_than_its_pieces_has_fewer_of_them() {
        let from = at("2026-11-22T08:00:00Z");
        let until = at("2026-11-22T08:00:00.000003Z");
        assert_eq!(Pieces::new(from, until, 60).filled(Vec::new()).unwrap().len(), 3);
        let blink = at("2026-11-22T08:00:00.0000004Z");
        assert_eq!(Pieces::new(from, blink, 60).filled(Vec::new()).unwrap().len(), 1);
    }
}
