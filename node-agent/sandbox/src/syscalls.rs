//! The tables: which system calls a worker needs, who needs them, and which end it at once.
//!
//! A worker serves gRPC on a Unix socket that already listens, reads a model that is already open, and
//! computes. Whatever is not listed answers EPERM.

use libc as c;

/// One allowed system call.
pub(crate) struct Allowed {
    pub(crate) number: i64,
    pub(crate) limit: Limit,
}

/// What its arguments must look like. Argument positions count from 0.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    None,
    OneOf {
        argument: u8,
        values: &'static [u64],
    },
    Masked {
        argument: u8,
        mask: u64,
        value: u64,
    },
    /// The argument is this process's own id.
    OwnProcess {
        argument: u8,
    },
}

const fn any(number: i64) -> Allowed {
    Allowed { number, limit: Limit::None }
}

const fn one_of(number: i64, argument: u8, values: &'static [u64]) -> Allowed {
    Allowed { number, limit: Limit::OneOf { argument, values } }
}

const fn masked(number: i64, argument: u8, mask: i32, value: i32) -> Allowed {
    Allowed { number, limit: Limit::Masked { argument, mask: mask as u64, value: value as u64 } }
}

/// A thread of this process, in this process's namespaces: nothing that makes a new process or namespace.
const NEW_THREAD: i32 = c::CLONE_THREAD | c::CLONE_VM | c::CLONE_FILES | c::CLONE_SIGHAND;
const NEW_NAMESPACE: i32 = c::CLONE_NEWNS
    | c::CLONE_NEWCGROUP
    | c::CLONE_NEWUTS
    | c::CLONE_NEWIPC
    | c::CLONE_NEWUSER
    | c::CLONE_NEWPID
    | c::CLONE_NEWNET;

#[rustfmt::skip]
pub(crate) const ALLOWED: &[Allowed] = &[
    // Connections that the listening socket accepts: tokio, hyper.
    any(c::SYS_accept4), any(c::SYS_recvfrom), any(c::SYS_recvmsg), any(c::SYS_sendto), any(c::SYS_sendmsg),
    any(c::SYS_shutdown), any(c::SYS_getsockopt), any(c::SYS_setsockopt),
    any(c::SYS_getsockname), any(c::SYS_getpeername),
    // tokio's signal driver makes one anonymous pair; it reaches nobody else.
    one_of(c::SYS_socketpair, 0, &[c::AF_UNIX as u64]),
    // Waiting: tokio's reactor.
    any(c::SYS_epoll_create1), any(c::SYS_epoll_ctl), any(c::SYS_epoll_pwait), any(c::SYS_epoll_pwait2),
    any(c::SYS_eventfd2), any(c::SYS_ppoll),
    // Descriptors that are already open: the model, the connections, the standard streams.
    any(c::SYS_read), any(c::SYS_write), any(c::SYS_readv), any(c::SYS_writev), any(c::SYS_pread64),
    any(c::SYS_lseek), any(c::SYS_close), any(c::SYS_fstat), any(c::SYS_statx), any(c::SYS_newfstatat),
    one_of(c::SYS_fcntl, 1, &[
        c::F_GETFD as u64, c::F_SETFD as u64, c::F_GETFL as u64, c::F_SETFL as u64,
        c::F_DUPFD_CLOEXEC as u64, c::F_GET_SEALS as u64,
    ]),
    // std: non-blocking mode, close-on-exec, "is this a terminal?".
    one_of(c::SYS_ioctl, 1, &[c::FIONBIO, c::FIOCLEX, c::TCGETS]),
    // Memory: the allocator, thread stacks. Nothing executable, so no code can be brought in.
    masked(c::SYS_mmap, 2, c::PROT_EXEC, 0), masked(c::SYS_mprotect, 2, c::PROT_EXEC, 0),
    any(c::SYS_munmap), any(c::SYS_mremap), any(c::SYS_madvise), any(c::SYS_brk),
    // Threads and locks: tokio's and the kernels' pools.
    masked(c::SYS_clone, 0, NEW_THREAD | NEW_NAMESPACE, NEW_THREAD),
    any(c::SYS_set_robust_list), any(c::SYS_rseq), any(c::SYS_futex), any(c::SYS_membarrier),
    any(c::SYS_sched_yield), any(c::SYS_sched_getaffinity), any(c::SYS_sched_setaffinity), any(c::SYS_getcpu),
    any(c::SYS_exit), any(c::SYS_exit_group), any(c::SYS_gettid), any(c::SYS_getpid),
    // Thread names; and seccomp itself, which can only add walls.
    one_of(c::SYS_prctl, 0, &[c::PR_SET_NAME as u64, c::PR_SET_NO_NEW_PRIVS as u64]),
    any(c::SYS_seccomp),
    // Time and randomness: hash maps, timers.
    any(c::SYS_clock_gettime), any(c::SYS_clock_getres), any(c::SYS_clock_nanosleep), any(c::SYS_nanosleep),
    any(c::SYS_gettimeofday), any(c::SYS_getrandom), any(c::SYS_restart_syscall),
    // Signals: std's stack overflow guard, tokio's SIGTERM handler; abort() signals itself.
    any(c::SYS_rt_sigaction), any(c::SYS_rt_sigprocmask), any(c::SYS_rt_sigreturn), any(c::SYS_sigaltstack),
    Allowed { number: c::SYS_tgkill, limit: Limit::OwnProcess { argument: 0 } },
    // Facts about the machine and the process itself.
    any(c::SYS_sysinfo), any(c::SYS_uname), any(c::SYS_getrusage),
    any(c::SYS_getuid), any(c::SYS_geteuid), any(c::SYS_getgid), any(c::SYS_getegid),
    one_of(c::SYS_prlimit64, 0, &[0]),
    // The older names of the same, where the machine has them.
    #[cfg(target_arch = "x86_64")] any(c::SYS_epoll_wait),
    #[cfg(target_arch = "x86_64")] any(c::SYS_poll),
];

/// Added when the worker was given files to open: read-only and never creating. Landlock says which.
pub(crate) const READ_ONLY_OPEN: &[Allowed] =
    &[masked(c::SYS_openat, 2, c::O_ACCMODE | c::O_CREAT | c::O_TRUNC | c::O_TMPFILE, c::O_RDONLY)];

/// Answer ENOSYS: the flags of `clone3` lie in memory, where a filter cannot see them.
pub(crate) const UNIMPLEMENTED: &[i64] = &[c::SYS_clone3];

/// No honest worker comes near these: the process ends before the call is made.
#[rustfmt::skip]
pub(crate) const FATAL: &[i64] = &[
    // Running other code, or becoming another process.
    c::SYS_execve, c::SYS_execveat, c::SYS_unshare, c::SYS_setns, c::SYS_personality,
    // Looking into other processes, or taking their descriptors.
    c::SYS_ptrace, c::SYS_process_vm_readv, c::SYS_process_vm_writev, c::SYS_pidfd_getfd, c::SYS_kcmp,
    c::SYS_perf_event_open, c::SYS_userfaultfd,
    // Ways around this filter: work done by the kernel on the process's behalf.
    c::SYS_io_uring_setup, c::SYS_io_uring_enter, c::SYS_io_uring_register, c::SYS_bpf,
    // Keys, modules, kernels.
    c::SYS_keyctl, c::SYS_add_key, c::SYS_request_key,
    c::SYS_init_module, c::SYS_finit_module, c::SYS_delete_module, c::SYS_kexec_load, c::SYS_reboot,
    // File systems.
    c::SYS_mount, c::SYS_umount2, c::SYS_pivot_root, c::SYS_chroot, c::SYS_move_mount, c::SYS_open_tree,
    c::SYS_fsopen, c::SYS_fsconfig, c::SYS_fsmount, c::SYS_open_by_handle_at,
    c::SYS_swapon, c::SYS_swapoff, c::SYS_quotactl, c::SYS_acct,
    // The machine's clock and ports.
    c::SYS_settimeofday, c::SYS_clock_settime, c::SYS_clock_adjtime,
    #[cfg(target_arch = "x86_64")] c::SYS_iopl,
    #[cfg(target_arch = "x86_64")] c::SYS_ioperm,
    #[cfg(target_arch = "x86_64")] c::SYS_kexec_file_load,
];
