mod fixtures;
mod invariants;
mod placement;
