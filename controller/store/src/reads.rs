//! Reading the fleet's state.

mod accounts;
mod fleet;
mod histories;
mod models;
mod second_factors;
mod tenants;

pub(crate) use fleet::deployment;
pub(crate) use models::approval_of;

use crate::{Store, StoreError, limits::MAX_LISTED_ROWS, sql::Arg, sql::Row};

impl Store {
    /// A fact of the installation, see [`crate::Change::AddSetting`].
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self.first("SELECT value FROM setting WHERE name = $1", vec![name.into()]).await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// All rows that `sql` (whose last placeholder is its LIMIT) finds, decoded.
    async fn list<T>(
        &self,
        sql: &'static str,
        mut args: Vec<Arg>,
        decode: fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        args.push(MAX_LISTED_ROWS.into());
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(decode).collect()
    }

    async fn first(&self, sql: &'static str, args: Vec<Arg>) -> Result<Option<Row>, StoreError> {
        Ok(self.reader().await?.connection().fetch_optional(sql, args).await?)
    }
}
