//! The whole log, in order.

use cloister_evidence::file::{EvidenceKind, header_line, log_record_lines};
use cloister_evidence::tree::GrowingTree;

use super::{Export, Pieces, Stop};
use crate::check::RecordChecker;
use crate::error::LogDamage;
use crate::tree::TILE_WIDTH;

impl Export {
    pub(super) async fn whole(self, mut out: Pieces) {
        let result = self.write_whole(&mut out).await;
        out.finish(result).await;
    }

    async fn write_whole(&self, out: &mut Pieces) -> Result<(), Stop> {
        let size = self.head.tree_size();
        let store = &self.handle.shared.store;
        out.write(&header_line(EvidenceKind::Log, self.handle.origin(), &self.head)?).await?;
        let first_loose_leaf = size - size % TILE_WIDTH;
        let mut checker = RecordChecker::new(store.clone(), first_loose_leaf);
        let mut tree = GrowingTree::default();
        while tree.size() < size {
            let page = store.records_between(tree.size(), size).await?;
            if page.is_empty() {
                return Err(LogDamage::Missing { seq: tree.size() }.into());
            }
            for row in &page {
                tree.push(checker.check(tree.size(), row).await?);
                out.write(&log_record_lines(&row.leaf)?).await?;
            }
        }
        if tree.root() != self.head.root() {
            return Err(LogDamage::Root { size, suspect_from: first_loose_leaf }.into());
        }
        Ok(())
    }
}
