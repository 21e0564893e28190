//! Signing in, staying signed in, and what a cookie may do.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use cloister_api::paths;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{ADMIN, Fleet, read};
use crate::api::SessionSettings;
use crate::sources::SourceSettings;

pub(super) const PASSWORD: &str = "a dozen characters";

/// A browser: one cookie, and what the console knows of its session.
#[derive(Debug)]
pub(super) struct Browser {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

impl Browser {
    pub(super) fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
        let request = Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie);
        let request = request.header("x-cloister-csrf", &self.csrf).header("sec-fetch-site", "same-origin");
        with_body(request, body)
    }

    pub(super) async fn call(
        &self,
        fleet: &Fleet,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        read(fleet.send(self.request(method, path, body.as_ref())).await).await
    }
}

fn with_body(request: http::request::Builder, body: Option<&Value>) -> Request<Body> {
    match body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}

pub(super) async fn sign_in(fleet: &Fleet, body: Value) -> Result<Browser, (StatusCode, Value)> {
    let response = fleet.send(with_body(Request::post(paths::SESSION), Some(&body))).await;
    let cookie = cookie_of(&response);
    let (status, session) = read(response).await;
    match status {
        StatusCode::CREATED => {
            Ok(Browser { cookie: cookie.unwrap(), csrf: session["csrf_token"].as_str().unwrap().to_owned() })
        }
        _ => Err((status, session)),
    }
}

fn cookie_of(response: &Response) -> Option<String> {
    let cookie = response.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    Some(cookie.split(';').next().unwrap().to_owned())
}

pub(super) fn password(name: &str, password: &str) -> Value {
    json!({"method": "password", "name": name, "password": password})
}

/// Makes an account, and gets in by its link.
pub(super) async fn let_in(fleet: &Fleet, name: &str, role: &str) -> Browser {
    let new = json!({"name": name, "roles": [role]});
    let (status, body) = fleet.call(Method::POST, paths::ACCOUNTS, Some(new)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    sign_in(fleet, json!({"method": "link", "token": link(fleet, name).await})).await.unwrap()
}

pub(super) async fn link(fleet: &Fleet, name: &str) -> String {
    let (status, link) = fleet.call(Method::POST, &paths::login_link(name), None).await;
    assert_eq!(status, StatusCode::CREATED, "{link}");
    link["token"].as_str().unwrap().to_owned()
}

pub(super) async fn with_password(fleet: &Fleet, name: &str, role: &str) -> Browser {
    let browser = let_in(fleet, name, role).await;
    let new = json!({"new_password": PASSWORD});
    let (status, body) = browser.call(fleet, Method::POST, paths::SESSION_PASSWORD, Some(new)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    browser
}

#[tokio::test]
async fn a_link_lets_in_once_and_a_password_from_then_on() {
    let fleet = Fleet::start().await;
    let first = let_in(&fleet, "meier", "operator").await;
    let (_, session) = first.call(&fleet, Method::GET, paths::SESSION, None).await;
    assert_eq!(
        (&session["account"]["name"], &session["account"]["has_password"]),
        (&json!("meier"), &json!(false))
    );
    // A call that the console makes by itself gives the session no more time.
    let mut by_itself = first.request(Method::GET, paths::SESSION, None);
    by_itself.headers_mut().insert("x-cloister-background", "1".parse().unwrap());
    let (_, unused) = read(fleet.send(by_itself).await).await;
    assert!(unused["idle_expires_at"].as_str() < session["idle_expires_at"].as_str(), "{unused}");
    let actions: Vec<_> = session["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(actions.contains(&"node.admit") && !actions.contains(&"audit.read"), "{actions:?}");

    let token = link(&fleet, "meier").await;
    assert!(sign_in(&fleet, json!({"method": "link", "token": token})).await.is_ok());
    let (status, again) = sign_in(&fleet, json!({"method": "link", "token": token})).await.unwrap_err();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{again}");

    let new = json!({"new_password": PASSWORD});
    first.call(&fleet, Method::POST, paths::SESSION_PASSWORD, Some(new)).await;
    let by_password = sign_in(&fleet, password("meier", PASSWORD)).await.unwrap();
    let (status, _) = by_password.call(&fleet, Method::GET, paths::NODES, None).await;
    assert_eq!(status, StatusCode::OK);
    let kinds: Vec<_> = fleet.recorded(3).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        ["session.started", "account.password_changed", "access.denied"],
        "the last is the link used twice"
    );
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions() {
    let fleet = Fleet::start().await;
    let other = with_password(&fleet, "meier", "operator").await;
    let own = sign_in(&fleet, password("meier", PASSWORD)).await.unwrap();
    let change =
        async |body: Value| own.call(&fleet, Method::POST, paths::SESSION_PASSWORD, Some(body)).await;
    let cases = [
        (json!({"new_password": "too short"}), "new_password"),
        (json!({"new_password": "another good one"}), "current_password"),
        (json!({"new_password": "another good one", "current_password": "wrong"}), "current_password"),
    ];
    for (body, field) in cases {
        let (status, problem) = change(body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{problem}");
    }
    let (status, _) = change(json!({"new_password": "another good one", "current_password": PASSWORD})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(other.call(&fleet, Method::GET, paths::SESSION, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(own.call(&fleet, Method::GET, paths::SESSION, None).await.0, StatusCode::OK);
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_err());
}

#[tokio::test]
async fn who_lost_the_password_gets_a_link_and_chooses_another() {
    let fleet = Fleet::start().await;
    with_password(&fleet, "meier", "operator").await;
    let back =
        sign_in(&fleet, json!({"method": "link", "token": link(&fleet, "meier").await})).await.unwrap();
    let (_, session) = back.call(&fleet, Method::GET, paths::SESSION, None).await;
    let account = &session["account"];
    assert_eq!((&account["has_password"], &account["needs_current_password"]), (&json!(true), &json!(false)));
    let body = json!({"new_password": "one that is kept in mind"});
    let (status, changed) = back.call(&fleet, Method::POST, paths::SESSION_PASSWORD, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_err());
    let anew = sign_in(&fleet, password("meier", "one that is kept in mind")).await.unwrap();
    let (_, session) = anew.call(&fleet, Method::GET, paths::SESSION, None).await;
    assert_eq!(session["account"]["needs_current_password"], true);
}

#[tokio::test]
async fn guessing_the_present_password_in_a_session_counts_as_guessing_at_the_door() {
    let fleet = Fleet::start().await;
    with_password(&fleet, "meier", "operator").await;
    let own = sign_in(&fleet, password("meier", PASSWORD)).await.unwrap();
    let guess = async || {
        let body = json!({"new_password": "another good one", "current_password": "a guess"});
        own.call(&fleet, Method::POST, paths::SESSION_PASSWORD, Some(body)).await
    };
    for _ in 0..4 {
        assert_eq!(guess().await.0, StatusCode::BAD_REQUEST);
    }
    assert_eq!(guess().await.0, StatusCode::TOO_MANY_REQUESTS);
    let body = json!({"new_password": "another good one", "current_password": PASSWORD});
    let (status, _) = own.call(&fleet, Method::POST, paths::SESSION_PASSWORD, Some(body)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "the right one waits, too");
    let refused = fleet.recorded(20).await.into_iter().filter(|(kind, _)| kind == "session.refused");
    let by_whom: Vec<_> = refused.map(|(_, leaf)| leaf["actor"]["name"].clone()).collect();
    assert_eq!(by_whom, vec![json!("meier"); 5]);
}

#[tokio::test]
async fn each_role_gets_the_routes_that_the_matrix_gives_it() {
    let fleet = Fleet::start().await;
    let routes = [
        (paths::STATUS, "fleet.read"),
        (paths::NODES, "node.read"),
        (paths::DEPLOYMENTS, "deployment.read"),
        (paths::KEYS, "key.read"),
        (paths::RECORDS, "audit.read"),
        (paths::ACCOUNTS, "account.read"),
    ];
    for role in cloister_api::FleetRole::ALL {
        let browser = let_in(&fleet, role.as_str(), role.as_str()).await;
        let (_, session) = browser.call(&fleet, Method::GET, paths::SESSION, None).await;
        for (path, action) in routes {
            let allowed = session["actions"].as_array().unwrap().contains(&json!(action));
            let (status, body) = browser.call(&fleet, Method::GET, path, None).await;
            let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(status, expected, "{role} {path}: {body}");
        }
    }
}

#[tokio::test]
async fn a_call_that_another_site_could_have_made_changes_nothing() {
    let fleet = Fleet::start().await;
    let browser = let_in(&fleet, "meier", "fleet-admin").await;
    let body = json!({"name": "k", "role": "inference"});
    let post = || Request::post(paths::KEYS).header(header::COOKIE, &browser.cookie);
    let forged = [
        post(),
        post().header("x-cloister-csrf", ""),
        post().header("x-cloister-csrf", "guessed"),
        post().header("x-cloister-csrf", &browser.csrf).header("sec-fetch-site", "cross-site"),
        post().header("x-cloister-csrf", &browser.csrf).header("sec-fetch-site", "same-site"),
    ];
    for request in forged {
        let (status, problem) = read(fleet.send(with_body(request, Some(&body))).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        assert_eq!(fleet.recorded(1).await[0].1["reason"], "csrf");
    }
    let (status, _) = browser.call(&fleet, Method::POST, paths::KEYS, Some(body)).await;
    assert_eq!(status, StatusCode::CREATED);
    let login = Request::post(paths::SESSION).header("sec-fetch-site", "cross-site");
    let response = fleet.send(with_body(login, Some(&password("meier", PASSWORD)))).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN, "nobody is signed in by another site");
}

#[tokio::test]
async fn guessing_locks_the_account_for_a_while_and_tells_nothing_of_unknown_names() {
    let fleet = Fleet::start().await;
    with_password(&fleet, "meier", "operator").await;
    let guess = async |name: &str| sign_in(&fleet, password(name, "not the password")).await.unwrap_err();
    let (status, unknown) = guess("nobody").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    for _ in 0..4 {
        assert_eq!(guess("meier").await, (StatusCode::UNAUTHORIZED, unknown.clone()));
    }
    let (status, locked) = guess("meier").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{locked}");
    assert!(locked["retry_after_s"].as_u64().unwrap() <= 30, "{locked}");
    let request = with_body(Request::post(paths::SESSION), Some(&password("meier", PASSWORD)));
    let response = fleet.send(request).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "the right password waits, too");
    assert!(response.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    let token = link(&fleet, "meier").await;
    assert!(
        sign_in(&fleet, json!({"method": "link", "token": token})).await.is_ok(),
        "a link is the way out"
    );
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_ok());
    let all = fleet.recorded(20).await;
    assert!(all.iter().all(|(_, leaf)| !leaf.to_string().contains(PASSWORD)));
    assert_eq!(all.iter().filter(|(kind, _)| kind == "session.refused").count(), 5);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_says_so() {
    let sessions = SessionSettings { idle: Duration::ZERO, ..SessionSettings::default() };
    let fleet = Fleet::start_as(tempfile::tempdir().unwrap(), SourceSettings::default(), sessions).await;
    let browser = let_in(&fleet, "meier", "operator").await;
    let (status, body) = browser.call(&fleet, Method::GET, paths::SESSION, None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body["detail"].as_str().unwrap().contains("was not used"), "{body}");
    let all = fleet.recorded(2).await;
    let end = all.iter().find(|(kind, _)| kind == "session.ended").unwrap();
    assert_eq!(end.1["reason"], "idle");
}

#[tokio::test]
async fn signing_out_ending_and_disabling_end_sessions_at_once() {
    let fleet = Fleet::start().await;
    let gone = async |browser: &Browser| {
        browser.call(&fleet, Method::GET, paths::SESSION, None).await.0 == StatusCode::UNAUTHORIZED
    };
    let admin = let_in(&fleet, "chief", "fleet-admin").await;
    let leaving = let_in(&fleet, "leaving", "auditor").await;
    let response = fleet.send(leaving.request(Method::DELETE, paths::SESSION, None)).await;
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert!(gone(&leaving).await);
    let left = let_in(&fleet, "left", "auditor").await;
    let by_itself = format!("{}?idle=true", paths::SESSION);
    assert_eq!(left.call(&fleet, Method::DELETE, &by_itself, None).await.0, StatusCode::OK);
    let reasons: Vec<_> =
        fleet.recorded(10).await.into_iter().filter(|(kind, _)| kind == "session.ended").collect();
    assert_eq!(reasons.iter().map(|(_, leaf)| &leaf["reason"]).collect::<Vec<_>>(), ["idle", "signed_out"]);

    let ended = let_in(&fleet, "ended", "auditor").await;
    let (_, list) = admin.call(&fleet, Method::GET, paths::SESSIONS, None).await;
    let session = list["sessions"].as_array().unwrap().iter().find(|s| s["account_name"] == "ended").unwrap();
    let path = format!("{}/{}", paths::SESSIONS, session["id"].as_str().unwrap());
    assert_eq!(admin.call(&fleet, Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert!(gone(&ended).await);
    assert_eq!(admin.call(&fleet, Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);

    let disabled = let_in(&fleet, "disabled", "auditor").await;
    assert_eq!(admin.call(&fleet, Method::DELETE, &paths::account("disabled"), None).await.0, StatusCode::OK);
    assert!(gone(&disabled).await);
    let own = admin.call(&fleet, Method::DELETE, &paths::account("chief"), None).await;
    assert_eq!(own.0, StatusCode::CONFLICT, "nobody locks himself out");
}

#[tokio::test]
async fn to_ask_whether_one_is_signed_in_is_no_denial() {
    let fleet = Fleet::start().await;
    let before = fleet.recorded(100).await.len();
    let (status, _) = read(fleet.send(with_body(Request::get(paths::SESSION), None)).await).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(fleet.recorded(100).await.len(), before);
}

#[tokio::test]
async fn a_key_goes_before_a_cookie_and_has_no_session() {
    let fleet = Fleet::start().await;
    let browser = let_in(&fleet, "meier", "user").await;
    let both = Request::get(paths::KEYS).header(header::COOKIE, &browser.cookie);
    let both = both.header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
    assert_eq!(fleet.send(with_body(both, None)).await.status(), StatusCode::OK);
    let (status, problem) = fleet.call(Method::GET, paths::SESSION, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
}
