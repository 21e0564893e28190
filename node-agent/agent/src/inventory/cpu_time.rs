//! How long the machine's processors worked, as /proc/stat tells it.

use cloister_proto::agent::v1::CpuTime;

/// Of the machine, also within a container: control groups have no clock of what was left idle.
pub(crate) fn measure() -> Option<CpuTime> {
    parse(&std::fs::read_to_string("/proc/stat").ok()?)
}

/// See proc_stat(5). Idle is also what waits for a disk; guests are counted in user time already.
fn parse(stat: &str) -> Option<CpuTime> {
    let fields = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = fields.split_whitespace().take(8).map_while(|field| field.parse().ok()).collect();
    let [_user, _nice, _system, idle, waiting, ..] = ticks[..] else { return None };
    let total_ticks = ticks.iter().fold(0_u64, |sum, ticks| sum.saturating_add(*ticks));
    let busy_ticks = total_ticks.saturating_sub(idle).saturating_sub(waiting);
    Some(CpuTime { busy_ticks, total_ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_disk_is_idle_and_guests_are_not_counted_twice() {
        let stat = "cpu  100 10 40 800 50 5 5 0 90 10\ncpu0 1 1 1 1 1 1 1 0 0 0\nintr 12\n";
        assert_eq!(parse(stat), Some(CpuTime { busy_ticks: 160, total_ticks: 1_010 }));
    }

    #[test]
    fn what_is_not_understood_is_absent_and_not_nothing() {
        for stat in ["", "cpu0 1 2 3 4 5\n", "cpu  1 2 3\n", "cpu  a b c d e\n"] {
            assert_eq!(parse(stat), None, "{stat:?}");
        }
    }

    #[test]
    fn this_machine_works() {
        let time = measure().unwrap();
        assert!(time.busy_ticks > 0 && time.busy_ticks <= time.total_ticks);
    }
}
