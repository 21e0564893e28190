//! What every party agrees on: the types and services generated from the `.proto` files beside this
//! crate, and nothing written by hand. The files' comments are the reference.

// Generated code: its style is prost's and tonic's.
#![allow(clippy::all, missing_docs, unreachable_pub)]

/// The inference front door: what callers may ask over gRPC.
pub mod inference {
    pub mod v1 {
        tonic::include_proto!("cloister.inference.v1");
    }
}

/// Agent (or gateway, through the agent) to worker.
pub mod worker {
    pub mod v1 {
        tonic::include_proto!("cloister.worker.v1");
    }
}

/// Agent to controller.
pub mod agent {
    pub mod v1 {
        tonic::include_proto!("cloister.agent.v1");
    }
}

/// Controller to controller.
pub mod peer {
    pub mod v1 {
        tonic::include_proto!("cloister.peer.v1");
    }
}

/// Running the fleet.
pub mod admin {
    pub mod v1 {
        tonic::include_proto!("cloister.admin.v1");
    }
}

/// The compiled file descriptors, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
