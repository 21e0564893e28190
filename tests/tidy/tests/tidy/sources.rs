//! What may stand in a source file.

use crate::tree::{files, shipped_rust};

/// Lines over which a file has too much in it.
const FILE_LINES_MAX: usize = 400;

fn code_only(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[test]
fn unsafe_lives_in_the_kernels_alone() {
    let wrong: Vec<_> = files(&[".rs"])
        .into_iter()
        .filter(|f| !f.path.starts_with("node-agent/runtime/kernels/") && !f.path.starts_with("tests/tidy/"))
        .filter(|f| {
            f.text.lines().map(code_only).any(|l| {
                ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|u| l.contains(u))
            })
        })
        .map(|f| f.path)
        .collect();
    assert!(wrong.is_empty(), "`unsafe` outside of runtime-kernels: {wrong:?}");
}

#[test]
fn files_stay_short_enough_to_read() {
    let long: Vec<_> = shipped_rust()
        .into_iter()
        .filter(|f| f.text.lines().count() > FILE_LINES_MAX)
        .map(|f| format!("{} ({})", f.path, f.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "over {FILE_LINES_MAX} lines: {long:?}");
}

#[test]
fn no_drawers() {
    let drawers = ["utils", "util", "common", "helpers", "helper", "manager", "misc"];
    let wrong: Vec<_> = files(&[".rs", ".py", ".sh"])
        .into_iter()
        .map(|f| f.path)
        .filter(|p| p.split(['/', '.']).any(|part| drawers.contains(&part)))
        .collect();
    assert!(wrong.is_empty(), "name what is in it: {wrong:?}");
}

#[test]
fn modules_are_named_files() {
    let wrong: Vec<_> =
        files(&["/mod.rs"]).into_iter().map(|f| f.path).filter(|p| !p.contains("/tests/")).collect();
    assert!(wrong.is_empty(), "use name.rs beside name/: {wrong:?}");
}

#[test]
fn every_crate_root_says_what_the_crate_is_for() {
    let wrong: Vec<_> = files(&["src/lib.rs", "src/main.rs"])
        .into_iter()
        .filter(|f| !f.text.starts_with("//!"))
        .map(|f| f.path)
        .collect();
    assert!(wrong.is_empty(), "no `//!` at the top: {wrong:?}");
}

#[test]
fn nothing_is_left_unfinished_or_ignored() {
    let words = ["todo!(", "unimplemented!(", "FIXME", "XXX:", "#[ignore"];
    let wrong: Vec<_> = files(&[".rs", ".sh", ".py"])
        .into_iter()
        .filter(|f| !f.path.starts_with("tests/tidy/"))
        .filter(|f| words.iter().any(|w| f.text.contains(w)))
        .map(|f| f.path)
        .collect();
    assert!(wrong.is_empty(), "unfinished: {wrong:?}");
}

#[test]
fn mains_only_wire() {
    let long: Vec<_> = shipped_rust()
        .into_iter()
        .filter(|f| f.path.ends_with("src/main.rs") && f.text.lines().count() > 60)
        .map(|f| f.path)
        .collect();
    assert!(long.is_empty(), "main.rs wires and nothing else: {long:?}");
}
