//! Records, checkpoints, open requests and salts.

use super::{CheckpointRow, Head, OpenRequest, RecordRow, SaltRow};
use crate::limits::MAX_RECORDS_PER_QUERY;
use crate::sql::{Arg, Row};
use crate::{Store, StoreError};

impl Store {
    pub async fn record(&self, id: &str) -> Result<Option<RecordRow>, StoreError> {
        let sql = "SELECT * FROM audit_record WHERE id = $1";
        let row = self.reader().await?.connection().fetch_optional(sql, vec![id.into()]).await?;
        row.as_ref().map(record).transpose()
    }

    /// The record that closed the request `request_id`, if it is closed.
    pub async fn closing_record(&self, request_id: &str) -> Result<Option<RecordRow>, StoreError> {
        let sql = "SELECT * FROM audit_record WHERE intent = $1 ORDER BY seq";
        let args = vec![request_id.into()];
        let row = self.reader().await?.connection().fetch_optional(sql, args).await?;
        row.as_ref().map(record).transpose()
    }

    /// Records `from..to` by sequence number, oldest first; at most
    /// [`MAX_RECORDS_PER_QUERY`] of them.
    pub async fn records_between(&self, from: u64, to: u64) -> Result<Vec<RecordRow>, StoreError> {
        let sql = "SELECT * FROM audit_record WHERE seq >= $1 AND seq < $2 ORDER BY seq LIMIT $3";
        let args = vec![seq(from)?, seq(to)?, MAX_RECORDS_PER_QUERY.into()];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(record).collect()
    }

    /// Which kinds there are among the records `from..to` by sequence number, in no order.
    pub async fn record_kinds_between(&self, from: u64, to: u64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT kind FROM audit_record WHERE seq >= $1 AND seq < $2";
        let args = vec![seq(from)?, seq(to)?];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(|row| row.text("kind")).collect()
    }

    /// Where the log ends.
    pub async fn head(&self) -> Result<Head, StoreError> {
        // One statement, so that both halves are of one moment.
        let sql = "SELECT h.size AS head_size, c.size AS size, c.note AS note FROM audit_head h \
                   LEFT JOIN audit_checkpoint c \
                   ON c.size = (SELECT max(size) FROM audit_checkpoint) WHERE h.id = 1";
        let row = self.reader().await?.connection().fetch_optional(sql, Vec::new()).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("log head", "its row is missing"))?;
        let note = row.optional_text("note")?;
        let checkpoint = match note {
            Some(note) => Some(CheckpointRow { size: row.u64("size")?, note }),
            None => None,
        };
        Ok(Head { size: row.u64("head_size")?, checkpoint })
    }

    /// The smallest checkpoint that covers `size` leaves.
    pub async fn checkpoint_covering(&self, size: u64) -> Result<Option<CheckpointRow>, StoreError> {
        let sql = "SELECT * FROM audit_checkpoint WHERE size >= $1 ORDER BY size LIMIT 1";
        let args = vec![seq(size)?];
        let row = self.reader().await?.connection().fetch_optional(sql, args).await?;
        row.as_ref().map(checkpoint).transpose()
    }

    /// The checkpoints after `size` leaves, in order; at most [`MAX_RECORDS_PER_QUERY`] of them.
    pub async fn checkpoints_after(&self, size: u64) -> Result<Vec<CheckpointRow>, StoreError> {
        let sql = "SELECT * FROM audit_checkpoint WHERE size > $1 ORDER BY size LIMIT $2";
        let args = vec![seq(size)?, MAX_RECORDS_PER_QUERY.into()];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(checkpoint).collect()
    }

    /// Requests without a closing record, oldest first; at most [`MAX_RECORDS_PER_QUERY`].
    pub async fn open_requests(&self) -> Result<Vec<OpenRequest>, StoreError> {
        let sql = "SELECT * FROM audit_open ORDER BY seq LIMIT $1";
        let args = vec![MAX_RECORDS_PER_QUERY.into()];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(OpenRequest::from_row).collect()
    }

    /// What opens the commitments of a record, as long as it was not deleted.
    pub async fn salts(&self, record_id: &str) -> Result<Vec<SaltRow>, StoreError> {
        let sql = "SELECT * FROM audit_salt WHERE record_id = $1 ORDER BY name";
        let args = vec![record_id.into()];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter()
            .map(|row| {
                Ok(SaltRow {
                    record_id: row.text("record_id")?,
                    name: row.text("name")?,
                    salt: row.hash("salt")?,
                })
            })
            .collect()
    }
}

pub(super) fn seq(value: u64) -> Result<Arg, StoreError> {
    let value = i64::try_from(value).map_err(|e| StoreError::corrupt("sequence number", e))?;
    Ok(value.into())
}

pub(super) fn record(row: &Row) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        seq: row.u64("seq")?,
        id: row.text("id")?,
        kind: row.text("kind")?,
        time: row.text("time")?,
        subject_id: row.optional_text("subject_id")?,
        tenant: row.optional_text("tenant")?,
        intent: row.optional_text("intent")?,
        leaf: row.bytes("leaf")?,
        leaf_hash: row.hash("leaf_hash")?,
    })
}

fn checkpoint(row: &Row) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow { size: row.u64("size")?, note: row.text("note")? })
}
