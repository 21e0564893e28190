//! Accounts of people.

use cloister_api::paths;
use http::{Method, StatusCode};
use serde_json::json;

use super::Fleet;

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_by_field() {
    let fleet = Fleet::start().await;
    let cases = [
        (json!({"name": "", "roles": ["user"]}), "name"),
        (json!({"name": "Meier", "roles": ["user"]}), "name"),
        (json!({"name": "meier", "roles": []}), "roles"),
        (json!({"name": "meier", "roles": ["root"]}), "roles[0]"),
        (json!({"name": "meier", "roles": ["user"], "password": "x"}), "password"),
    ];
    for (body, field) in cases {
        let (status, problem) = fleet.call(Method::POST, paths::ACCOUNTS, Some(body)).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{problem}");
    }
    assert_eq!(fleet.get(paths::ACCOUNTS).await["accounts"], json!([]));
}

#[tokio::test]
async fn an_account_is_made_changed_and_disabled_on_record_and_its_name_stays_taken() {
    let fleet = Fleet::start().await;
    let new = json!({"name": "meier", "roles": ["user", "auditor", "user"]});
    let (status, made) = fleet.call(Method::POST, paths::ACCOUNTS, Some(new.clone())).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(made["account"]["roles"], json!(["auditor", "user"]));
    let roles = paths::ACCOUNT_ROLES.replace("{account}", "meier");
    let (status, changed) = fleet.call(Method::PUT, &roles, Some(json!({"roles": ["operator"]}))).await;
    assert_eq!((status, &changed["account"]["roles"]), (StatusCode::OK, &json!(["operator"])));
    assert_eq!(fleet.call(Method::DELETE, &paths::account("meier"), None).await.0, StatusCode::OK);
    let kinds: Vec<_> = fleet.recorded(3).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["account.disabled", "account.roles_changed", "account.created"]);

    for (method, path, body) in [
        (Method::POST, paths::ACCOUNTS.to_owned(), Some(new)),
        (Method::POST, paths::login_link("meier"), None),
        (Method::PUT, roles, Some(json!({"roles": ["user"]}))),
        (Method::DELETE, paths::account("meier"), None),
    ] {
        assert_eq!(fleet.call(method, &path, body).await.0, StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(fleet.call(Method::DELETE, &paths::account("nobody"), None).await.0, StatusCode::NOT_FOUND);
}
