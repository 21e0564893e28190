//! The key/value cache: pages of [`KV_PAGE_TOKENS`] positions, f16, laid out for the attention kernels.

use crate::error::KernelError;
use crate::kernels::Kernels;
use runtime_formats::limits::MAX_HEAD_DIM;
use runtime_formats::memory::KV_PAGE_TOKENS;
use runtime_formats::model::ModelConfig;

/// The extents of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvShape {
    pub layers: usize,
    pub kv_heads: usize,
    /// At most [`MAX_HEAD_DIM`].
    pub head_dim: usize,
}

impl KvShape {
    /// The shape a model needs.
    pub fn of(config: &ModelConfig) -> Self {
        Self {
            layers: config.layers as usize,
            kv_heads: config.kv_heads as usize,
            head_dim: config.head_dim as usize,
        }
    }

    /// Elements of the keys (or values) of one head in one page.
    fn plane(&self) -> usize {
        self.head_dim * KV_PAGE_TOKENS
    }

    fn page(&self) -> usize {
        self.layers * self.kv_heads * 2 * self.plane()
    }
}

/// Where one position is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvSlot {
    pub page: u32,
    /// Position inside the page, below [`KV_PAGE_TOKENS`].
    pub slot: u32,
}

/// Pages for all layers and heads. Which sequence owns which page is the engine's business.
///
/// Within a page, per layer and head: keys as `[head_dim][KV_PAGE_TOKENS]`, so that scores of neighbouring positions
/// lie in neighbouring lanes, then values as `[KV_PAGE_TOKENS][head_dim]`.
#[derive(Debug)]
pub struct KvCache {
    shape: KvShape,
    pages: usize,
    data: Vec<u16>,
}

impl KvCache {
    /// A cache of `pages` zeroed pages.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if a head is too wide or the size overflows.
    pub fn new(shape: KvShape, pages: usize) -> Result<Self, KernelError> {
        let limit = MAX_HEAD_DIM as usize;
        if shape.head_dim == 0 || shape.head_dim > limit || !shape.head_dim.is_multiple_of(16) {
            return Err(KernelError::Shape { what: "head dimension", found: shape.head_dim, wanted: limit });
        }
        let elements = shape.page().checked_mul(pages).ok_or(KernelError::Shape {
            what: "pages of the cache",
            found: pages,
            wanted: usize::MAX / shape.page().max(1),
        })?;
        Ok(Self { shape, pages, data: vec![0; elements] })
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// The extents.
    pub fn shape(&self) -> KvShape {
        self.shape
    }

    /// Zeroes a page, so that nothing of one tenant's is left when another gets it.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if there is no such page.
    pub fn clear_page(&mut self, page: u32) -> Result<(), KernelError> {
        self.check_page(page)?;
        let size = self.shape.page();
        self.data[page as usize * size..][..size].fill(0);
        Ok(())
    }

    pub(crate) fn check_page(&self, page: u32) -> Result<(), KernelError> {
        if (page as usize) < self.pages {
            return Ok(());
        }
        Err(KernelError::Shape { what: "page of the cache", found: page as usize, wanted: self.pages })
    }

    fn start(&self, page: u32, layer: usize, head: usize) -> usize {
        page as usize * self.shape.page() + (layer * self.shape.kv_heads + head) * 2 * self.shape.plane()
    }

    /// Keys of one head in one page.
    pub(crate) fn keys(&self, page: u32, layer: usize, head: usize) -> &[u16] {
        &self.data[self.start(page, layer, head)..][..self.shape.plane()]
    }

    /// Values of one head in one page.
    pub(crate) fn values(&self, page: u32, layer: usize, head: usize) -> &[u16] {
        &self.data[self.start(page, layer, head) + self.shape.plane()..][..self.shape.plane()]
    }

    fn put(&mut self, layer: usize, at: KvSlot, head: usize, key: &[u16], value: &[u16]) {
        let (head_dim, plane) = (self.shape.head_dim, self.shape.plane());
        let start = self.start(at.page, layer, head);
        let (keys, values) = self.data[start..start + 2 * plane].split_at_mut(plane);
        let slot = at.slot as usize;
        for (column, &k) in keys.chunks_exact_mut(KV_PAGE_TOKENS).zip(key) {
            column[slot] = k;
        }
        values[slot * head_dim..][..head_dim].copy_from_slice(value);
    }
}

impl Kernels {
    /// Stores keys and values of one layer: row `i` of `keys` and `values` (`[kv_heads * head_dim]`) at `slots[i]`.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if rows do not fit or a slot does not exist; then nothing is stored.
    pub fn kv_write(
        &self,
        cache: &mut KvCache,
        layer: usize,
        slots: &[KvSlot],
        keys: &[f32],
        values: &[f32],
    ) -> Result<(), KernelError> {
        let KvShape { layers, kv_heads, head_dim } = cache.shape;
        if layer >= layers {
            return Err(KernelError::Shape { what: "layer of the cache", found: layer, wanted: layers });
        }
        let width = kv_heads * head_dim;
        KernelError::check("length of keys", keys.len(), slots.len() * width)?;
        KernelError::check("length of values", values.len(), slots.len() * width)?;
        slots.iter().try_for_each(|s| check_slot(cache, *s))?;
        let (mut key, mut value) = ([0; MAX_HEAD_DIM as usize], [0; MAX_HEAD_DIM as usize]);
        let heads = keys.chunks_exact(head_dim).zip(values.chunks_exact(head_dim));
        for (i, (k, v)) in heads.enumerate() {
            (self.to_half)(k, &mut key[..head_dim]);
            (self.to_half)(v, &mut value[..head_dim]);
            cache.put(layer, slots[i / kv_heads], i % kv_heads, &key[..head_dim], &value[..head_dim]);
        }
        Ok(())
    }
}

fn check_slot(cache: &KvCache, at: KvSlot) -> Result<(), KernelError> {
    cache.check_page(at.page)?;
    if (at.slot as usize) < KV_PAGE_TOKENS {
        return Ok(());
    }
    Err(KernelError::Shape { what: "slot of a page", found: at.slot as usize, wanted: KV_PAGE_TOKENS })
}
