//! What this machine is, and what is free on it.

mod cgroup;
mod cpu;
mod cpu_time;
mod gpu;
mod memory;

use std::path::{Path, PathBuf};

use cloister_proto::agent::v1::{CpuTime, Disk, Gpu, Inventory, Locality, Memory};

pub(crate) use gpu::GpuReader;
pub(crate) use memory::resident_bytes;

/// Measures this machine.
#[derive(Debug)]
pub(crate) struct Surveyor {
    locality: Locality,
    data: PathBuf,
    gpus: GpuReader,
}

/// What changes all the time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Usage {
    /// Of the machine or, where that is less, of the agent's control group.
    pub memory: Memory,
    /// None is no error.
    pub gpus: Vec<Gpu>,
    /// The file system of the agent's data folder.
    pub disk: Disk,
    /// Absent where the system does not tell it.
    pub cpu_time: Option<CpuTime>,
}

impl Surveyor {
    /// Remembers what its operator said about the node, and looks for GPUs.
    pub(crate) fn new(locality: Locality, data: &Path) -> Self {
        Self { locality, data: data.to_owned(), gpus: GpuReader::open() }
    }

    /// Measures everything. Reads a few files under /proc and /sys; `own_workers_bytes` is passed through.
    pub(crate) fn inventory(&self, own_workers_bytes: u64) -> Inventory {
        let usage = self.usage(own_workers_bytes);
        let system = rustix::system::uname();
        Inventory {
            cpu: Some(cpu::measure()),
            memory: Some(usage.memory),
            gpus: usage.gpus,
            disk: Some(usage.disk),
            locality: Some(self.locality.clone()),
            hostname: system.nodename().to_string_lossy().into_owned(),
            kernel: system.release().to_string_lossy().into_owned(),
        }
    }

    /// Measures what changes all the time.
    pub(crate) fn usage(&self, own_workers_bytes: u64) -> Usage {
        Usage {
            memory: memory::measure(own_workers_bytes),
            gpus: self.gpus.measure(),
            disk: disk(&self.data),
            cpu_time: cpu_time::measure(),
        }
    }
}

fn disk(path: &Path) -> Disk {
    let (total_bytes, available_bytes) = match rustix::fs::statvfs(path) {
        Ok(status) => {
            (status.f_blocks.saturating_mul(status.f_frsize), status.f_bavail.saturating_mul(status.f_frsize))
        }
        Err(error) => {
            tracing::warn!("cannot measure the disk of {}: {error}", path.display());
            (0, 0)
        }
    };
    Disk { path: path.display().to_string(), total_bytes, available_bytes }
}

/// Whether two inventories differ in what rarely changes: memory, GPU and disk use travel in heartbeats.
pub(crate) fn differs(before: &Inventory, after: &Inventory) -> bool {
    settled(before) != settled(after)
}

fn settled(inventory: &Inventory) -> Inventory {
    let mut settled = inventory.clone();
    if let Some(memory) = &mut settled.memory {
        (memory.available_bytes, memory.own_workers_bytes) = (0, 0);
    }
    for gpu in &mut settled.gpus {
        (gpu.memory_used_bytes, gpu.busy_permille) = (0, None);
    }
    if let Some(disk) = &mut settled.disk {
        disk.available_bytes = 0;
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_measured() {
        let directory = tempfile::tempdir().unwrap();
        let inventory = Surveyor::new(Locality::default(), directory.path()).inventory(0);
        let (cpu, memory, disk) =
            (inventory.cpu.clone().unwrap(), inventory.memory.unwrap(), inventory.disk.clone().unwrap());
        assert!(cpu.logical_cores >= 1 && cpu.physical_cores >= 1 && cpu.physical_cores <= cpu.logical_cores);
        assert!(!cpu.isa.is_empty());
        assert!(memory.total_bytes >= memory.available_bytes && memory.available_bytes > 0);
        assert!(disk.total_bytes >= disk.available_bytes && disk.total_bytes > 0);
        assert!(!inventory.hostname.is_empty() && !inventory.kernel.is_empty());
    }

    #[test]
    fn use_of_memory_is_no_change_of_the_inventory_but_its_size_is() {
        let directory = tempfile::tempdir().unwrap();
        let before = Surveyor::new(Locality::default(), directory.path()).inventory(0);
        let mut after = before.clone();
        after.memory.as_mut().unwrap().available_bytes = 1;
        after.disk.as_mut().unwrap().available_bytes = 1;
        assert!(!differs(&before, &after));
        after.memory.as_mut().unwrap().total_bytes = 1;
        assert!(differs(&before, &after));
    }
}
