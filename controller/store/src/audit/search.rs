//! Searching the log, newest first.
//!
//! Every filter can be read in the order of sequence numbers, backwards, from an index. A search begins with the
//! filter that fewest records pass and asks the others about each record that it meets; a time becomes bounds of the
//! sequence numbers first. So a page costs as much as the rarest of its filters has records, and not as much as the
//! log.

use sqlx::AssertSqlSafe;

use super::reads::record;
use super::{RecordFilter, RecordQuery, RecordRow, SearchField};
use crate::limits::{MANY_RECORDS, MAX_RECORDS_PER_QUERY};
use crate::sql::{Arg, Connection};
use crate::{Store, StoreError};

impl Store {
    /// Newest first.
    pub async fn records(&self, query: &RecordQuery) -> Result<Vec<RecordRow>, StoreError> {
        let mut reader = self.reader().await?;
        let mut db = reader.connection();
        let Some(search) = Search::plan(&mut db, &query.filter, query.before_seq).await? else {
            return Ok(Vec::new());
        };
        let limit = query.limit.min(MAX_RECORDS_PER_QUERY);
        let (sql, args) = search.statement("r.*", limit, &query.filter);
        let rows = db.fetch_all(AssertSqlSafe(sql), args).await?;
        rows.iter().map(record).collect()
    }
}

/// One thing that a record must have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Term(SearchField, String),
    /// A column of `audit_record`.
    Column(&'static str, String),
}

impl Condition {
    fn all(filter: &RecordFilter) -> Vec<Self> {
        let column = |name, value: &Option<String>| value.clone().map(|value| Self::Column(name, value));
        let term = |field, value: &Option<String>| value.clone().map(|value| Self::Term(field, value));
        let all = [
            // One request is closed once.
            column("intent", &filter.intent),
            column("subject_id", &filter.subject_id),
            term(SearchField::Actor, &filter.actor),
            term(SearchField::Model, &filter.model),
            term(SearchField::Node, &filter.node),
            column("tenant", &filter.tenant),
            column("kind", &filter.kind),
        ];
        all.into_iter().flatten().collect()
    }

    /// How many records meet it between two sequence numbers; [`MANY_RECORDS`] at most.
    async fn count(&self, db: &mut Connection<'_>, (from, to): (i64, i64)) -> Result<i64, StoreError> {
        let (table, narrow, mut args) = match self {
            Self::Term(field, value) => {
                let args = vec![Arg::from(field.as_str()), value.into()];
                ("audit_term", "field = $1 AND value = $2".to_owned(), args)
            }
            Self::Column(name, value) => ("audit_record", format!("{name} = $1"), vec![value.into()]),
        };
        let next = args.len() + 1;
        let sql = format!(
            "SELECT count(*) AS records FROM (SELECT seq FROM {table} WHERE {narrow} \
             AND seq >= ${next} AND seq < ${} LIMIT ${}) AS some_of_them",
            next + 1,
            next + 2
        );
        args.extend([from.into(), to.into(), MANY_RECORDS.into()]);
        let row = db.fetch_optional(AssertSqlSafe(sql), args).await?;
        row.map_or(Ok(0), |row| row.int("records"))
    }
}

/// How a search is done.
pub(super) struct Search {
    /// The one to begin with comes first.
    conditions: Vec<Condition>,
    /// Sequence numbers, the second not among them.
    bounds: (i64, i64),
}

impl Search {
    /// None when no record can be found.
    pub(super) async fn plan(
        db: &mut Connection<'_>,
        filter: &RecordFilter,
        before_seq: Option<u64>,
    ) -> Result<Option<Self>, StoreError> {
        let before = before_seq.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let Some((from, to)) = written_between(db, filter).await? else { return Ok(None) };
        let bounds = (from, to.min(before));
        let mut conditions = Condition::all(filter);
        if conditions.len() > 1 {
            let mut fewest = (i64::MAX, 0);
            for (index, condition) in conditions.iter().enumerate() {
                fewest = fewest.min((condition.count(db, bounds).await?, index));
            }
            conditions.swap(0, fewest.1);
        }
        Ok(Some(Self { conditions, bounds }))
    }

    /// Reads `columns` of the newest `limit` records: `r` is the record, `m` its moment.
    pub(super) fn statement(&self, columns: &str, limit: u32, filter: &RecordFilter) -> (String, Vec<Arg>) {
        let (from, to) = self.bounds;
        let mut pieces = Pieces::new(vec![from.into(), to.into(), limit.into()]);
        for condition in &self.conditions {
            pieces.require(condition);
        }
        if columns.contains("m.") || filter.from.is_some() || filter.until.is_some() {
            pieces.table("audit_moment", "m");
        }
        if let Some(from) = filter.from {
            pieces.narrow("m.written_at >=", from.into());
        }
        if let Some(until) = filter.until {
            pieces.narrow("m.written_at <", until.into());
        }
        if columns.contains("r.") {
            pieces.table("audit_record", "r");
        }
        pieces.finish(columns)
    }
}

/// Bounds of the sequence numbers of what was written in the filter's time. Clocks step, so that between them may lie
/// what was written at another time.
async fn written_between(
    db: &mut Connection<'_>,
    filter: &RecordFilter,
) -> Result<Option<(i64, i64)>, StoreError> {
    if filter.from.is_none() && filter.until.is_none() {
        return Ok(Some((0, i64::MAX)));
    }
    let from = filter.from.map_or(i64::MIN, |from| from.as_microsecond());
    let until = filter.until.map_or(i64::MAX, |until| until.as_microsecond());
    let sql = "SELECT min(seq) AS oldest, max(seq) AS newest FROM audit_moment \
               WHERE written_at >= $1 AND written_at < $2";
    let row = db.fetch_optional(sql, vec![from.into(), until.into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let oldest = row.optional_int("oldest")?;
    let newest = row.optional_int("newest")?;
    Ok(oldest.zip(newest).map(|(oldest, newest)| (oldest, newest.saturating_add(1))))
}

/// A statement in the making. The first table is read in the order of its sequence numbers, and the others are asked
/// about each: `CROSS JOIN` keeps SQLite from choosing another order.
struct Pieces {
    /// With their aliases.
    tables: Vec<(&'static str, String)>,
    conditions: String,
    /// The first three are the bounds and the limit.
    args: Vec<Arg>,
}

impl Pieces {
    fn new(args: Vec<Arg>) -> Self {
        Self { tables: Vec::new(), conditions: String::new(), args }
    }

    fn require(&mut self, condition: &Condition) {
        match condition {
            Condition::Term(field, value) => {
                let alias = format!("t{}", self.tables.len());
                self.table("audit_term", &alias);
                self.narrow(&format!("{alias}.field ="), field.as_str().into());
                self.narrow(&format!("{alias}.value ="), value.into());
            }
            // Rows of moments are small, and whatever has terms has one.
            Condition::Column("kind", value) if self.begins_with("audit_term") => {
                self.table("audit_moment", "m");
                self.narrow("m.kind =", value.into());
            }
            Condition::Column(name, value) => {
                self.table("audit_record", "r");
                self.narrow(&format!("r.{name} ="), value.into());
            }
        }
    }

    fn begins_with(&self, table: &str) -> bool {
        self.tables.first().is_some_and(|(name, _)| *name == table)
    }

    fn table(&mut self, name: &'static str, alias: &str) {
        if self.tables.iter().any(|(_, known)| known == alias) {
            return;
        }
        let joined = match self.tables.first() {
            None => format!("{alias}.seq >= $1 AND {alias}.seq < $2"),
            Some((_, first)) => format!(" AND {alias}.seq = {first}.seq"),
        };
        self.conditions.push_str(&joined);
        self.tables.push((name, alias.to_owned()));
    }

    fn narrow(&mut self, comparison: &str, value: Arg) {
        self.args.push(value);
        self.conditions.push_str(&format!(" AND {comparison} ${}", self.args.len()));
    }

    fn finish(self, columns: &str) -> (String, Vec<Arg>) {
        let tables: Vec<_> = self.tables.iter().map(|(name, alias)| format!("{name} {alias}")).collect();
        let first = self.tables.first().map_or("r", |(_, alias)| alias.as_str());
        let sql = format!(
            "SELECT {columns} FROM {} WHERE {} ORDER BY {first}.seq DESC LIMIT $3",
            tables.join(" CROSS JOIN "),
            self.conditions
        );
        (sql, self.args)
    }
}
