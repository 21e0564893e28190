//! Attention over the paged cache: one algorithm for a decoded token and for a prompt of hundreds.

use crate::error::KernelError;
use crate::kernels::{AttendBlock, Kernels, QUERY_TILE};
use crate::kv::KvCache;
use crate::pool::Pool;
use crate::shared::SharedSlice;
use runtime_formats::limits::MAX_HEAD_DIM;
use runtime_formats::memory::KV_PAGE_TOKENS;
use runtime_formats::numerics::attention::Running;

/// Units of work per thread below which units get smaller, so that no thread waits long for another.
const UNITS_PER_THREAD: usize = 4;

/// One query position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionRow {
    /// Which page table it reads through.
    pub sequence: u32,
    /// Attends to positions 0 to this one.
    pub position: u32,
}

/// The attention of one layer over all rows of a batch step.
#[derive(Debug)]
pub struct Attention<'a> {
    pub cache: &'a KvCache,
    pub layer: usize,
    /// Query heads; a multiple of the cache's key/value heads.
    pub heads: usize,
    /// One per row of `query`; rows of one sequence that follow each other share their work.
    pub rows: &'a [AttentionRow],
    /// Per sequence: its pages in order of position.
    pub page_tables: &'a [&'a [u32]],
    /// `[rows][heads][head_dim]`, rotated.
    pub query: &'a [f32],
}

/// Queries of one sequence that share a key/value head: `rows` x the head's group, cut into pieces.
struct Unit {
    kv_head: usize,
    first_row: usize,
    /// Index of the first query in the run's `rows x group`.
    first_query: usize,
    count: usize,
}

impl Kernels {
    /// Writes the attended values to `out` (`[rows][heads][head_dim]`). The keys and values of every row's own
    /// position must be in the cache already.
    ///
    /// # Errors
    /// [`KernelError::Shape`] or [`KernelError::Pool`].
    pub fn attention(&self, pool: &Pool, a: &Attention<'_>, out: &mut [f32]) -> Result<(), KernelError> {
        a.check(out.len())?;
        let units = a.units(pool.threads());
        let out = SharedSlice::new(out);
        pool.run(&|thread| {
            // Dealt out in turn: in a prompt later rows cost more, and each thread gets some of both.
            for unit in units.iter().skip(thread).step_by(pool.threads()) {
                self.attend_unit(a, unit, &out);
            }
        })?;
        Ok(())
    }

    fn attend_unit(&self, a: &Attention<'_>, unit: &Unit, out: &SharedSlice<'_, f32>) {
        let head_dim = a.cache.shape().head_dim;
        let mut queries = [0.0; QUERY_TILE * MAX_HEAD_DIM as usize];
        let mut running = [Running::default(); QUERY_TILE];
        let mut ends = [0; QUERY_TILE];
        let scale = 1.0 / (head_dim as f32).sqrt();
        for i in 0..unit.count {
            let (row, start) = a.place(unit, i);
            ends[i] = a.rows[row].position as usize + 1;
            let query = &a.query[start..start + head_dim];
            queries[i * head_dim..][..head_dim].iter_mut().zip(query).for_each(|(q, x)| *q = x * scale);
        }
        self.attend_pages(a, unit, &queries[..unit.count * head_dim], &ends, &mut running);
        a.store(unit, &running, out);
    }

    /// Walks the pages in order of position; queries of earlier positions drop out on the way.
    fn attend_pages(
        &self,
        a: &Attention<'_>,
        unit: &Unit,
        queries: &[f32],
        ends: &[usize; QUERY_TILE],
        running: &mut [Running; QUERY_TILE],
    ) {
        let head_dim = a.cache.shape().head_dim;
        let pages = a.page_tables[a.rows[unit.first_row].sequence as usize];
        let last = ends[unit.count - 1];
        for (start, &page) in (0..last).step_by(KV_PAGE_TOKENS).zip(pages) {
            // Positions never fall from one query to the next, so those still reading are a tail.
            let first = ends[..unit.count].iter().take_while(|&&end| end <= start).count();
            let mut visible = [0; QUERY_TILE];
            let seen = ends[first..unit.count].iter().map(|end| (end - start).min(KV_PAGE_TOKENS));
            visible.iter_mut().zip(seen).for_each(|(v, n)| *v = n);
            let block = AttendBlock {
                queries: &queries[first * head_dim..],
                head_dim,
                keys: a.cache.keys(page, a.layer, unit.kv_head),
                values: a.cache.values(page, a.layer, unit.kv_head),
                visible: &visible[..unit.count - first],
            };
            (self.attend)(&block, &mut running[first..unit.count]);
        }
    }
}

impl Attention<'_> {
    fn group(&self) -> usize {
        self.heads / self.cache.shape().kv_heads
    }

    fn check(&self, out_len: usize) -> Result<(), KernelError> {
        let shape = self.cache.shape();
        let elements = self.rows.len() * self.heads * shape.head_dim;
        KernelError::check("length of queries", self.query.len(), elements)?;
        KernelError::check("length of attended values", out_len, elements)?;
        KernelError::check("query heads beyond whole groups", self.heads % shape.kv_heads.max(1), 0)?;
        if self.layer >= shape.layers {
            let what = "layer of the cache";
            return Err(KernelError::Shape { what, found: self.layer, wanted: shape.layers });
        }
        self.page_tables.iter().flat_map(|t| t.iter()).try_for_each(|&p| self.cache.check_page(p))?;
        self.rows.iter().try_for_each(|row| self.check_row(row))
    }

    fn check_row(&self, row: &AttentionRow) -> Result<(), KernelError> {
        let (found, wanted) = (row.sequence as usize, self.page_tables.len());
        let pages = self.page_tables.get(found);
        let pages = pages.ok_or(KernelError::Shape { what: "sequence of a row", found, wanted })?;
        let (found, wanted) = (row.position as usize, pages.len() * KV_PAGE_TOKENS);
        if found < wanted {
            return Ok(());
        }
        Err(KernelError::Shape { what: "position beyond a sequence's pages", found, wanted })
    }

    /// Cuts the work: per run of rows of one sequence in rising positions, per key/value head.
    fn units(&self, threads: usize) -> Vec<Unit> {
        let queries = self.rows.len() * self.heads;
        let piece = (queries / (UNITS_PER_THREAD * threads)).clamp(1, QUERY_TILE);
        let mut units = Vec::with_capacity(queries / piece + self.heads);
        let mut first_row = 0;
        for run in self.rows.chunk_by(|a, b| a.sequence == b.sequence && a.position <= b.position) {
            let run_queries = run.len() * self.group();
            for first_query in (0..run_queries).step_by(piece) {
                let count = piece.min(run_queries - first_query);
                let heads = 0..self.cache.shape().kv_heads;
                units.extend(heads.map(|kv_head| Unit { kv_head, first_row, first_query, count }));
            }
            first_row += run.len();
        }
        units
    }

    /// Row and offset (in query and output) of query `i` of a unit.
    fn place(&self, unit: &Unit, i: usize) -> (usize, usize) {
        let (group, query) = (self.group(), unit.first_query + i);
        let row = unit.first_row + query / group;
        let head = unit.kv_head * group + query % group;
        (row, (row * self.heads + head) * self.cache.shape().head_dim)
    }

    #[allow(unsafe_code)]
    fn store(&self, unit: &Unit, running: &[Running], out: &SharedSlice<'_, f32>) {
        for (i, running) in running.iter().enumerate().take(unit.count) {
            let (_, start) = self.place(unit, i);
            // SAFETY: units partition the pairs of row and head, each unit belongs to one thread, and each pair has
            // its own span of the output.
            let out = unsafe { out.part(start..start + self.cache.shape().head_dim) };
            running.finish(out);
        }
    }
}

#[cfg(test)]
mod tests;
