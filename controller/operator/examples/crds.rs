//! Writes the CustomResourceDefinitions of the chart and the table of conditions: `make crds`.

use std::path::Path;

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("charts/cloister/files/crds");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in cloister_operator::crd::yaml_files()? {
        std::fs::write(folder.join(name), text)?;
    }
    std::fs::write(root.join("docs/kubernetes-conditions.md"), cloister_operator::document())?;
    Ok(())
}
