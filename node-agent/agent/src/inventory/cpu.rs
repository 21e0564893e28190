//! The processor, as /proc/cpuinfo tells it.

use std::collections::BTreeSet;

use cloister_proto::agent::v1::Cpu;
use runtime_kernels::Isa;

/// Features that some kernel of the runtime can use, as /proc/cpuinfo names them.
const USED_FEATURES: [&str; 16] = [
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimddp",
    "i8mm",
    "sve",
];

pub(crate) fn measure() -> Cpu {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let logical_cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Cpu { isa: isa().name().to_owned(), ..parse(&text, u32::try_from(logical_cores).unwrap_or(u32::MAX)) }
}

/// What a worker of this agent would choose: it sees the same variable.
fn isa() -> Isa {
    let forced = std::env::var(runtime_kernels::ISA_VARIABLE).ok();
    Isa::choose(forced.as_deref()).unwrap_or_else(|error| {
        tracing::warn!("{error}");
        Isa::best()
    })
}

fn parse(cpuinfo: &str, logical_cores: u32) -> Cpu {
    let model = ["model name", "Model", "CPU part"].iter().find_map(|key| value(cpuinfo, key));
    let flags = value(cpuinfo, "flags").or_else(|| value(cpuinfo, "Features")).unwrap_or_default();
    let flags: BTreeSet<&str> = flags.split_whitespace().collect();
    let features = USED_FEATURES.iter().filter(|feature| flags.contains(**feature));
    Cpu {
        model: model.unwrap_or("unknown").to_owned(),
        physical_cores: physical_cores(cpuinfo).unwrap_or(logical_cores).clamp(1, logical_cores),
        logical_cores,
        features: features.map(|feature| (*feature).to_owned()).collect(),
        isa: String::new(),
    }
}

/// Distinct (socket, core) pairs: two hardware threads of one core share both.
fn physical_cores(cpuinfo: &str) -> Option<u32> {
    let cores: BTreeSet<_> = cpuinfo
        .split("\n\n")
        .filter_map(|processor| Some((value(processor, "physical id")?, value(processor, "core id")?)))
        .collect();
    (!cores.is_empty()).then(|| u32::try_from(cores.len()).unwrap_or(u32::MAX))
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_THREADS_OF_ONE_CORE: &str = "processor\t: 0\nmodel name\t: Example CPU @ 2.00GHz\n\
        physical id\t: 0\ncore id\t\t: 3\nflags\t\t: fpu avx2 fma avx512_vnni\n\n\
        processor\t: 1\nmodel name\t: Example CPU @ 2.00GHz\nphysical id\t: 0\ncore id\t\t: 3\nflags\t\t: fpu avx2\n\n";

    #[test]
    fn two_threads_of_one_core_are_one_physical_core() {
        let cpu = parse(TWO_THREADS_OF_ONE_CORE, 2);
        assert_eq!((cpu.physical_cores, cpu.logical_cores), (1, 2));
        assert_eq!(cpu.model, "Example CPU @ 2.00GHz");
        assert_eq!(cpu.features, ["avx2", "fma", "avx512_vnni"]);
    }

    #[test]
    fn an_arm_machine_without_topology_counts_its_logical_cores() {
        let cpu = parse("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nCPU part\t: 0xd40\n", 4);
        assert_eq!((cpu.physical_cores, cpu.logical_cores), (4, 4));
        assert_eq!(cpu.features, ["asimd", "asimddp", "i8mm"]);
        assert_eq!(cpu.model, "0xd40");
    }
}
