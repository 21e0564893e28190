//! What each node is: by seed and number, and nothing else.

use cloister_proto::agent::v1::{Cpu, Disk, Inventory, Locality, Memory};

const GIB: u64 = 1 << 30;
const MEMORY_BYTES: u64 = 256 * GIB;
const DISK_BYTES: u64 = 2_048 * GIB;
/// Jurisdiction and region, in turns.
const PLACES: [(&str, &str); 8] = [
    ("DE-HE", "de-fra-1"),
    ("DE-BY", "de-muc-1"),
    ("DE-HE", "de-fra-2"),
    ("FR", "fr-par-1"),
    ("DE-BE", "de-ber-1"),
    ("AT", "at-vie-1"),
    ("NL", "nl-ams-1"),
    ("CH", "ch-zrh-1"),
];
const NODES_PER_RACK: u32 = 20;

/// One machine that is not there.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) boot_id: String,
    pub(crate) locality: Locality,
    /// Taken by the rest of the machine, in bytes.
    used_bytes: u64,
    /// Where this node's chances come from.
    pub(crate) chance: fastrand::Rng,
}

impl Profile {
    pub(crate) fn new(prefix: &str, seed: u64, number: u32) -> Self {
        // The odd constant of the golden ratio spreads seeds that lie close together.
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(number));
        let mut chance = fastrand::Rng::with_seed(mixed);
        let (jurisdiction, region) = PLACES[number as usize % PLACES.len()];
        let labels = [
            ("rack".to_owned(), format!("r{}", number / NODES_PER_RACK)),
            ("simulated".to_owned(), "true".to_owned()),
        ];
        Self {
            name: format!("{prefix}-{number:04}"),
            boot_id: format!("{:032x}", chance.u128(..)),
            locality: Locality {
                region: region.to_owned(),
                jurisdiction: jurisdiction.to_owned(),
                labels: labels.into(),
            },
            used_bytes: chance.u64(4..24) * GIB,
            chance,
        }
    }

    pub(crate) fn inventory(&self, replicas_bytes: u64) -> Inventory {
        Inventory {
            cpu: Some(Cpu {
                model: "Simulated CPU @ 3.0 GHz".to_owned(),
                physical_cores: 64,
                logical_cores: 128,
                features: ["avx2", "fma", "f16c", "avx512f", "avx512_vnni"].map(str::to_owned).to_vec(),
                isa: "avx512-vnni".to_owned(),
            }),
            memory: Some(self.memory(replicas_bytes)),
            gpus: Vec::new(),
            disk: Some(disk()),
            locality: Some(self.locality.clone()),
            hostname: self.name.clone(),
            kernel: "6.12.0-simulated".to_owned(),
        }
    }

    pub(crate) fn memory(&self, replicas_bytes: u64) -> Memory {
        let taken = self.used_bytes.saturating_add(replicas_bytes);
        Memory {
            total_bytes: MEMORY_BYTES,
            available_bytes: MEMORY_BYTES.saturating_sub(taken),
            own_workers_bytes: replicas_bytes,
        }
    }
}

pub(crate) fn disk() -> Disk {
    let path = "/var/lib/cloister".to_owned();
    Disk { path, total_bytes: DISK_BYTES, available_bytes: DISK_BYTES / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_node_and_another_number_another() {
        let (first, again) = (Profile::new("sim", 1, 5), Profile::new("sim", 1, 5));
        assert_eq!(first.inventory(0), again.inventory(0));
        assert_eq!(first.boot_id, again.boot_id);
        assert_ne!(first.boot_id, Profile::new("sim", 1, 6).boot_id);
        assert_ne!(first.boot_id, Profile::new("sim", 2, 5).boot_id);
        assert_eq!((first.name.as_str(), first.locality.jurisdiction.as_str()), ("sim-0005", "AT"));
    }

    #[test]
    fn replicas_take_their_memory_from_what_is_available() {
        let node = Profile::new("sim", 1, 0);
        let (before, after) = (node.memory(0), node.memory(3 * GIB));
        assert_eq!(before.available_bytes - after.available_bytes, 3 * GIB);
        assert_eq!(after.own_workers_bytes, 3 * GIB);
        assert_eq!(node.memory(u64::MAX).available_bytes, 0);
    }
}
