//! The console's files are part of this program: it is built again when they change.

fn main() {
    let built = "../console/dist";
    // A program for developers reads them when it is asked, from where they were looked for when it was compiled: only of
    // a folder that is there is that known. Sources that cannot be written have what they have.
    let _ = std::fs::create_dir_all(built);
    println!("cargo::rerun-if-changed={built}");
    println!("cargo::rerun-if-changed=build.rs");
}
