//! Compiles the `.proto` files with protox, a compiler in Rust: no `protoc` is needed on the machine.

use std::path::PathBuf;

const FILES: [&str; 5] = [
    "cloister/inference/v1/inference.proto",
    "cloister/worker/v1/worker.proto",
    "cloister/agent/v1/agent.proto",
    "cloister/peer/v1/peer.proto",
    "cloister/admin/v1/admin.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let descriptors = protox::compile(FILES, ["."])?;
    std::fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    Ok(())
}
