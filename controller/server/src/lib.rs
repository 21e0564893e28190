//! The controller: its API, identity of nodes and callers, reconcilers, and the wiring of the rest.
