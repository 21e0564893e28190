//! Memory: what the machine has or, in a container, what the control group may use.

use cloister_proto::agent::v1::Memory;

const CGROUP: &str = "/sys/fs/cgroup";

pub(crate) fn measure(own_workers_bytes: u64) -> Memory {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    limited(machine(&meminfo, own_workers_bytes), cgroup().as_ref())
}

/// A control group's limit and what is in use of it.
struct Cgroup {
    limit_bytes: u64,
    used_bytes: u64,
}

fn machine(meminfo: &str, own_workers_bytes: u64) -> Memory {
    Memory {
        total_bytes: kibibytes(meminfo, "MemTotal:"),
        available_bytes: kibibytes(meminfo, "MemAvailable:"),
        own_workers_bytes,
    }
}

fn limited(machine: Memory, cgroup: Option<&Cgroup>) -> Memory {
    let Some(cgroup) = cgroup else { return machine };
    Memory {
        total_bytes: machine.total_bytes.min(cgroup.limit_bytes),
        available_bytes: machine.available_bytes.min(cgroup.limit_bytes.saturating_sub(cgroup.used_bytes)),
        ..machine
    }
}

fn kibibytes(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number =
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1024)
}

/// This process's control group (version 2), where it has a limit. Cache that can be dropped is not in use.
fn cgroup() -> Option<Cgroup> {
    let membership = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    let directory = format!("{CGROUP}{}", path.trim_end_matches('/'));
    let read = |name: &str| std::fs::read_to_string(format!("{directory}/{name}")).ok();
    let limit_bytes = read("memory.max")?.trim().parse().ok()?;
    let current_bytes: u64 = read("memory.current")?.trim().parse().ok()?;
    let droppable = read("memory.stat").map_or(0, |stat| counter(&stat, "inactive_file "));
    Some(Cgroup { limit_bytes, used_bytes: current_bytes.saturating_sub(droppable) })
}

fn counter(text: &str, key: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok()).unwrap_or(0)
}

/// Resident bytes of a process, and the most it ever had; 0 if it is gone.
pub(crate) fn resident_bytes(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    (kibibytes(&status, "VmRSS:"), kibibytes(&status, "VmHWM:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_groups_limit_counts_where_it_is_lower() {
        let meminfo = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    800 kB\n";
        let cases = [
            (None, (1000, 800)),
            (Some((500, 100)), (500, 400)),
            (Some((900, 850)), (900, 50)),
            (Some((5000, 10)), (1000, 800)),
            (Some((500, 600)), (500, 0)),
        ];
        for (cgroup, (total, available)) in cases {
            let cgroup =
                cgroup.map(|(limit, used)| Cgroup { limit_bytes: limit * 1024, used_bytes: used * 1024 });
            let memory = limited(machine(meminfo, 7), cgroup.as_ref());
            assert_eq!((memory.total_bytes, memory.available_bytes), (total * 1024, available * 1024));
            assert_eq!(memory.own_workers_bytes, 7);
        }
    }

    #[test]
    fn this_process_uses_memory_and_a_gone_one_does_not() {
        let (now, peak) = resident_bytes(std::process::id());
        assert!(now > 0 && peak >= now);
        assert_eq!(resident_bytes(u32::MAX), (0, 0));
    }
}
