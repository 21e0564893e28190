//! A slice that several compute threads write at once, each its own part.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

/// A mutable slice handed to all threads of one job. Worth its `unsafe`: the output of a product is split by
/// columns, so each thread owns a strided set of pieces that no safe split of a slice can express.
pub(crate) struct SharedSlice<'a, T> {
    start: *mut T,
    len: usize,
    owner: PhantomData<&'a mut [T]>,
}

// SAFETY: the slice is exclusively borrowed for 'a, and `part` makes callers promise disjointness, so sharing the
// handle is no more than sending disjoint `&mut [T]` to other threads.
unsafe impl<T: Send> Sync for SharedSlice<'_, T> {}

impl<'a, T> SharedSlice<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), owner: PhantomData }
    }

    /// The elements in `range`.
    ///
    /// # Safety
    /// While the returned slice lives no other part that overlaps `range` may exist.
    ///
    /// # Panics
    /// If `range` is not inside the slice.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "part of a shared slice out of range");
        // SAFETY: the range is inside the borrowed slice; disjointness is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
