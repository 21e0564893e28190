//! The product, end to end: real programs, real TLS, real databases, a real model.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

mod bad_input;
mod draining;
mod faults;
mod grpc;
mod history;
mod life_of_a_request;
mod life_of_a_rollout;
mod live;
mod official_client;
mod one_machine;
mod people;
mod private_authority;
mod refusals;
mod story;
mod tenants;
mod two_controllers;
