mod draining;
mod fixtures;
mod invariants;
mod placement;
mod rollout;
