use sha2::Digest as _;

use super::outside::{Answer, Outside};
use super::*;

struct Rig {
    fleet: Fleet,
    outside: Outside,
    archive: Vec<u8>,
}

impl Rig {
    /// An outside that may be asked, and a model in an archive.
    async fn new() -> Self {
        let outside = Outside::start().await;
        let options = SourceOptions {
            allow: vec![format!("localhost:{}", outside.port).parse().unwrap()],
            source_ca: Some(outside.ca.clone()),
            ..SourceOptions::default()
        };
        let (fleet, signer) = (fleet(options).await, Signer::new("acme"));
        fleet.trust(&signer).await;
        let archive = archive(&SignedModel::new(&signer), "tiny/");
        Self { fleet, outside, archive }
    }

    fn source(&self, url: &str) -> Value {
        json!({"https": {"url": url, "sha256": hex::encode(sha2::Sha256::digest(&self.archive))}})
    }

    async fn fetch(&self, answer: Answer) -> Import {
        let url = self.outside.on("/m.tar", answer);
        self.fleet.fetch("tiny", self.source(&url)).await
    }
}

#[tokio::test]
async fn an_archive_is_fetched_with_and_without_ranges_and_through_redirects() {
    for case in 0..3 {
        let rig = Rig::new().await;
        let import = match case {
            0 => rig.fetch(Answer::Bytes(rig.archive.clone())).await,
            1 => rig.fetch(Answer::Whole(rig.archive.clone())).await,
            _ => {
                let target = rig.outside.on("/real.tar", Answer::Bytes(rig.archive.clone()));
                rig.fetch(Answer::Redirect(target)).await
            }
        };
        assert_done(&import);
        let (_, leaf) = rig.fleet.recorded(1).await.remove(0);
        let digest = format!("sha256:{}", hex::encode(sha2::Sha256::digest(&rig.archive)));
        assert_eq!(leaf["change"]["source_digest"], json!(digest));
        rig.fleet.nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_broken_connection_goes_on_where_it_broke() {
    let rig = Rig::new().await;
    let breaks = Answer::Breaks { bytes: rig.archive.clone(), after: 1_000, times: 2 };
    let import = rig.fetch(breaks).await;
    assert_done(&import);
    let requests = rig.outside.requests();
    assert!(requests.iter().any(|head| head.contains("range: bytes=1000-")), "{requests:#?}");
    assert!(requests.iter().any(|head| head.contains("range: bytes=2000-")), "{requests:#?}");
}

#[tokio::test]
async fn what_does_not_come_as_it_was_named_is_refused_or_fails_and_leaves_nothing() {
    let rig = Rig::new().await;
    let mut altered = rig.archive.clone();
    altered[600] ^= 1;
    let elsewhere = format!("https://127.0.0.1:{}/m.tar", rig.outside.port);
    let plain = format!("http://localhost:{}/m.tar", rig.outside.port);
    let looping = format!("https://localhost:{}/m.tar", rig.outside.port);
    use ImportPhase::{Failed, Refused};
    for (answer, phase, reason, detail) in [
        (Answer::Bytes(altered.clone()), Refused, ImportReason::SourceDigest, "altered"),
        (Answer::Bytes(rig.archive[..900].to_vec()), Refused, ImportReason::SourceDigest, "altered"),
        (Answer::Bytes(b"x".to_vec()), Refused, ImportReason::SourceDigest, "altered"),
        (Answer::Redirect(elsewhere), Refused, ImportReason::SourceNotAllowed, "sends on elsewhere"),
        (Answer::Redirect(plain), Refused, ImportReason::SourceNotAllowed, "another scheme"),
        (Answer::Redirect(looping), Refused, ImportReason::SourceInvalid, "more than 5 times"),
        (Answer::Status(404), Failed, ImportReason::SourceNotFound, "HTTP 404"),
        (Answer::Status(403), Failed, ImportReason::SourceDenied, "credentials"),
    ] {
        assert_ended(&rig.fetch(answer).await, phase, reason, detail);
        rig.fleet.nothing_is_left().await;
    }
    assert_eq!(rig.fleet.get(paths::MODELS).await["models"], json!([]));
}

#[tokio::test]
async fn a_server_with_another_certificate_is_not_believed() {
    let rig = Rig::new().await;
    let stranger = Outside::start().await;
    let options = SourceOptions {
        allow: vec!["localhost".parse().unwrap()],
        source_ca: Some(rig.outside.ca.clone()),
        ..SourceOptions::default()
    };
    let fleet = fleet(options).await;
    let url = stranger.on("/m.tar", Answer::Bytes(rig.archive.clone()));
    let import = fleet.fetch("tiny", rig.source(&url)).await;
    assert_ended(&import, ImportPhase::Failed, ImportReason::SourceUnavailable, "certificate");
}

#[tokio::test]
async fn an_import_that_is_cancelled_ends_and_drops_what_it_fetched() {
    let rig = Rig::new().await;
    let url = rig.outside.on("/m.tar", Answer::Hangs(rig.archive[..1_000].to_vec()));
    let begun = rig.fleet.begin_import("tiny", rig.source(&url)).await;
    let same = rig.fleet.begin_import("tiny", rig.source(&url)).await;
    assert_eq!(same.id, begun.id, "the same import is not run twice");
    rig.fleet.import_until(&begun.id, |import| import.bytes_done == 1_000).await;
    assert_eq!(rig.fleet.listing("uploads").len(), 1);

    let (status, _) = rig.fleet.call(Method::DELETE, &paths::import(&begun.id), None).await;

    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(rig.fleet.ended(&begun.id).await.phase, ImportPhase::Cancelled);
    rig.fleet.nothing_is_left().await;
}

#[tokio::test]
async fn what_was_being_fetched_is_dropped_at_the_next_start() {
    let rig = Rig::new().await;
    let url = rig.outside.on("/m.tar", Answer::Hangs(rig.archive[..1_000].to_vec()));
    let begun = rig.fleet.begin_import("tiny", rig.source(&url)).await;
    rig.fleet.import_until(&begun.id, |import| import.bytes_done == 1_000).await;
    let left = rig.fleet.data.root().join("uploads");
    let reopened = crate::models::Uploads::open(&left, 1 << 20, jiff::Timestamp::now()).unwrap();
    drop(reopened);
    assert_eq!(std::fs::read_dir(&left).unwrap().count(), 0);
}
