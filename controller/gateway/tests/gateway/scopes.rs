//! Who may ask for what, and what is on record of a refusal.

use axum::body::Body;
use cloister_evidence::record::{Kind, Outcome};
use http::Request;

use crate::rig::{CHAT, QUESTION, Rig, post};

#[tokio::test]
async fn only_a_good_key_gets_in() {
    let rig = Rig::start().await;
    for (authorization, code) in [
        (None, "missing_api_key"),
        (Some("Basic clk_all"), "missing_api_key"),
        (Some("Bearer clk_wrong"), "invalid_api_key"),
        (Some("Bearer clk_old"), "expired_api_key"),
    ] {
        let mut request = Request::post(CHAT).body(Body::from(QUESTION)).unwrap();
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        let reply = rig.send(request).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (401, code));
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        assert_eq!(reply.json()["error"]["type"], "authentication_error");
    }
    assert_eq!(rig.replicas.call_count(), 0);
}

#[tokio::test]
async fn a_strangers_body_is_not_read() {
    let rig = Rig::start().await;
    let never = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    assert_eq!(rig.send(post(CHAT, "clk_wrong", never)).await.status, 401);
}

#[tokio::test]
async fn a_model_out_of_scope_is_denied_on_record_and_a_scoped_key_cannot_tell_what_exists() {
    let rig = Rig::start().await;
    let absent = QUESTION.replace("notes", "Anna Smith");
    let replies = [
        rig.send(post(CHAT, "clk_briefs", QUESTION)).await,
        rig.send(post(CHAT, "clk_briefs", absent)).await,
    ];
    for reply in replies {
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "model_not_in_key_scope"));
        assert_eq!(reply.json()["error"]["type"], "permission_error");
    }
    let records = rig.records().await;
    assert_eq!(records.len(), 2);
    for record in &records {
        let draft = &record.draft;
        assert_eq!((draft.kind, draft.outcome), (Kind::InferenceDenied, Outcome::Denied));
        assert_eq!(
            (draft.actor.id.as_str(), draft.reason.as_deref()),
            ("key-briefs", Some("model_not_in_key_scope"))
        );
    }
    assert_eq!(records[0].draft.subject.as_ref().unwrap().id, "notes");
    assert!(records[1].draft.subject.is_none(), "a name that the caller made up is not written down");
    assert_eq!(rig.replicas.call_count(), 0);
}

#[tokio::test]
async fn a_denial_that_cannot_be_put_on_record_is_not_a_denial() {
    let mut rig = Rig::start().await;
    rig.close_ledger().await;
    let reply = rig.send(post(CHAT, "clk_briefs", QUESTION)).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "record_unavailable"));
}
