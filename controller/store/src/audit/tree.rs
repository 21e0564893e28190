//! What the Merkle tree is made of.

use super::{TileRow, reads::seq};
use crate::{Store, StoreError};

impl Store {
    /// The full tile at `level`, `index`.
    pub async fn tile(&self, level: u8, index: u64) -> Result<Option<TileRow>, StoreError> {
        let sql = "SELECT root, hashes FROM audit_tile WHERE level = $1 AND idx = $2";
        let args = vec![i64::from(level).into(), seq(index)?];
        let row = self.reader().await?.connection().fetch_optional(sql, args).await?;
        row.map(|row| Ok(TileRow { level, index, root: row.hash("root")?, hashes: row.bytes("hashes")? }))
            .transpose()
    }

    /// The subtree hashes of the full tiles `from..to` of `level`, in order.
    pub async fn tile_roots(&self, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>, StoreError> {
        let sql = "SELECT root FROM audit_tile \
                   WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
        let args = vec![i64::from(level).into(), seq(from)?, seq(to)?];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(|row| row.hash("root")).collect()
    }

    /// The stored leaf hashes of records `from..to`, in order.
    pub async fn leaf_hashes(&self, from: u64, to: u64) -> Result<Vec<[u8; 32]>, StoreError> {
        let sql = "SELECT leaf_hash FROM audit_record WHERE seq >= $1 AND seq < $2 ORDER BY seq";
        let args = vec![seq(from)?, seq(to)?];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(|row| row.hash("leaf_hash")).collect()
    }
}
