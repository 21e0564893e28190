use cloister_api::{ImportPhase, ImportSource, PathSource};

use super::*;

fn new(name: &str) -> NewImport {
    let source = ImportSource::Path(PathSource { path: name.to_owned() });
    NewImport { name: name.to_owned(), source, expected_digest: None }
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[test]
fn the_same_import_is_taken_once_as_long_as_it_runs() {
    let imports = Imports::new();
    let (first, is_new) = imports.submit(new("a"), now()).unwrap();
    assert!(is_new);
    let (again, is_new) = imports.submit(new("a"), now()).unwrap();
    assert!(!is_new && again.id() == first.id());
    first.end(Ended::Cancelled, now());
    assert!(imports.submit(new("a"), now()).unwrap().1);
}

#[test]
fn so_many_are_remembered_and_those_that_ended_first_are_forgotten_first() {
    let imports = Imports::new();
    let jobs: Vec<_> = (0..IMPORTS_REMEMBERED_MAX)
        .map(|n| imports.submit(new(&format!("m{n}")), now()).unwrap().0)
        .collect();
    assert!(imports.submit(new("one-more"), now()).is_err());
    jobs[7].end(Ended::Cancelled, now());
    imports.submit(new("one-more"), now()).unwrap();
    assert!(imports.find(jobs[7].id()).is_none());
    assert_eq!(imports.list().len(), IMPORTS_REMEMBERED_MAX);
    assert_eq!(imports.list()[0].name, "one-more");
}

#[test]
fn what_is_being_verified_can_no_longer_be_cancelled() {
    let imports = Imports::new();
    let (job, _) = imports.submit(new("a"), now()).unwrap();
    assert!(job.enter(ImportPhase::Fetching) && job.enter(ImportPhase::Verifying));
    assert!(!job.cancel());
    let (job, _) = imports.submit(new("b"), now()).unwrap();
    assert!(job.cancel());
    assert!(!job.enter(ImportPhase::Verifying), "it was ended before");
}
