//! Many rows in few statements. Chunks have a few fixed sizes, so that both databases can keep the
//! prepared statements.

use std::collections::HashSet;
use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use super::{Arg, Connection};
use crate::StoreError;

const CHUNK_ROWS: [usize; 3] = [128, 16, 1];

/// Inserts `rows` into `table (columns)`. Both names are literals of this crate.
pub(crate) async fn insert_rows(
    connection: &mut Connection<'_>,
    table: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Arg>>,
) -> Result<(), sqlx::Error> {
    insert(connection, (table, columns), rows, "").await
}

/// The same, less those whose key is in the table already.
pub(crate) async fn insert_rows_that_are_new(
    connection: &mut Connection<'_>,
    table: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Arg>>,
) -> Result<(), sqlx::Error> {
    insert(connection, (table, columns), rows, " ON CONFLICT DO NOTHING").await
}

async fn insert(
    connection: &mut Connection<'_>,
    (table, columns): (&'static str, &'static [&'static str]),
    rows: Vec<Vec<Arg>>,
    ending: &'static str,
) -> Result<(), sqlx::Error> {
    let mut rows = rows.into_iter();
    for chunk_rows in chunks(rows.len()) {
        let args: Vec<Arg> = rows.by_ref().take(chunk_rows).flatten().collect();
        let values = tuples(chunk_rows, columns.len());
        let sql = format!("INSERT INTO {table} ({}) VALUES {values}{ending}", columns.join(", "));
        connection.execute(AssertSqlSafe(sql), args).await?;
    }
    Ok(())
}

/// Which of `ids` are in the text column `column` of `table`.
pub(crate) async fn existing(
    connection: &mut Connection<'_>,
    table: &'static str,
    column: &'static str,
    ids: &[&str],
) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    let mut rest = ids;
    for chunk_rows in chunks(ids.len()) {
        let (chunk, tail) = rest.split_at(chunk_rows);
        rest = tail;
        let list = tuples(1, chunk_rows);
        let sql = format!("SELECT {column} AS id FROM {table} WHERE {column} IN {list}");
        let args = chunk.iter().map(|id| Arg::from(*id)).collect();
        for row in connection.fetch_all(AssertSqlSafe(sql), args).await? {
            found.insert(row.text("id")?);
        }
    }
    Ok(found)
}

/// Deletes the rows of `table` whose text column `column` is one of `ids`.
pub(crate) async fn delete_rows(
    connection: &mut Connection<'_>,
    table: &'static str,
    column: &'static str,
    ids: &[String],
) -> Result<(), sqlx::Error> {
    let mut rest = ids;
    for chunk_rows in chunks(ids.len()) {
        let (chunk, tail) = rest.split_at(chunk_rows);
        rest = tail;
        let sql = format!("DELETE FROM {table} WHERE {column} IN {}", tuples(1, chunk_rows));
        connection.execute(AssertSqlSafe(sql), chunk.iter().map(Arg::from).collect()).await?;
    }
    Ok(())
}

/// Splits `total` into the fixed chunk sizes, largest first.
pub(crate) fn chunks(mut total: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    for size in CHUNK_ROWS {
        while total >= size {
            sizes.push(size);
            total -= size;
        }
    }
    sizes
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn tuples(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            let number = row * columns + column + 1;
            write!(text, "{comma}${number}").expect("writing to a String cannot fail");
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_across_rows() {
        assert_eq!(tuples(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }

    #[test]
    fn chunk_sizes_add_up_to_the_total() {
        for total in [0, 1, 15, 16, 127, 128, 300, 1_024] {
            assert_eq!(chunks(total).iter().sum::<usize>(), total);
        }
        assert_eq!(chunks(145), [128, 16, 1]);
    }
}
