//! Who listens on a port, as far as /proc tells this user.

use std::fs;
use std::path::Path;

/// `name (pid n)` of a process that listens on `port`; `None` if it cannot be told.
pub(super) fn port_holder(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter(|entry| holds_socket(&entry.path().join("fd"), &inodes)).find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some(format!("{} (pid {pid})", name.trim()))
    })
}

/// Columns of /proc/net/tcp (proc(5)): 1 local address as HEX:PORT, 3 state (0A is LISTEN), 9 inode.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|columns| {
        columns.get(1).is_some_and(|local| local.ends_with(&suffix)) && columns.get(3) == Some(&"0A")
    })
    .filter_map(|columns| columns.get(9).map(|inode| format!("socket:[{inode}]")))
    .collect()
}

fn holds_socket(fd_dir: &Path, sockets: &[String]) -> bool {
    let Ok(entries) = fs::read_dir(fd_dir) else { return false };
    entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}
