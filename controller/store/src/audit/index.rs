//! Making records searchable: new ones with their commit, those of earlier versions in batches.

use std::collections::HashMap;

use super::reads::{record, seq};
use super::{RecordRow, SearchField, SearchRow, SearchTerm};
use crate::limits::{INDEXED_AT_ONCE, MAX_NAME_BYTES};
use crate::sql::{Arg, Connection, insert_rows_that_are_new};
use crate::{Store, StoreError};

/// Records that may lack their search rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unindexed {
    /// Those among them that do, in order.
    pub records: Vec<RecordRow>,
    /// The log was looked through up to here.
    pub upto: u64,
}

impl Store {
    /// How many records were written before there was a search and are not found by it yet.
    pub async fn unsearchable_records(&self) -> Result<u64, StoreError> {
        let sql = "SELECT CASE WHEN wanted > upto THEN wanted - upto ELSE 0 END AS missing \
                   FROM audit_indexed WHERE id = 1";
        let row = self.reader().await?.connection().fetch_optional(sql, Vec::new()).await?;
        row.map_or(Ok(0), |row| row.u64("missing"))
    }

    /// The next part of the log that was not looked through; none when it was to its end.
    pub async fn unindexed_records(&self) -> Result<Option<Unindexed>, StoreError> {
        let mut reader = self.reader().await?;
        let mut db = reader.connection();
        let sql =
            "SELECT i.upto, h.size FROM audit_indexed i CROSS JOIN audit_head h WHERE i.id = 1 AND h.id = 1";
        let row = db.fetch_optional(sql, Vec::new()).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("search", "its row is missing"))?;
        let (from, size) = (row.u64("upto")?, row.u64("size")?);
        if from >= size {
            return Ok(None);
        }
        let upto = size.min(from.saturating_add(u64::from(INDEXED_AT_ONCE)));
        let sql = "SELECT r.* FROM audit_record r LEFT JOIN audit_moment m ON m.seq = r.seq \
                   WHERE r.seq >= $1 AND r.seq < $2 AND m.seq IS NULL ORDER BY r.seq";
        let rows = db.fetch_all(sql, vec![seq(from)?, seq(upto)?]).await?;
        Ok(Some(Unindexed { records: rows.iter().map(record).collect::<Result<_, _>>()?, upto }))
    }

    /// Writes search rows of records that are in the log, which has been looked through up to `upto`. Several
    /// controllers may do so at once.
    pub async fn index_records(&self, rows: Vec<SearchRow>, upto: u64) -> Result<(), StoreError> {
        let mut connection = self.registering().await?;
        let mut db = connection.connection();
        db.control("BEGIN").await?;
        let written = write(&mut db, rows, upto).await;
        db.control(if written.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        written
    }
}

async fn write(db: &mut Connection<'_>, rows: Vec<SearchRow>, upto: u64) -> Result<(), StoreError> {
    insert_search_rows(db, rows).await?;
    let sql = "UPDATE audit_indexed SET upto = $1 WHERE id = 1 AND upto < $1";
    db.execute(sql, vec![seq(upto)?]).await?;
    Ok(())
}

/// Rows that are there already stay as they are.
pub(crate) async fn insert_search_rows(
    db: &mut Connection<'_>,
    rows: Vec<SearchRow>,
) -> Result<(), StoreError> {
    let node_names = node_names(db, &rows).await?;
    let (mut moments, mut terms) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        moments.push(vec![seq(row.seq)?, row.written_at.into(), row.kind.into()]);
        for term in row.terms {
            if term.field == SearchField::Node
                && let Some(name) = node_names.get(&term.value)
            {
                push_term(&mut terms, row.seq, term.field, name.clone())?;
            }
            push_term(&mut terms, row.seq, term.field, term.value)?;
        }
    }
    insert_rows_that_are_new(db, "audit_moment", &["seq", "written_at", "kind"], moments).await?;
    insert_rows_that_are_new(db, "audit_term", &["field", "value", "seq"], terms).await?;
    Ok(())
}

/// A value that is longer than any honest one is not worth finding.
fn push_term(
    terms: &mut Vec<Vec<Arg>>,
    row_seq: u64,
    field: SearchField,
    value: String,
) -> Result<(), StoreError> {
    if value.len() <= MAX_NAME_BYTES {
        terms.push(vec![field.as_str().into(), value.into(), seq(row_seq)?]);
    }
    Ok(())
}

/// Names of the nodes that the rows name by id: records of inferences know the id alone.
async fn node_names(
    db: &mut Connection<'_>,
    rows: &[SearchRow],
) -> Result<HashMap<String, String>, StoreError> {
    let is_node = |term: &&SearchTerm| term.field == SearchField::Node;
    let mut ids: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.terms.iter().filter(is_node))
        .map(|term| term.value.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut names = HashMap::with_capacity(ids.len());
    for id in ids {
        let sql = "SELECT name FROM node WHERE id = $1";
        if let Some(row) = db.fetch_optional(sql, vec![id.into()]).await? {
            names.insert(id.to_owned(), row.text("name")?);
        }
    }
    Ok(names)
}
