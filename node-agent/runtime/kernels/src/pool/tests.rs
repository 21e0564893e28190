use super::*;
use std::sync::Barrier;

#[test]
fn a_job_runs_once_on_every_thread_time_after_time() {
    for threads in [1, 2, 5] {
        let pool = Pool::new(threads).unwrap();
        let calls: Vec<AtomicUsize> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
        let rounds = if cfg!(miri) { 3 } else { 500 };
        for _ in 0..rounds {
            pool.run(&|i| {
                calls[i].fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
        }
        assert!(calls.iter().all(|c| c.load(Ordering::Relaxed) == rounds));
    }
}

#[test]
fn threads_work_at_the_same_time() {
    let pool = Pool::new(3).unwrap();
    // Passes only if all three are inside the job together.
    let all = Barrier::new(3);
    pool.run(&|_| {
        all.wait();
    })
    .unwrap();
}

#[test]
fn sleeping_threads_wake_for_the_next_job() {
    let pool = Pool::new(2).unwrap();
    for _ in 0..3 {
        while !pool.shared.asleep[0].load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let ran = AtomicUsize::new(0);
        pool.run(&|_| {
            ran.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        assert_eq!(ran.into_inner(), 2);
    }
}

#[test]
fn a_panic_is_an_error_and_the_pool_works_on() {
    let pool = Pool::new(3).unwrap();
    for culprit in 0..3 {
        let result = pool.run(&|i| assert!(i != culprit, "planned"));
        assert_eq!(result, Err(PoolError::Panicked));
        assert_eq!(pool.run(&|_| {}), Ok(()));
    }
}

#[test]
fn a_job_inside_a_job_is_refused() {
    let pool = Pool::new(2).unwrap();
    pool.run(&|i| {
        if i == 0 {
            assert_eq!(pool.run(&|_| {}), Err(PoolError::Busy));
        }
    })
    .unwrap();
}

#[test]
fn shares_cover_everything_once() {
    for (total, parts) in [(0, 3), (1, 3), (10, 3), (12, 4), (5, 8)] {
        let all: Vec<usize> = (0..parts).flat_map(|i| share(total, parts, i)).collect();
        assert_eq!(all, (0..total).collect::<Vec<_>>());
    }
}
