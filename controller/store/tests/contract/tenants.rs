use cloister_store::{Change, Entity, RecordFilter, RecordQuery, Refusal, Usage, UsageQuery};

use crate::backends::{Database, log_rows, on_both_databases};
use crate::rows::{at, deployment, key, model, signer, tenant};

on_both_databases!(
    what_belongs_to_a_tenant_says_so_and_its_tenant_must_exist,
    tenant_is_removed_when_nothing_of_it_is_left,
    deployment_stays_with_its_tenant,
    records_of_a_tenant_are_found_by_it,
    usage_adds_up_and_is_found_by_day_and_tenant,
    use_of_a_key_is_noted_and_never_set_back,
);

const CARDIOLOGY: Option<&str> = Some("cardiology");

fn of<T>(thing: T, put: impl FnOnce(&mut T, Option<String>)) -> T {
    let mut thing = thing;
    put(&mut thing, CARDIOLOGY.map(str::to_owned));
    thing
}

async fn what_belongs_to_a_tenant_says_so_and_its_tenant_must_exist(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smol"))).await;
    let own_key = of(key("k1", 1), |key, tenant| key.tenant = tenant);
    let own_deployment = of(deployment("notes", "smol"), |deployment, tenant| deployment.tenant = tenant);
    for early in [Change::AddKey(own_key.clone()), Change::PutDeployment(own_deployment.clone())] {
        let refused = db.commit(vec![early]).await;
        assert!(matches!(refused, Err(Refusal::NotFound { entity: Entity::Tenant, .. })), "{refused:?}");
    }
    db.must(Change::AddTenant(tenant("cardiology"))).await;
    db.must(Change::AddKey(own_key.clone())).await;
    db.must(Change::PutDeployment(own_deployment.clone())).await;
    assert_eq!(db.store.key("k1").await.unwrap(), Some(own_key));
    assert_eq!(db.store.deployment("notes").await.unwrap(), Some(own_deployment));
    assert_eq!(db.store.tenants().await.unwrap(), [tenant("cardiology")]);
    let again = db.commit(vec![Change::AddTenant(tenant("cardiology"))]).await;
    assert!(matches!(again, Err(Refusal::AlreadyExists { entity: Entity::Tenant, .. })));
}

async fn tenant_is_removed_when_nothing_of_it_is_left(db: Database) {
    let remove = || Change::RemoveTenant { name: "cardiology".to_owned() };
    db.must(Change::AddTenant(tenant("cardiology"))).await;
    db.must(Change::AddKey(of(key("k1", 1), |key, tenant| key.tenant = tenant))).await;
    let refused = db.commit(vec![remove()]).await;
    assert!(matches!(&refused, Err(Refusal::InUse { by, .. }) if by == "API key ward-3"), "{refused:?}");
    db.must(Change::RevokeKey { id: "k1".to_owned(), at: at(9) }).await;
    db.must(remove()).await;
    assert_eq!(db.store.tenant("cardiology").await.unwrap(), None);
    let again = db.commit(vec![remove()]).await;
    assert!(matches!(again, Err(Refusal::NotFound { entity: Entity::Tenant, .. })));
}

async fn deployment_stays_with_its_tenant(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smol"))).await;
    db.must(Change::AddTenant(tenant("cardiology"))).await;
    db.must(Change::PutDeployment(deployment("notes", "smol"))).await;
    let mut moved = of(deployment("notes", "smol"), |deployment, tenant| deployment.tenant = tenant);
    moved.revision = 2;
    assert!(db.commit(vec![Change::PutDeployment(moved)]).await.is_err());
    let mut grown = deployment("notes", "smol");
    (grown.revision, grown.replicas) = (2, 3);
    db.must(Change::PutDeployment(grown.clone())).await;
    assert_eq!(db.store.deployment("notes").await.unwrap(), Some(grown));
}

async fn records_of_a_tenant_are_found_by_it(db: Database) {
    let mut append = db.store.ledger_append().await.unwrap();
    let mut rows = log_rows(0, 6);
    for row in rows.records.iter_mut().filter(|row| row.seq >= 3) {
        row.tenant = CARDIOLOGY.map(str::to_owned);
    }
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
    let found = |tenant: Option<&str>, kind: Option<&str>| RecordQuery {
        filter: RecordFilter {
            tenant: tenant.map(str::to_owned),
            kind: kind.map(str::to_owned),
            ..RecordFilter::default()
        },
        limit: 10,
        ..RecordQuery::default()
    };
    for (query, expected) in [
        (found(CARDIOLOGY, None), vec![5, 4, 3]),
        (found(CARDIOLOGY, Some("key.created")), vec![4]),
        (found(Some("oncology"), None), vec![]),
        (found(None, None), vec![5, 4, 3, 2, 1, 0]),
    ] {
        let seqs: Vec<_> = db.store.records(&query).await.unwrap().into_iter().map(|row| row.seq).collect();
        assert_eq!(seqs, expected, "{query:?}");
    }
}

fn usage(day: &str, tenant: Option<&str>, last_s: i64) -> Usage {
    Usage {
        day: day.to_owned(),
        tenant: tenant.map(str::to_owned),
        actor_kind: "api_key".to_owned(),
        actor_id: "k1".to_owned(),
        actor_name: "ehr".to_owned(),
        deployment: "ward".to_owned(),
        requests: 2,
        interrupted: 1,
        prompt_tokens: 30,
        output_tokens: 400,
        time_us: 5_000_000,
        last_at: at(last_s),
    }
}

async fn usage_adds_up_and_is_found_by_day_and_tenant(db: Database) {
    let (monday, tuesday) = ("2026-11-30", "2026-12-01");
    for (from, used) in [
        (0, vec![usage(monday, None, 9), usage(tuesday, None, 90)]),
        (1, vec![usage(monday, None, 7), usage(monday, CARDIOLOGY, 8)]),
    ] {
        let mut append = db.store.ledger_append().await.unwrap();
        let mut rows = log_rows(from, 1);
        rows.used = used;
        append.write(rows).await.unwrap();
        append.commit().await.unwrap();
    }
    let twice = Usage {
        requests: 4,
        interrupted: 2,
        prompt_tokens: 60,
        output_tokens: 800,
        time_us: 10_000_000,
        ..usage(monday, None, 9)
    };
    let query = |from: &str, to: &str, tenant: Option<&str>| UsageQuery {
        from: from.to_owned(),
        to: to.to_owned(),
        tenant: tenant.map(str::to_owned),
    };
    let cases = [
        (
            query(monday, tuesday, None),
            vec![usage(tuesday, None, 90), twice.clone(), usage(monday, CARDIOLOGY, 8)],
        ),
        (query(monday, monday, CARDIOLOGY), vec![usage(monday, CARDIOLOGY, 8)]),
        (query(tuesday, tuesday, CARDIOLOGY), vec![]),
        (query("2026-12-02", "2026-12-31", None), vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(db.store.usage(&query).await.unwrap(), expected, "{query:?}");
    }
    assert_eq!(db.store.keys_last_asked().await.unwrap(), [("k1".to_owned(), at(90))]);
}

async fn use_of_a_key_is_noted_and_never_set_back(db: Database) {
    db.must(Change::AddKey(key("k1", 1))).await;
    for (noted, expected) in [(20, 20), (10, 20), (30, 30)] {
        db.store.touch_key("k1", at(noted)).await.unwrap();
        assert_eq!(db.store.key("k1").await.unwrap().unwrap().last_used_at, Some(at(expected)));
    }
}
