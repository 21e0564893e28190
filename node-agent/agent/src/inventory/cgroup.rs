//! What this process's control groups allow it: in a container that is less than the machine has.

use std::path::Path;

/// Levels between a process's own group and the top of what it can see.
const LEVELS_MAX: usize = 32;

/// One group's limit on memory, and what is in use of it. Cache that can be dropped is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemoryLevel {
    pub(super) limit_bytes: u64,
    pub(super) used_bytes: u64,
}

/// The files of one version of control groups.
struct Names {
    limit: &'static str,
    used: &'static str,
    /// In memory.stat.
    droppable: &'static str,
}

const V1: Names = Names {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    droppable: "total_inactive_file ",
};
const V2: Names = Names { limit: "memory.max", used: "memory.current", droppable: "inactive_file " };

/// The limits of this process's own group and of those around it, as far as it can see; empty where there is
/// none. `root` is "/", but in tests.
pub(super) fn memory_levels(root: &Path) -> Vec<MemoryLevel> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let (membership, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let groups = [(V1, own_group(&membership, &mounts, true)), (V2, own_group(&membership, &mounts, false))];
    let mut levels = Vec::new();
    for (names, group) in groups {
        let Some(Group { mount_point, below }) = group else { continue };
        let top = root.join(mount_point.trim_start_matches('/'));
        let own = top.join(below.trim_start_matches('/'));
        // A group that this process cannot see lies outside of its container: the mount is the best known one.
        let own = if own.is_dir() { own } else { top.clone() };
        let inside = own.ancestors().take_while(|directory| directory.starts_with(&top));
        levels.extend(inside.take(LEVELS_MAX).filter_map(|directory| level(directory, &names)));
    }
    levels
}

fn level(directory: &Path, names: &Names) -> Option<MemoryLevel> {
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).ok();
    let limit_bytes = read(names.limit)?.trim().parse().ok()?;
    let current_bytes: u64 = read(names.used)?.trim().parse().ok()?;
    let droppable = read("memory.stat").map_or(0, |stat| counter(&stat, names.droppable));
    Some(MemoryLevel { limit_bytes, used_bytes: current_bytes.saturating_sub(droppable) })
}

fn counter(text: &str, key: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok()).unwrap_or(0)
}

/// Where a group's files are.
struct Group {
    mount_point: String,
    /// Below the mount point.
    below: String,
}

/// See cgroups(7) for the membership, proc(5) for the mounts.
fn own_group(membership: &str, mounts: &str, v1: bool) -> Option<Group> {
    let path = membership.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let wanted =
            if v1 { controllers.split(',').any(|name| name == "memory") } else { controllers.is_empty() };
        wanted.then_some(path)
    })?;
    mounts.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut file_system = file_system.split(' ');
        let (kind, options) = (file_system.next()?, file_system.nth(1).unwrap_or_default());
        let wanted = match v1 {
            true => kind == "cgroup" && options.split(',').any(|name| name == "memory"),
            false => kind == "cgroup2",
        };
        let mut mount = mount.split(' ').skip(3);
        let (mounted, mount_point) = (mount.next()?, mount.next()?);
        let below = path.strip_prefix(mounted.trim_end_matches('/')).unwrap_or_default();
        wanted.then(|| Group { mount_point: mount_point.to_owned(), below: below.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        root
    }

    fn levels(files: &[(&str, &str)]) -> Vec<(u64, u64)> {
        let levels = memory_levels(tree(files).path());
        levels.iter().map(|level| (level.limit_bytes / MIB, level.used_bytes / MIB)).collect()
    }

    #[test]
    fn a_container_on_version_2_sees_its_own_group_at_the_top() {
        let found = levels(&[
            ("proc/self/cgroup", "0::/\n"),
            ("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n"),
            ("sys/fs/cgroup/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/memory.current", "1073741824\n"),
            ("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 536870912\nactive_file 7\n"),
        ]);
        assert_eq!(found, [(2048, 512)]);
    }

    #[test]
    fn a_service_on_version_2_is_bound_by_every_group_around_it() {
        let found = levels(&[
            ("proc/self/cgroup", "0::/system.slice/agent.service\n"),
            ("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n"),
            ("sys/fs/cgroup/system.slice/agent.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/agent.service/memory.current", "1048576\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "4194304\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "3145728\n"),
        ]);
        assert_eq!(found, [(4, 3)]);
    }

    #[test]
    fn a_pod_on_version_1_is_found_by_its_mount_although_its_path_is_the_hosts() {
        let found = levels(&[
            ("proc/self/cgroup", "5:cpu,cpuacct:/kubepods/podx/c1\n4:memory:/kubepods/podx/c1\n0::/\n"),
            (
                "proc/self/mountinfo",
                "40 30 0:30 /kubepods/podx/c1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n\
                 41 30 0:31 /kubepods/podx/c1 /sys/fs/cgroup/memory ro master:9 - cgroup cgroup rw,memory\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "734003200\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 209715200\n"),
        ]);
        assert_eq!(found, [(1024, 500)]);
    }

    #[test]
    fn without_limits_or_groups_nothing_bounds_the_machine() {
        assert!(levels(&[]).is_empty());
        let unlimited = levels(&[
            ("proc/self/cgroup", "0::/a\n"),
            ("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n"),
            ("sys/fs/cgroup/a/memory.max", "max\n"),
            ("sys/fs/cgroup/a/memory.current", "5\n"),
        ]);
        assert!(unlimited.is_empty());
    }
}
