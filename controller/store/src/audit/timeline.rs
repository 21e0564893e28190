//! How many records there are, over time.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::RecordFilter;
use super::search::Search;
use crate::limits::MAX_COUNTED_RECORDS;
use crate::{Store, StoreError};

/// Which records to count, and in what pieces of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineQuery {
    /// Its own times do not count here.
    pub filter: RecordFilter,
    pub from: Timestamp,
    /// After `from`; not among the counted times.
    pub until: Timestamp,
    /// How long one piece is, in microseconds; at least 1.
    pub bucket_us: i64,
    /// At most [`MAX_COUNTED_RECORDS`], which more is taken as: the newest ones.
    pub limit: u32,
}

/// How many records of one kind were written in one piece of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineCount {
    /// From 0.
    pub bucket: u32,
    pub kind: String,
    pub records: u64,
}

impl Store {
    /// In no order. Their sum is the limit if there were more records to count.
    pub async fn timeline(&self, query: &TimelineQuery) -> Result<Vec<TimelineCount>, StoreError> {
        let filter =
            RecordFilter { from: Some(query.from), until: Some(query.until), ..query.filter.clone() };
        let mut reader = self.reader().await?;
        let mut db = reader.connection();
        let Some(search) = Search::plan(&mut db, &filter, None).await? else { return Ok(Vec::new()) };
        let limit = query.limit.min(MAX_COUNTED_RECORDS);
        let (found, mut args) = search.statement("m.written_at, m.kind", limit, &filter);
        args.extend([query.from.into(), query.bucket_us.max(1).into()]);
        let (from, length) = (args.len() - 1, args.len());
        let sql = format!(
            "SELECT (written_at - ${from}) / ${length} AS bucket, kind, count(*) AS records \
             FROM ({found}) AS found GROUP BY 1, 2"
        );
        let rows = db.fetch_all(AssertSqlSafe(sql), args).await?;
        rows.iter()
            .map(|row| {
                Ok(TimelineCount {
                    bucket: row.u32("bucket")?,
                    kind: row.text("kind")?,
                    records: row.u64("records")?,
                })
            })
            .collect()
    }
}
