//! Streams of events over a real connection, at a stop.

use cloister_api::paths;

use super::fixture::{Fixture, soon, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_streams_in_good_order_and_does_not_wait_for_them() {
    let fixture = Fixture::start().await;
    let key = std::fs::read_to_string(fixture.data().join("admin.key")).unwrap();
    let url = format!("http://{}{}", fixture.controller.endpoints().http, paths::EVENTS);
    let mut stream = reqwest::Client::new().get(url).bearer_auth(key.trim()).send().await.unwrap();
    let mut heard = Vec::new();
    until("the first event", async || {
        heard.extend_from_slice(&stream.chunk().await.unwrap().unwrap());
        String::from_utf8_lossy(&heard).contains("\n\n").then_some(())
    })
    .await;
    assert!(heard.starts_with(b"event: hello\n"), "{}", String::from_utf8_lossy(&heard));
    let reading = async {
        while let Some(piece) = stream.chunk().await? {
            heard.extend_from_slice(&piece);
        }
        Ok::<_, reqwest::Error>(())
    };
    // One that had to be cut off would be an error here, and the stop would have waited for it.
    let (stopped, ended) = soon("the stop", async { tokio::join!(fixture.controller.stop(), reading) }).await;
    stopped.unwrap();
    ended.unwrap();
}
