//! Tenants: made, listed, removed when nothing of them is left.

use cloister_api::limits::{TENANT_TITLE_MAX_CHARS, TENANTS_MAX};
use cloister_api::{Changed, ChangedTenant, NewTenantRequest, ProblemKind, Tenant, TenantList};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_store::{Account, Change, Deployment, Key};
use jiff::Timestamp;

use super::{Facts, changed_of, commit, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};

/// All of them, or one's own.
pub(in crate::api) async fn list(api: &ApiState, caller: &Caller) -> Result<TenantList, ApiError> {
    let held = Held::read(api).await?;
    let rows = api.store().tenants().await?;
    let rows = rows.into_iter().filter(|row| caller.sees(Some(&row.name)));
    Ok(TenantList { tenants: rows.map(|row| held.view(row)).collect() })
}

pub(in crate::api) async fn create(
    api: &ApiState,
    caller: &Caller,
    request: NewTenantRequest,
) -> Result<ChangedTenant, ApiError> {
    names::check_deployment("name", &request.name)?;
    let title = title(&request)?;
    let known = api.store().tenants().await?;
    if known.iter().any(|tenant| tenant.name == request.name) {
        let detail = format!("a tenant called {:?} exists; choose another name", request.name);
        return Err(ApiError::new(ProblemKind::AlreadyExists, detail).with(|p| p.field = Some("name".into())));
    }
    if known.len() >= TENANTS_MAX {
        let detail = format!("the fleet has {TENANTS_MAX} tenants, the most that it keeps");
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    let row = cloister_store::Tenant { name: request.name, title, created_at: Timestamp::now() };
    let facts = Facts::from([("title".to_owned(), row.title.clone().into())]);
    let draft = changed_of(Some(&row.name), Kind::TenantCreated, caller, of(&row.name), facts);
    let record_id = commit(api, vec![Change::AddTenant(row.clone())], draft).await?;
    Ok(ChangedTenant { tenant: Held::default().view(row), record_id })
}

/// What belongs to it is the obstacle, and is named.
pub(in crate::api) async fn remove(api: &ApiState, caller: &Caller, name: &str) -> Result<Changed, ApiError> {
    if api.store().tenant(name).await?.is_none() {
        return Err(ApiError::not_found(format!(
            "there is no tenant {name:?}; list them (cloister tenant list)"
        )));
    }
    let draft = changed_of(Some(name), Kind::TenantRemoved, caller, of(name), Facts::new());
    let change = Change::RemoveTenant { name: name.to_owned() };
    commit(api, vec![change], draft).await.map(|record_id| Changed { record_id })
}

fn title(request: &NewTenantRequest) -> Result<String, ApiError> {
    let title = request.title.trim();
    if title.chars().count() > TENANT_TITLE_MAX_CHARS || title.chars().any(char::is_control) {
        let detail = format!("title must be at most {TENANT_TITLE_MAX_CHARS} characters, none of control");
        return Err(ApiError::invalid("title", detail));
    }
    Ok(if title.is_empty() { request.name.clone() } else { title.to_owned() })
}

fn of(name: &str) -> Subject {
    subject(SubjectKind::Tenant, name, Some(name))
}

/// What belongs to tenants, as of now.
#[derive(Default)]
struct Held {
    accounts: Vec<Account>,
    keys: Vec<Key>,
    deployments: Vec<Deployment>,
}

impl Held {
    async fn read(api: &ApiState) -> Result<Self, ApiError> {
        let now = Timestamp::now();
        let mut keys = api.store().keys().await?;
        keys.retain(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|at| at > now));
        let mut accounts = api.store().accounts().await?;
        accounts.retain(|account| account.disabled_at.is_none());
        Ok(Self { accounts, keys, deployments: api.store().deployments().await? })
    }

    fn view(&self, row: cloister_store::Tenant) -> Tenant {
        let is = |tenant: &Option<String>| tenant.as_ref() == Some(&row.name);
        Tenant {
            accounts: count(self.accounts.iter().filter(|account| is(&account.tenant))),
            keys: count(self.keys.iter().filter(|key| is(&key.tenant))),
            deployments: count(self.deployments.iter().filter(|deployment| is(&deployment.tenant))),
            created_at: row.created_at.to_string(),
            title: row.title,
            name: row.name,
        }
    }
}

fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
