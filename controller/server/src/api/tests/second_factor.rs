//! A second factor: set up, asked for, counted, lost and reset.

use cloister_api::{ProblemKind, paths};
use cloister_store::{Account, Change, Identity, Session};
use futures_util::future::join_all;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::session::{Browser, PASSWORD, let_in, link, password, sign_in, with_password};
use super::{Fleet, draft};
use crate::api::operations::secret_hash;
use crate::api::{ApiSettings, SessionSettings};
use crate::oidc::Oidc;

const ISSUER: &str = "https://login.example";

/// An authenticator app, with the recovery codes on paper beside it.
struct App {
    secret: String,
    recovery_codes: Vec<String>,
}

impl App {
    /// What it shows now, or so many steps from now. A clock that is one step ahead is accepted, so that a code and
    /// the next one are good for half a minute at least.
    fn code(&self, steps_ahead: u64) -> String {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let unix_s = u64::try_from(Timestamp::now().as_second()).unwrap() + 30 * steps_ahead;
        Builder::new().with_secret(secret).build().unwrap().generate(unix_s).to_string()
    }

    /// One that it shows at no time about now.
    fn wrong_code(&self) -> String {
        let near: Vec<_> = (0..10).map(|step| self.code(step)).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

async fn set_up(fleet: &Fleet, browser: &Browser) -> App {
    let (status, offered) = browser.call(fleet, Method::POST, paths::SESSION_SECOND_FACTOR, None).await;
    assert_eq!(status, StatusCode::CREATED, "{offered}");
    let mut app = App { secret: text(&offered["secret"]), recovery_codes: Vec::new() };
    let body = json!({"code": app.code(0), "current_password": PASSWORD});
    let (status, set) = browser.call(fleet, Method::PUT, paths::SESSION_SECOND_FACTOR, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{set}");
    app.recovery_codes = set["recovery_codes"].as_array().unwrap().iter().map(text).collect();
    app
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn with_code(mut credentials: Value, code: &str) -> Value {
    credentials["code"] = json!(code);
    credentials
}

fn kind_of(problem: &Value) -> &str {
    problem["type"].as_str().unwrap().strip_prefix("urn:cloister:problem:").unwrap()
}

async fn is_in(fleet: &Fleet, browser: &Browser) -> bool {
    browser.call(fleet, Method::GET, paths::SESSION, None).await.0 == StatusCode::OK
}

async fn failures(fleet: &Fleet, name: &str) -> u32 {
    fleet.api.store().account_by_name(name).await.unwrap().unwrap().failed_logins
}

#[tokio::test]
async fn once_it_is_set_a_password_alone_lets_nobody_in_and_a_code_counts_once() {
    let fleet = Fleet::start().await;
    let other = with_password(&fleet, "meier", "operator").await;
    let own = sign_in(&fleet, password("meier", PASSWORD)).await.unwrap();
    let app = set_up(&fleet, &own).await;
    assert_eq!(app.recovery_codes.len(), 10);
    assert!(!is_in(&fleet, &other).await, "a session that began without a code ends");
    assert!(is_in(&fleet, &own).await);

    let right = || password("meier", PASSWORD);
    let (status, needed) = sign_in(&fleet, right()).await.unwrap_err();
    assert_eq!((status, kind_of(&needed)), (StatusCode::UNAUTHORIZED, "code-needed"), "{needed}");
    let (status, wrong) = sign_in(&fleet, with_code(right(), &app.wrong_code())).await.unwrap_err();
    assert_eq!((status, &wrong["field"]), (StatusCode::UNAUTHORIZED, &json!("code")), "{wrong}");
    let (_, guessed) =
        sign_in(&fleet, with_code(password("meier", "a guess"), &app.code(1))).await.unwrap_err();
    assert_eq!(guessed["detail"], "name or password is wrong", "the code is not looked at");

    let code = app.code(1);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert!(sign_in(&fleet, with_code(right(), &spaced)).await.is_ok());
    assert_eq!(fleet.recorded(1).await[0].1["change"], json!({"method": "password", "second_factor": "app"}));
    let (_, again) = sign_in(&fleet, with_code(right(), &code)).await.unwrap_err();
    assert!(again["detail"].as_str().unwrap().contains("used before"), "{again}");
    assert_eq!(fleet.recorded(1).await[0].1["reason"], "code_used_before");

    let recovery = app.recovery_codes[3].to_uppercase();
    assert!(sign_in(&fleet, with_code(right(), &recovery)).await.is_ok());
    assert_eq!(fleet.recorded(1).await[0].1["change"]["second_factor"], "recovery_code");
    assert!(sign_in(&fleet, with_code(right(), &recovery)).await.is_err(), "each works once");
    let (_, state) = own.call(&fleet, Method::GET, paths::SESSION_SECOND_FACTOR, None).await;
    assert_eq!(state["recovery_codes_left"], 9);
    for (_, leaf) in fleet.recorded(50).await {
        let leaf = leaf.to_string();
        let told = [&app.secret, &code, &recovery, &app.recovery_codes[0]];
        assert!(told.into_iter().all(|secret| !leaf.contains(secret.as_str())), "{leaf}");
    }
}

#[tokio::test]
async fn what_is_offered_is_asked_of_nobody_until_a_first_code_was_right() {
    let fleet = Fleet::start().await;
    let own = with_password(&fleet, "meier", "operator").await;
    let offer = async || own.call(&fleet, Method::POST, paths::SESSION_SECOND_FACTOR, None).await.1;
    let first = App { secret: text(&offer().await["secret"]), recovery_codes: Vec::new() };
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_ok());
    let second = offer().await;
    let uri = text(&second["uri"]);
    assert!(uri.starts_with("otpauth://totp/Cloister%20test:meier?secret="), "{uri}");
    let body = json!({"code": first.code(0), "current_password": PASSWORD});
    let (status, problem) = own.call(&fleet, Method::PUT, paths::SESSION_SECOND_FACTOR, Some(body)).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("code")), "of one that is void");
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_ok());
    assert_eq!(failures(&fleet, "meier").await, 0, "whoever sets it up guesses at nothing");
}

#[tokio::test]
async fn whoever_finds_an_open_session_cannot_lock_its_owner_out() {
    let fleet = Fleet::start().await;
    with_password(&fleet, "meier", "operator").await;
    let found = sign_in(&fleet, password("meier", PASSWORD)).await.unwrap();
    let (_, offered) = found.call(&fleet, Method::POST, paths::SESSION_SECOND_FACTOR, None).await;
    let app = App { secret: text(&offered["secret"]), recovery_codes: Vec::new() };
    for guess in [json!({}), json!({"current_password": "a guess"})] {
        let mut body = guess.clone();
        body["code"] = json!(app.code(0));
        let (status, problem) =
            found.call(&fleet, Method::PUT, paths::SESSION_SECOND_FACTOR, Some(body)).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::BAD_REQUEST, &json!("current_password")),
            "{guess}"
        );
    }
    assert_eq!(failures(&fleet, "meier").await, 2, "guesses count");
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_ok(), "no code is asked for");
}

#[tokio::test]
async fn a_login_link_asks_for_the_code_too_and_is_good_until_then() {
    let fleet = Fleet::start().await;
    let app = set_up(&fleet, &with_password(&fleet, "meier", "operator").await).await;
    let by_link = json!({"method": "link", "token": link(&fleet, "meier").await});
    for (credentials, kind) in
        [(by_link.clone(), "code-needed"), (with_code(by_link.clone(), &app.wrong_code()), "unauthenticated")]
    {
        let (status, problem) = sign_in(&fleet, credentials).await.unwrap_err();
        assert_eq!((status, kind_of(&problem)), (StatusCode::UNAUTHORIZED, kind), "{problem}");
    }
    assert_eq!(failures(&fleet, "meier").await, 1);
    assert!(sign_in(&fleet, with_code(by_link.clone(), &app.code(1))).await.is_ok());
    assert!(sign_in(&fleet, with_code(by_link, &app.recovery_codes[0])).await.is_err(), "the link was used");
}

#[tokio::test]
async fn wrong_codes_lock_as_wrong_passwords_do_and_a_link_is_no_way_around() {
    let fleet = Fleet::start().await;
    let app = set_up(&fleet, &with_password(&fleet, "meier", "operator").await).await;
    for _ in 0..2 {
        let (status, _) = sign_in(&fleet, password("meier", "not the password")).await.unwrap_err();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    // Sent at once, and counted one after the other all the same.
    let guess = with_code(password("meier", PASSWORD), &app.wrong_code());
    let answers = join_all((0..8).map(|_| sign_in(&fleet, guess.clone()))).await;
    let statuses = answers.into_iter().map(|answer| answer.unwrap_err().0);
    assert_eq!(statuses.filter(|status| *status == StatusCode::UNAUTHORIZED).count(), 2);
    assert_eq!(failures(&fleet, "meier").await, 5);

    let by_link = json!({"method": "link", "token": link(&fleet, "meier").await});
    for credentials in [password("meier", PASSWORD), by_link.clone()] {
        let (status, locked) = sign_in(&fleet, with_code(credentials, &app.code(1))).await.unwrap_err();
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{locked}");
        assert!(!locked["detail"].as_str().unwrap().contains("login link"), "{locked}");
    }
    let refused = fleet.recorded(50).await.into_iter().filter(|(kind, _)| kind == "session.refused");
    let mut reasons: Vec<_> = refused.map(|(_, leaf)| text(&leaf["reason"])).collect();
    reasons.sort();
    assert_eq!(reasons, ["code", "code", "code", "password", "password"]);

    let path = paths::account_second_factor("meier");
    assert_eq!(fleet.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert!(sign_in(&fleet, by_link).await.is_ok(), "once it is reset, the link is the way out");
}

#[tokio::test]
async fn one_code_that_comes_twice_at_once_lets_in_once() {
    let fleet = Fleet::start().await;
    let app = set_up(&fleet, &with_password(&fleet, "meier", "operator").await).await;
    for code in [app.code(1), app.recovery_codes[0].clone()] {
        let credentials = with_code(password("meier", PASSWORD), &code);
        let answers = join_all((0..3).map(|_| sign_in(&fleet, credentials.clone()))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for (status, problem) in answers.into_iter().filter_map(Result::err) {
            assert_eq!((status, &problem["field"]), (StatusCode::UNAUTHORIZED, &json!("code")), "{problem}");
        }
    }
}

#[tokio::test]
async fn removing_ones_own_takes_a_code_and_the_password_and_guesses_count() {
    let fleet = Fleet::start().await;
    let own = with_password(&fleet, "meier", "operator").await;
    let app = set_up(&fleet, &own).await;
    let remove = async |body: Value| {
        own.call(&fleet, Method::POST, paths::SESSION_SECOND_FACTOR_REMOVAL, Some(body)).await
    };
    let cases = [
        (json!({"code": app.code(1)}), "current_password"),
        (json!({"code": app.code(1), "current_password": "a guess"}), "current_password"),
        (json!({"code": app.wrong_code(), "current_password": PASSWORD}), "code"),
        (json!({"code": app.code(0), "current_password": PASSWORD}), "code"),
        (json!({"code": app.code(1), "password": PASSWORD}), "password"),
    ];
    for (body, field) in cases {
        let (status, problem) = remove(body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{problem}");
    }
    assert_eq!(failures(&fleet, "meier").await, 4);
    let (status, _) = remove(json!({"code": app.code(1), "current_password": PASSWORD})).await;
    assert_eq!(status, StatusCode::OK);
    let (kind, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!((kind.as_str(), &leaf["subject"]["name"]), ("account.second_factor_removed", &json!("meier")));
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_ok());
    let again = set_up(&fleet, &own).await;
    assert_ne!(again.secret, app.secret);
}

#[tokio::test]
async fn what_does_not_fit_the_present_state_is_a_conflict_and_changes_nothing() {
    let fleet = with_provider(false).await;
    let with = let_in(&fleet, "with", "operator").await;
    set_up(&fleet, &with).await;
    let without = let_in(&fleet, "without", "operator").await;
    let vouched = vouched_for(&fleet).await;
    let before = fleet.recorded(100).await.len();
    let (own, removal) = (paths::SESSION_SECOND_FACTOR, paths::SESSION_SECOND_FACTOR_REMOVAL);
    let code = || Some(json!({"code": "123456"}));
    let cases = [
        (&with, Method::POST, own, None),
        (&with, Method::PUT, own, code()),
        (&without, Method::PUT, own, code()),
        (&without, Method::POST, removal, code()),
        (&vouched, Method::POST, own, None),
        (&vouched, Method::PUT, own, code()),
        (&vouched, Method::POST, removal, code()),
    ];
    for (browser, method, path, body) in cases {
        let (status, problem) = browser.call(&fleet, method.clone(), path, body).await;
        assert_eq!(status, StatusCode::CONFLICT, "{method} {path}: {problem}");
    }
    assert_eq!(fleet.recorded(100).await.len(), before);
}

#[tokio::test]
async fn a_fleet_admin_resets_anothers_and_ends_its_sessions() {
    let fleet = Fleet::start().await;
    let admin = with_password(&fleet, "chief", "fleet-admin").await;
    let app = set_up(&fleet, &admin).await;
    let auditor = let_in(&fleet, "auditor", "auditor").await;
    let lost = with_password(&fleet, "meier", "operator").await;
    set_up(&fleet, &lost).await;
    let reset = async |who: &Browser, name: &str| {
        who.call(&fleet, Method::DELETE, &paths::account_second_factor(name), None).await
    };
    let cases = [
        (&auditor, "meier", StatusCode::FORBIDDEN),
        (&lost, "meier", StatusCode::FORBIDDEN),
        (&admin, "nobody", StatusCode::NOT_FOUND),
        (&admin, "auditor", StatusCode::CONFLICT),
        (&admin, "chief", StatusCode::CONFLICT),
        (&admin, "meier", StatusCode::OK),
        (&admin, "meier", StatusCode::CONFLICT),
    ];
    for (who, name, expected) in cases {
        let (status, body) = reset(who, name).await;
        assert_eq!(status, expected, "{name}: {body}");
    }
    assert!(!is_in(&fleet, &lost).await);
    assert!(sign_in(&fleet, password("meier", PASSWORD)).await.is_ok());
    let all = fleet.recorded(20).await;
    let (_, record) = all.iter().find(|(kind, _)| kind == "account.second_factor_reset").unwrap();
    assert_eq!((&record["actor"]["name"], &record["subject"]["name"]), (&json!("chief"), &json!("meier")));
    // A program with an admin key may: it is the way out for the only admin.
    let path = paths::account_second_factor("chief");
    assert_eq!(fleet.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert!(
        sign_in(&fleet, with_code(password("chief", PASSWORD), &app.code(1))).await.is_ok(),
        "none is asked for"
    );
}

#[tokio::test]
async fn where_it_is_required_an_account_without_one_may_only_set_one_up() {
    let fleet = with_provider(true).await;
    let new = let_in(&fleet, "meier", "fleet-admin").await;
    let (_, session) = new.call(&fleet, Method::GET, paths::SESSION, None).await;
    assert_eq!((&session["actions"], &session["account"]["needs_second_factor"]), (&json!([]), &json!(true)));
    for (method, path) in
        [(Method::GET, paths::STATUS), (Method::GET, paths::NODES), (Method::POST, paths::KEYS)]
    {
        let (status, problem) = new.call(&fleet, method, path, None).await;
        assert_eq!((status, kind_of(&problem)), (StatusCode::FORBIDDEN, "second-factor-needed"), "{path}");
    }
    assert_eq!(fleet.recorded(1).await[0].1["reason"], "second_factor_missing");
    let choose = json!({"new_password": PASSWORD});
    let (status, _) = new.call(&fleet, Method::POST, paths::SESSION_PASSWORD, Some(choose)).await;
    assert_eq!(status, StatusCode::OK, "a password may be chosen first");

    set_up(&fleet, &new).await;
    let (_, session) = new.call(&fleet, Method::GET, paths::SESSION, None).await;
    assert_eq!(session["account"]["needs_second_factor"], false);
    assert_eq!(new.call(&fleet, Method::GET, paths::NODES, None).await.0, StatusCode::OK);
    let vouched = vouched_for(&fleet).await;
    let (status, _) = vouched.call(&fleet, Method::GET, paths::NODES, None).await;
    assert_eq!(status, StatusCode::OK, "a provider asks for its own");
    assert_eq!(fleet.call(Method::GET, paths::NODES, None).await.0, StatusCode::OK, "a key has none");
}

#[tokio::test]
async fn any_controller_of_the_fleet_can_check_a_code_and_one_with_another_authority_cannot() {
    let fleet = Fleet::start().await;
    let app = set_up(&fleet, &with_password(&fleet, "meier", "operator").await).await;
    let fleet = fleet.restart().await;
    assert!(sign_in(&fleet, with_code(password("meier", PASSWORD), &app.code(1))).await.is_ok());
    for file in [fleet.data.ca_key(), fleet.data.ca_pem()] {
        std::fs::remove_file(file).unwrap();
    }
    let fleet = fleet.restart().await;
    let (status, _) =
        sign_in(&fleet, with_code(password("meier", PASSWORD), &app.code(1))).await.unwrap_err();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let by_paper = with_code(password("meier", PASSWORD), &app.recovery_codes[0]);
    assert!(sign_in(&fleet, by_paper).await.is_ok(), "recovery codes do not depend on it");
    assert_eq!(ProblemKind::CodeNeeded.status(), 401);
}

/// A controller with an identity provider, which is never asked here.
async fn with_provider(second_factor_required: bool) -> Fleet {
    let file = format!(
        "public_url = \"http://localhost\"\n[[issuer]]\nid = \"clinic\"\nname = \"Clinic\"\nurl = \"{ISSUER}\"\nclient_id = \"c\""
    );
    let oidc = Oidc::new(toml::from_str(&file).unwrap()).unwrap();
    let sessions = SessionSettings { second_factor_required, ..SessionSettings::default() };
    let settings = ApiSettings { sessions, oidc, ..ApiSettings::default() };
    Fleet::start_set(tempfile::tempdir().unwrap(), settings).await
}

/// Somebody whom an identity provider vouches for, signed in.
async fn vouched_for(fleet: &Fleet) -> Browser {
    let now = Timestamp::now();
    let account = Account {
        id: "vouched".to_owned(),
        name: "anna@clinic".to_owned(),
        roles: vec!["operator".to_owned()],
        tenant: None,
        identity: Some(Identity { issuer: ISSUER.to_owned(), subject: "anna".to_owned() }),
        password_hash: None,
        failed_logins: 0,
        locked_until: None,
        second_factor_at: None,
        created_at: now,
        disabled_at: None,
    };
    let session = Session {
        id: "vouched".to_owned(),
        secret_hash: secret_hash("cookie"),
        account_id: account.id.clone(),
        method: "password".to_owned(),
        address: String::new(),
        client: String::new(),
        created_at: now,
        last_seen_at: now,
        expires_at: now + SignedDuration::from_hours(1),
        ended_at: None,
    };
    let changes = vec![Change::AddAccount(account), Change::StartSession(session)];
    fleet.api.ledger().change(changes, draft()).await.unwrap();
    let mut browser = Browser { cookie: "cloister=cookie".to_owned(), csrf: String::new() };
    let (_, own) = browser.call(fleet, Method::GET, paths::SESSION, None).await;
    browser.csrf = text(&own["csrf_token"]);
    browser
}
