//! Who holds which KV blocks.
//!
//! A block keeps the keys and values of [`BLOCK_TOKENS`] consecutive positions of one sequence, in all
//! layers. A sequence is granted all the blocks it can ever need when it is admitted, so it never runs out
//! half-way; dropping its [`BlockTable`] gives them back. Freed blocks are *dirty* until the cache has
//! zeroed them, and only clean blocks are granted: nothing of one request is left for the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Positions per block.
pub const BLOCK_TOKENS: usize = runtime_formats::memory::KV_PAGE_TOKENS;

/// The blocks of one cache.
#[derive(Debug, Clone)]
pub struct BlockPool {
    shared: Arc<Mutex<Lists>>,
    total: usize,
}

#[derive(Debug, Default)]
struct Lists {
    /// Zeroed and unowned; the last is granted next.
    clean: Vec<u32>,
    /// Unowned, still holding somebody's keys and values.
    dirty: Vec<u32>,
}

/// The blocks of one sequence, in the order of its positions.
#[derive(Debug)]
pub struct BlockTable {
    blocks: Vec<u32>,
    pool: BlockPool,
}

impl BlockPool {
    /// A pool of `total` clean blocks.
    pub fn new(total: u32) -> Self {
        let lists = Lists { clean: (0..total).rev().collect(), dirty: Vec::new() };
        Self { shared: Arc::new(Mutex::new(lists)), total: total as usize }
    }

    /// Blocks for `tokens` positions, or `None` if so many are not clean now.
    pub fn grant(&self, tokens: usize) -> Option<BlockTable> {
        let count = tokens.div_ceil(BLOCK_TOKENS);
        let mut lists = self.lists();
        let kept = lists.clean.len().checked_sub(count)?;
        let blocks = lists.clean.drain(kept..).rev().collect();
        drop(lists);
        Some(BlockTable { blocks, pool: self.clone() })
    }

    /// Whether `tokens` positions could ever be granted.
    pub fn could_hold(&self, tokens: usize) -> bool {
        tokens.div_ceil(BLOCK_TOKENS) <= self.total
    }

    /// Blocks in all.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Blocks that sequences hold.
    pub fn used(&self) -> usize {
        let lists = self.lists();
        self.total - lists.clean.len() - lists.dirty.len()
    }

    /// Zeroes the dirty blocks with `zero` and makes them grantable.
    pub fn sweep(&self, mut zero: impl FnMut(u32)) {
        let dirty = std::mem::take(&mut self.lists().dirty);
        dirty.iter().for_each(|block| zero(*block));
        self.lists().clean.extend(dirty);
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        // Every critical section is a few moves between vectors: a poisoned lock holds whole lists.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockTable {
    /// Block numbers, in the order of the positions they hold.
    pub fn blocks(&self) -> &[u32] {
        &self.blocks
    }
}

impl Drop for BlockTable {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        self.pool.lists().dirty.extend(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_TOKENS, BlockPool};

    #[test]
    fn a_grant_covers_the_tokens_and_is_refused_when_too_few_blocks_are_left() {
        let pool = BlockPool::new(4);
        let cases = [(1, 1), (BLOCK_TOKENS, 1), (BLOCK_TOKENS + 1, 2), (4 * BLOCK_TOKENS, 4)];
        for (tokens, blocks) in cases {
            let table = pool.grant(tokens).unwrap();
            assert_eq!(table.blocks().len(), blocks, "{tokens} tokens");
            assert_eq!(pool.used(), blocks);
            drop(table);
            pool.sweep(|_| {});
        }
        assert!(pool.grant(4 * BLOCK_TOKENS + 1).is_none());
        assert!(!pool.could_hold(4 * BLOCK_TOKENS + 1));
        assert_eq!(pool.used(), 0, "a refused grant takes nothing");
    }

    #[test]
    fn a_freed_block_is_granted_again_only_after_it_was_zeroed() {
        let pool = BlockPool::new(1);
        let first = pool.grant(1).unwrap();
        let block = first.blocks()[0];
        drop(first);
        assert!(pool.grant(1).is_none(), "the dirty block must not be granted");
        let mut zeroed = Vec::new();
        pool.sweep(|block| zeroed.push(block));
        assert_eq!(zeroed, [block]);
        assert!(pool.grant(1).is_some());
    }

    #[test]
    fn no_block_belongs_to_two_sequences() {
        let pool = BlockPool::new(8);
        let tables: Vec<_> = (0..4).map(|_| pool.grant(2 * BLOCK_TOKENS).unwrap()).collect();
        let mut blocks: Vec<u32> = tables.iter().flat_map(|table| table.blocks().to_vec()).collect();
        blocks.sort_unstable();
        assert_eq!(blocks, (0..8).collect::<Vec<_>>());
    }
}
