//! Chosen records with their proofs.

use std::collections::BTreeMap;

use cloister_evidence::file::{EvidenceKind, header_line, proved_record_lines};
use cloister_evidence::tree::check_inclusion;
use cloister_store::{RecordRow, Store};

use super::{Export, ExportError, Pieces, Stop};
use crate::check::RecordChecker;
use crate::error::LogDamage;
use crate::limits::MAX_EXPORTED_IDS;
use crate::tree::{ProofReader, TILE_WIDTH};

/// The records with these ids and the other half of each pair, in the order of the log.
pub(super) async fn select(store: &Store, ids: &[String]) -> Result<Vec<RecordRow>, ExportError> {
    if ids.len() > MAX_EXPORTED_IDS {
        return Err(ExportError::TooMany { count: ids.len() });
    }
    let mut rows = BTreeMap::new();
    for id in ids {
        let row = store.record(id).await?.ok_or_else(|| ExportError::NoRecord { id: id.clone() })?;
        let other_half = match &row.intent {
            Some(request) => store.record(request).await?,
            None => store.closing_record(id).await?,
        };
        rows.extend(other_half.into_iter().chain([row]).map(|row| (row.seq, row)));
    }
    Ok(rows.into_values().collect())
}

impl Export {
    pub(super) async fn records(self, rows: Vec<RecordRow>, mut out: Pieces) {
        let result = self.write_records(&rows, &mut out).await;
        out.finish(result).await;
    }

    async fn write_records(&self, rows: &[RecordRow], out: &mut Pieces) -> Result<(), Stop> {
        let store = &self.handle.shared.store;
        let (size, root) = (self.head.tree_size(), self.head.root());
        out.write(&header_line(EvidenceKind::Records, self.handle.origin(), &self.head)?).await?;
        let mut checker = RecordChecker::new(store.clone(), size - size % TILE_WIDTH);
        let mut proofs = ProofReader::new(store.clone()).await?;
        for row in rows {
            let hash = checker.check(row.seq, row).await?;
            let in_tree = LogDamage::LeafNotInTree { seq: row.seq };
            let Ok(proof) = proofs.inclusion(size, row.seq).await? else { return Err(in_tree.into()) };
            if check_inclusion(&proof, size, root, row.seq, hash).is_err() {
                return Err(in_tree.into());
            }
            out.write(&proved_record_lines(&row.leaf, row.seq, &proof)?).await?;
        }
        Ok(())
    }
}
