//! One way to speak to both databases: statements are written once, with `$1` placeholders that
//! both understand, and values travel in [`Arg`] and [`Row`].

mod arg;
mod bulk;
mod row;

pub(crate) use arg::Arg;
pub(crate) use bulk::{delete_rows, existing, insert_rows, insert_rows_that_are_new};
pub(crate) use row::Row;

use sqlx::{Executor as _, PgConnection, Postgres, SqlSafeStr, Sqlite, SqliteConnection};

/// A connection to either database, inside a transaction or not.
pub(crate) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

macro_rules! bind {
    ($database:ty, $sql:expr, $args:expr) => {{
        let mut query = sqlx::query::<$database>($sql);
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Connection<'_> {
    /// Runs a statement; returns the number of rows it touched.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let query = bind!(Sqlite, sql, args);
                Ok(query.execute(&mut **connection).await?.rows_affected())
            }
            Self::Postgres(connection) => {
                let query = bind!(Postgres, sql, args);
                Ok(query.execute(&mut **connection).await?.rows_affected())
            }
        }
    }

    /// Runs a statement without arguments and without preparing it, for transaction control.
    pub(crate) async fn control(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
        }
    }

    pub(crate) async fn fetch_all(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let rows = bind!(Sqlite, sql, args).fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let rows = bind!(Postgres, sql, args).fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row, if any.
    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }
}
