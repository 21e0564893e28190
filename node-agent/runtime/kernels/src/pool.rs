//! Compute threads that outlive a step: spinning while work follows work, asleep when it does not.
#![allow(unsafe_code)]

use crate::error::PoolError;
use std::any::Any;
use std::cell::UnsafeCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};

const MAX_THREADS: usize = 1024;
/// Turns of the spin loop before a thread sleeps: some tens of microseconds, longer than the gaps inside a step and
/// much shorter than anything an idle process would notice.
const SPINS: u32 = 2_000;

/// `threads - 1` workers and the caller. A job runs once on each; dropping the pool ends the workers.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

type Job<'a> = dyn Fn(usize) + Sync + 'a;

struct Shared {
    /// Counts jobs; a worker runs when it changes.
    epoch: AtomicU64,
    /// Valid from the change of `epoch` until `pending` is zero.
    job: UnsafeCell<*const Job<'static>>,
    /// Workers that have not finished the current job.
    pending: AtomicUsize,
    asleep: Vec<AtomicBool>,
    busy: AtomicBool,
    panicked: AtomicBool,
    stop: AtomicBool,
}

// SAFETY: all fields but `job` are atomics. `job` is written only by the holder of `busy` while no worker runs
// (`pending` is zero), and read by workers only after they see the new `epoch`.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `job` is only followed during `run`, while its referent is borrowed there.
unsafe impl Send for Shared {}

impl Pool {
    /// Starts `threads - 1` workers.
    ///
    /// # Errors
    /// [`PoolError::ThreadCount`] or [`PoolError::Spawn`].
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if !(1..=MAX_THREADS).contains(&threads) {
            return Err(PoolError::ThreadCount { threads, limit: MAX_THREADS });
        }
        fn nothing(_: usize) {}
        let idle: &'static Job<'static> = &nothing;
        let shared = Arc::new(Shared {
            epoch: AtomicU64::new(0),
            job: UnsafeCell::new(idle),
            pending: AtomicUsize::new(0),
            asleep: (1..threads).map(|_| AtomicBool::new(false)).collect(),
            busy: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let mut pool = Self { shared, workers: Vec::with_capacity(threads - 1) };
        for index in 1..threads {
            let shared = pool.shared.clone();
            let worker = std::thread::Builder::new()
                .name(format!("compute-{index}"))
                .spawn(move || work(&shared, index))
                .map_err(|e| PoolError::Spawn { reason: e.to_string() })?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Threads that run a job, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `job(0..threads)`, one call per thread, and returns when all have finished. The caller runs `job(0)`.
    ///
    /// # Errors
    /// [`PoolError::Panicked`] if any call panicked; [`PoolError::Busy`] if called from inside a job or from a
    /// second thread.
    pub fn run(&self, job: &Job<'_>) -> Result<(), PoolError> {
        let shared = &*self.shared;
        if shared.busy.swap(true, Ordering::Acquire) {
            return Err(PoolError::Busy);
        }
        self.start(job);
        let own = catch_unwind(AssertUnwindSafe(|| job(0)));
        self.wait();
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        shared.busy.store(false, Ordering::Release);
        match own {
            Ok(()) if !panicked => Ok(()),
            _ => Err(PoolError::Panicked),
        }
    }

    fn start(&self, job: &Job<'_>) {
        if self.workers.is_empty() {
            return;
        }
        // SAFETY: only the lifetime is erased. `run` does not return before every worker has finished with it.
        let job: *const Job<'static> = unsafe { std::mem::transmute::<&Job<'_>, &'static Job<'static>>(job) };
        // SAFETY: `busy` is held and `pending` is zero: nobody else touches the cell.
        unsafe { *self.shared.job.get() = job };
        self.shared.pending.store(self.workers.len(), Ordering::Relaxed);
        // Sequentially consistent, as is a worker's announcement of sleep: one of the two sees the other.
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        for (worker, asleep) in self.workers.iter().zip(&self.shared.asleep) {
            if asleep.load(Ordering::SeqCst) {
                Thread::unpark(worker.thread());
            }
        }
    }

    fn wait(&self) {
        let mut spins = 0;
        while self.shared.pending.load(Ordering::Acquire) != 0 {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                // A worker was preempted: give it this core if it has none.
                std::thread::yield_now();
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker's panics are caught; the join can only fail if the runtime itself is broken.
            let _: Result<(), Box<dyn Any + Send>> = worker.join();
        }
    }
}

fn work(shared: &Shared, index: usize) {
    let mut seen = 0;
    loop {
        seen = next_epoch(shared, seen, &shared.asleep[index - 1]);
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        // SAFETY: the epoch changed, so the job is set, and it stays valid until this worker counts itself out.
        let job = unsafe { &**shared.job.get() };
        if catch_unwind(AssertUnwindSafe(|| job(index))).is_err() {
            shared.panicked.store(true, Ordering::Relaxed);
        }
        shared.pending.fetch_sub(1, Ordering::Release);
    }
}

/// Waits until the epoch differs from `seen`, and returns it.
fn next_epoch(shared: &Shared, seen: u64, asleep: &AtomicBool) -> u64 {
    for _ in 0..SPINS {
        let epoch = shared.epoch.load(Ordering::Acquire);
        if epoch != seen {
            return epoch;
        }
        std::hint::spin_loop();
    }
    asleep.store(true, Ordering::SeqCst);
    loop {
        let epoch = shared.epoch.load(Ordering::SeqCst);
        if epoch != seen {
            asleep.store(false, Ordering::Relaxed);
            return epoch;
        }
        std::thread::park();
    }
}

/// Part `index` of `total` items split into `parts` nearly equal runs.
pub(crate) fn share(total: usize, parts: usize, index: usize) -> Range<usize> {
    total * index / parts..total * (index + 1) / parts
}

#[cfg(test)]
mod tests;
