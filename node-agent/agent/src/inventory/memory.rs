//! Memory: what the machine has or, in a container, what the control group may use.

use std::path::Path;

use cloister_proto::agent::v1::Memory;

use super::cgroup::{self, MemoryLevel};

pub(crate) fn measure(own_workers_bytes: u64) -> Memory {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    limited(machine(&meminfo, own_workers_bytes), &cgroup::memory_levels(Path::new("/")))
}

fn machine(meminfo: &str, own_workers_bytes: u64) -> Memory {
    Memory {
        total_bytes: kibibytes(meminfo, "MemTotal:"),
        available_bytes: kibibytes(meminfo, "MemAvailable:"),
        own_workers_bytes,
    }
}

fn limited(machine: Memory, levels: &[MemoryLevel]) -> Memory {
    levels.iter().fold(machine, |memory, level| Memory {
        total_bytes: memory.total_bytes.min(level.limit_bytes),
        available_bytes: memory.available_bytes.min(level.limit_bytes.saturating_sub(level.used_bytes)),
        ..memory
    })
}

fn kibibytes(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number =
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1024)
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
        let cases: [(&[(u64, u64)], _); 6] = [
            (&[], (1000, 800)),
            (&[(500, 100)], (500, 400)),
            (&[(900, 850)], (900, 50)),
            (&[(5000, 10)], (1000, 800)),
            (&[(500, 600)], (500, 0)),
            (&[(500, 100), (700, 650)], (500, 50)),
        ];
        for (levels, (total, available)) in cases {
            let level = |(limit, used)| MemoryLevel { limit_bytes: limit * 1024, used_bytes: used * 1024 };
            let levels: Vec<MemoryLevel> = levels.iter().copied().map(level).collect();
            let memory = limited(machine(meminfo, 7), &levels);
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
