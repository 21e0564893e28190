//! The console's files are part of this program: it is built again when they change.

fn main() {
    let built = "../console/dist";
    if std::path::Path::new(built).is_dir() {
        println!("cargo::rerun-if-changed={built}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
