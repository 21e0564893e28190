//! The attempts, as data.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket, socketpair};

pub(crate) enum Expected {
    Works,
    Refused,
    Killed,
}

/// What was made before the walls went up.
pub(crate) enum Prepared {
    Nothing,
    Listener(UnixListener),
    File(fs::File),
    Tcp(TcpListener),
    Process(rustix::process::Pid),
}

pub(crate) struct Attempt {
    pub name: &'static str,
    pub expected: Expected,
    /// It succeeds without the sandbox (also for a user who is not root).
    pub possible_without: bool,
    /// The sandbox leaves the file "allowed" readable.
    pub one_file: bool,
    pub prepare: fn(&Path) -> Prepared,
    pub attempt: fn(&Path, Prepared) -> io::Result<()>,
}

const fn case(
    name: &'static str,
    expected: Expected,
    attempt: fn(&Path, Prepared) -> io::Result<()>,
) -> Attempt {
    Attempt {
        name,
        expected,
        possible_without: true,
        one_file: false,
        prepare: |_| Prepared::Nothing,
        attempt,
    }
}

/// Needs a privilege that whoever runs the tests may lack: only its refusal is checked.
const fn privileged(
    name: &'static str,
    expected: Expected,
    attempt: fn(&Path, Prepared) -> io::Result<()>,
) -> Attempt {
    Attempt { possible_without: false, ..case(name, expected, attempt) }
}

const fn with_one_file(
    name: &'static str,
    expected: Expected,
    attempt: fn(&Path, Prepared) -> io::Result<()>,
) -> Attempt {
    Attempt { one_file: true, ..case(name, expected, attempt) }
}

#[rustfmt::skip]
pub(crate) const TABLE: &[Attempt] = &[
    // Network.
    Attempt { prepare: tcp_listener, ..case("network_tcp_connect", Expected::Refused, connect_tcp) },
    case("network_tcp_listen", Expected::Refused, |_, _| TcpListener::bind("127.0.0.1:0").map(drop)),
    case("network_tcp_v6_socket", Expected::Refused, |_, _| open_socket(AddressFamily::INET6, SocketType::STREAM)),
    case("network_udp", Expected::Refused, |_, _| UdpSocket::bind("127.0.0.1:0").map(drop)),
    case("network_udp_v6_socket", Expected::Refused, |_, _| open_socket(AddressFamily::INET6, SocketType::DGRAM)),
    case("network_netlink", Expected::Refused, |_, _| open_socket(AddressFamily::NETLINK, SocketType::DGRAM)),
    privileged("network_raw", Expected::Refused, |_, _| open_socket(AddressFamily::INET, SocketType::RAW)),
    privileged("network_packet", Expected::Refused, |_, _| open_socket(AddressFamily::PACKET, SocketType::DGRAM)),
    Attempt { prepare: other_unix_listener, ..case("network_other_unix_socket", Expected::Refused, |directory, _| {
        UnixStream::connect(directory.join("other.sock")).map(drop)
    }) },
    case("network_unix_listen", Expected::Refused, |directory, _| {
        UnixListener::bind(directory.join("mine.sock")).map(drop)
    }),
    // Files, when none is allowed.
    case("files_read_passwd", Expected::Refused, |_, _| fs::read("/etc/passwd").map(drop)),
    case("files_read_own_environment", Expected::Refused, |_, _| fs::read("/proc/self/environ").map(drop)),
    case("files_read_in_own_directory", Expected::Refused, |directory, _| fs::read(directory.join("allowed")).map(drop)),
    case("files_list_directory", Expected::Refused, |directory, _| fs::read_dir(directory).map(drop)),
    case("files_create", Expected::Refused, |directory, _| fs::write(directory.join("new"), "x")),
    case("files_write_null_device", Expected::Refused, |_, _| fs::write("/dev/null", "x")),
    case("files_make_directory", Expected::Refused, |directory, _| fs::create_dir(directory.join("new"))),
    case("files_remove", Expected::Refused, |directory, _| fs::remove_file(directory.join("secret"))),
    case("files_rename", Expected::Refused, |directory, _| fs::rename(directory.join("secret"), directory.join("s2"))),
    case("files_link", Expected::Refused, |directory, _| fs::hard_link(directory.join("secret"), directory.join("s2"))),
    case("files_symlink", Expected::Refused, |directory, _| std::os::unix::fs::symlink("/", directory.join("root"))),
    // Files, when one is allowed.
    with_one_file("one_file_is_readable", Expected::Works, |directory, _| fs::read(directory.join("allowed")).map(drop)),
    with_one_file("one_file_is_not_writable", Expected::Refused, |directory, _| {
        fs::OpenOptions::new().write(true).open(directory.join("allowed")).map(drop)
    }),
    with_one_file("one_file_opens_no_neighbour", Expected::Refused, |directory, _| {
        fs::read(directory.join("secret")).map(drop)
    }),
    with_one_file("one_file_opens_no_passwd", Expected::Refused, |_, _| fs::read("/etc/passwd").map(drop)),
    // Processes.
    case("process_spawn", Expected::Refused, |_, _| Command::new("/bin/true").status().map(drop)),
    case("process_exec", Expected::Killed, |_, _| Err(Command::new("/bin/true").exec())),
    case("process_ptrace", Expected::Killed, |_, _| Ok(nix::sys::ptrace::traceme()?)),
    Attempt { prepare: parent, ..case("process_signal_parent", Expected::Refused, signal_process) },
    privileged("process_chroot", Expected::Killed, |directory, _| std::os::unix::fs::chroot(directory)),
    // What a worker lives on.
    Attempt { prepare: open_secret, ..case("lives_on_open_file", Expected::Works, read_open_file) },
    Attempt { prepare: unix_listener, ..case("lives_on_bound_socket_and_threads", Expected::Works, serve) },
    // The order that keeps every thread inside.
    case("late_second_thread_is_told_apart", Expected::Works, apply_beside_a_thread),
];

fn parent(_: &Path) -> Prepared {
    Prepared::Process(rustix::process::getppid().unwrap())
}

fn signal_process(_: &Path, prepared: Prepared) -> io::Result<()> {
    let Prepared::Process(process) = prepared else { return Err(io::Error::other("no process")) };
    Ok(rustix::process::test_kill_process(process)?)
}

fn open_socket(family: AddressFamily, kind: SocketType) -> io::Result<()> {
    socket(family, kind, None)?;
    Ok(())
}

fn tcp_listener(directory: &Path) -> Prepared {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    fs::write(directory.join("port"), listener.local_addr().unwrap().to_string()).unwrap();
    Prepared::Tcp(listener)
}

fn connect_tcp(_: &Path, prepared: Prepared) -> io::Result<()> {
    let Prepared::Tcp(listener) = prepared else { return Err(io::Error::other("no listener")) };
    TcpStream::connect(listener.local_addr()?).map(drop)
}

fn other_unix_listener(directory: &Path) -> Prepared {
    Prepared::Listener(UnixListener::bind(directory.join("other.sock")).unwrap())
}

fn open_secret(directory: &Path) -> Prepared {
    Prepared::File(fs::File::open(directory.join("secret")).unwrap())
}

fn read_open_file(_: &Path, prepared: Prepared) -> io::Result<()> {
    let Prepared::File(mut file) = prepared else { return Err(io::Error::other("no file")) };
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if text == "secret" { Ok(()) } else { Err(io::Error::other("read something else")) }
}

#[expect(clippy::zombie_processes, reason = "it outlives this process, which may not wait for anyone")]
/// Binds as a worker does, and lets a process outside call it once the walls are up.
fn unix_listener(directory: &Path) -> Prepared {
    let listener = UnixListener::bind(directory.join("worker.sock")).unwrap();
    let caller = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'ping'); s.recv(4)";
    Command::new("python3").args(["-c", caller]).arg(directory.join("worker.sock")).spawn().unwrap();
    Prepared::Listener(listener)
}

fn serve(_: &Path, prepared: Prepared) -> io::Result<()> {
    let Prepared::Listener(listener) = prepared else { return Err(io::Error::other("no listener")) };
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::UnixListener::from_std(listener)?;
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await?;
            let mut ping = [0; 4];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut ping).await?;
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"pong").await
        });
        let limit = std::time::Duration::from_secs(20);
        tokio::time::timeout(limit, served).await.map_err(io::Error::other)?.map_err(io::Error::other)?
    })?;
    // Plain threads too, as the compute pool has them.
    std::thread::Builder::new()
        .name("kernel-0".into())
        .spawn(|| io::stderr().write_all(b""))?
        .join()
        .unwrap()?;
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    Ok(())
}

fn apply_beside_a_thread(_: &Path, _: Prepared) -> io::Result<()> {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let Ok(thread) = std::thread::Builder::new().spawn(move || stopped.recv()) else {
        return Err(io::Error::other("no thread"));
    };
    let refused = cloister_sandbox::WorkerSandbox::default().apply();
    drop(stop);
    let _ = thread.join();
    match refused {
        Err(cloister_sandbox::SandboxError::ThreadsRunning { threads: 2 }) => Ok(()),
        // Inside the sandbox already: /proc is closed, so the threads cannot be counted.
        Err(cloister_sandbox::SandboxError::CountThreads(_)) => Ok(()),
        other => Err(io::Error::other(format!("applied beside a second thread: {other:?}"))),
    }
}
