//! What `/metrics` tells of fleet and ledger, read when asked. Labels are words of ours alone:
//! nothing that a caller or a node chose.

use std::collections::BTreeMap;
use std::fmt;

use cloister_ledger::LedgerHandle;
use cloister_proto::agent::v1::ReplicaPhase;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::fleet::FleetHandle;

pub(crate) fn register(registry: &mut Registry, fleet: FleetHandle, ledger: LedgerHandle) {
    registry.register_collector(Box::new(FleetCollector { fleet, ledger }));
}

struct FleetCollector {
    fleet: FleetHandle,
    ledger: LedgerHandle,
}

impl fmt::Debug for FleetCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FleetCollector")
    }
}

impl Collector for FleetCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_fleet(&mut encoder)?;
        self.encode_ledger(&mut encoder)
    }
}

impl FleetCollector {
    fn encode_fleet(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let live = self.fleet.live();
        let mut nodes = BTreeMap::from([("connected", 0), ("unreachable", 0)]);
        let mut replicas = BTreeMap::new();
        for node in live.values() {
            *nodes.entry(if node.connected { "connected" } else { "unreachable" }).or_default() += 1;
            for replica in node.replicas.values().filter(|_| node.connected) {
                *replicas.entry(phase_name(replica.phase())).or_default() += 1;
            }
        }
        family(encoder, "cloister_nodes", "Nodes that reported since start", "state", &nodes)?;
        family(encoder, "cloister_replicas", "Replicas on connected nodes", "phase", &replicas)?;
        let running = i64::try_from(self.fleet.in_flight()).unwrap_or(i64::MAX);
        gauge(encoder, "cloister_inferences_on_nodes", "Inferences that run on nodes", running)
    }

    fn encode_ledger(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.ledger.stats();
        counter(encoder, "cloister_audit_records", "Audit records made durable", stats.records)?;
        counter(encoder, "cloister_audit_commits", "Commits that made them so", stats.commits)?;
        counter(encoder, "cloister_audit_failed_commits", "Commits that failed", stats.failed_commits)?;
        counter(
            encoder,
            "cloister_audit_commit_time_us",
            "Time spent in commits, in microseconds",
            stats.commit_time_us,
        )?;
        let queued = i64::try_from(stats.queued).unwrap_or(i64::MAX);
        gauge(encoder, "cloister_audit_queued", "Records that wait to be written", queued)?;
        gauge(
            encoder,
            "cloister_audit_writable",
            "Whether the last commit went well",
            i64::from(stats.writable),
        )
    }
}

fn phase_name(phase: ReplicaPhase) -> &'static str {
    match phase {
        ReplicaPhase::Unspecified => "unknown",
        ReplicaPhase::Pending => "pending",
        ReplicaPhase::Fetching => "fetching",
        ReplicaPhase::Verifying => "verifying",
        ReplicaPhase::Loading => "loading",
        ReplicaPhase::Ready => "ready",
        ReplicaPhase::Draining => "draining",
        ReplicaPhase::Stopped => "stopped",
        ReplicaPhase::Refused => "refused",
        ReplicaPhase::Crashed => "crashed",
    }
}

fn family(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &'static str,
    values: &BTreeMap<&'static str, i64>,
) -> fmt::Result {
    let kind = ConstGauge::new(0i64);
    let mut family = encoder.encode_descriptor(name, help, None, kind.metric_type())?;
    for (value, count) in values {
        let labels = [(label, *value)];
        ConstGauge::new(*count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}
