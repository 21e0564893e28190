//! Values on their way out of a statement.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};

use crate::StoreError;

/// A row of either database; columns are read by name.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
        .map_err(StoreError::from)
    };
}

impl Row {
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        get!(self, column)
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        get!(self, column)
    }

    fn optional_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn u64(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|e| StoreError::corrupt(column, e))
    }

    pub(crate) fn optional_u64(&self, column: &'static str) -> Result<Option<u64>, StoreError> {
        let value = self.optional_int(column)?.map(u64::try_from).transpose();
        value.map_err(|e| StoreError::corrupt(column, e))
    }

    pub(crate) fn u32(&self, column: &'static str) -> Result<u32, StoreError> {
        u32::try_from(self.int(column)?).map_err(|e| StoreError::corrupt(column, e))
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<[u8; 32], StoreError> {
        <[u8; 32]>::try_from(self.bytes(column)?)
            .map_err(|bytes| StoreError::corrupt(column, format!("{} bytes, not 32", bytes.len())))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        time(column, self.int(column)?)
    }

    pub(crate) fn optional_time(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        self.optional_int(column)?.map(|at| time(column, at)).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|e| StoreError::corrupt(column, e))
    }
}

fn time(column: &'static str, microseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds).map_err(|e| StoreError::corrupt(column, e))
}
