//! What was found of every node for one replica. All nodes are judged; of a large fleet not all are told of: a
//! thousand sentences with every replica help nobody, and would be most of what the controller stores.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use crate::capacity::Capacity;
use crate::constraint::{Fit, Unfit, forbids_placing};
use crate::plan::NodeVerdict;
use crate::view::{DeploymentIntent, NodeView};

/// Fleets up to this size are told of whole.
const NODES_TOLD_MAX: usize = 64;
/// Of a larger one: so many nodes that could have taken the replica, and so many for each reason why not.
const TOLD_PER_KIND_MAX: usize = 4;

pub(crate) struct Judgement<'a> {
    /// By name.
    nodes: Vec<(&'a NodeView, Option<Unfit>)>,
    deployment: &'a DeploymentIntent,
}

impl<'a> Judgement<'a> {
    /// `nodes` in the order in which they are told of.
    pub(crate) fn of(nodes: &[&'a NodeView], deployment: &'a DeploymentIntent, capacity: &Capacity) -> Self {
        let judge = |node: &&'a NodeView| (*node, forbids_placing(node, deployment, capacity));
        Self { nodes: nodes.iter().map(judge).collect(), deployment }
    }

    /// How many nodes were judged.
    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn fitting(&self) -> impl Iterator<Item = &'a NodeView> + '_ {
        self.nodes.iter().filter(|(_, unfit)| unfit.is_none()).map(|(node, _)| *node)
    }

    /// The chosen node among a few others of each kind, in sentences.
    pub(crate) fn told(&self, chosen: Option<&str>, capacity: &Capacity) -> Vec<NodeVerdict> {
        let mut of_kind: HashMap<Option<Discriminant<Unfit>>, usize> = HashMap::new();
        let mut wanted = |node: &NodeView, unfit: &Option<Unfit>| {
            let told = of_kind.entry(unfit.as_ref().map(discriminant)).or_default();
            *told += 1;
            self.nodes.len() <= NODES_TOLD_MAX
                || *told <= TOLD_PER_KIND_MAX
                || chosen == Some(node.id.as_str())
        };
        let told = self.nodes.iter().filter(|(node, unfit)| wanted(node, unfit));
        told.map(|(node, unfit)| self.verdict(node, unfit.as_ref(), capacity)).collect()
    }

    fn verdict(&self, node: &NodeView, unfit: Option<&Unfit>, capacity: &Capacity) -> NodeVerdict {
        let sentence = match unfit {
            Some(unfit) => unfit.to_string(),
            None => {
                let (free_bytes, total_bytes) = (capacity.free_bytes(node), node.memory_total_bytes);
                let need = &self.deployment.need.unwrap_or_default();
                format!("can take it: {}", Fit { need, free_bytes, total_bytes })
            }
        };
        NodeVerdict { node_id: node.id.clone(), node: node.name.clone(), fits: unfit.is_none(), sentence }
    }
}
