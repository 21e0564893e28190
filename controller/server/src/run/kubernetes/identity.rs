//! One identity for all controllers of an installation: fleet CA, log key, first admin key. It lives in a Secret;
//! each controller has a copy in its data folder, where the rest of the program looks for it.

use std::path::PathBuf;

use cloister_operator::{IdentityFile, IdentitySecret, Published};
use cloister_store::Store;
use zeroize::Zeroizing;

use super::KubernetesError;
use crate::data_dir::{DataDir, read_optional, write_atomically};
use crate::fleet::FleetCa;
use crate::run::first_start;

/// The files, by the names that they have in the Secret, each with its mode.
fn files(data: &DataDir) -> [(PathBuf, u32); 5] {
    [
        (data.ca_key(), 0o600),
        (data.ca_pem(), 0o644),
        (data.audit_key(), 0o600),
        (data.audit_vkey(), 0o644),
        (data.admin_key(), 0o600),
    ]
}

pub(super) async fn settle(
    secret: &IdentitySecret,
    name: &str,
    data: &DataDir,
    store: &Store,
    fleet_name: &str,
) -> Result<(), KubernetesError> {
    if let Some(published) = secret.read().await? {
        return take(name, data, &published, OnDifference::Refuse);
    }
    make(name, data, store, fleet_name).await?;
    match secret.publish(&read(data)?).await? {
        Published::Ours => Ok(()),
        // Ours was made a moment ago and nothing was done with it.
        Published::Theirs(theirs) => take(name, data, &theirs, OnDifference::Replace),
    }
}

/// Makes what is missing in the data folder, unless the database belongs to an identity already.
async fn make(name: &str, data: &DataDir, store: &Store, fleet_name: &str) -> Result<(), KubernetesError> {
    let complete = files(data).iter().all(|(path, _)| path.exists());
    if let Some(fleet) = first_start::fleet_id(store).await?.filter(|_| !complete) {
        return Err(KubernetesError::IdentityLost { secret: name.to_owned(), fleet });
    }
    FleetCa::open(data, fleet_name)?;
    let origin = first_start::log_origin(data, store).await?;
    cloister_ledger::load_or_create_log_key(&data.audit_key(), &origin).await?;
    Ok(first_start::ensure_admin_secret(data)?)
}

fn read(data: &DataDir) -> Result<Vec<IdentityFile>, KubernetesError> {
    let mut found = Vec::new();
    for (path, _) in files(data) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = read_optional(&path)?.unwrap_or_default();
        found.push(IdentityFile { name, bytes: Zeroizing::new(text.into_bytes()) });
    }
    Ok(found)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDifference {
    Refuse,
    Replace,
}

/// Writes the published files into the data folder. A volume that holds other keys belongs to another fleet.
fn take(
    name: &str,
    data: &DataDir,
    published: &[IdentityFile],
    on_difference: OnDifference,
) -> Result<(), KubernetesError> {
    for (path, mode) in files(data) {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(wanted) = published.iter().find(|published| published.name == file) else { continue };
        let there = read_optional(&path)?.map(Zeroizing::new);
        let same = there.as_ref().is_some_and(|text| text.as_bytes() == wanted.bytes.as_slice());
        if same {
            continue;
        }
        if there.is_some() && on_difference == OnDifference::Refuse {
            return Err(KubernetesError::OtherFleet { secret: name.to_owned(), file });
        }
        write_atomically(&path, &wanted.bytes, mode)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (tempfile::TempDir, DataDir) {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        (temp, data)
    }

    fn published(text: &str) -> Vec<IdentityFile> {
        vec![IdentityFile { name: "ca.key".into(), bytes: Zeroizing::new(text.as_bytes().to_vec()) }]
    }

    #[test]
    fn a_volume_of_another_fleet_is_refused_and_left_as_it_is() {
        let (_temp, data) = data();
        take("s", &data, &published("one"), OnDifference::Refuse).unwrap();
        take("s", &data, &published("one"), OnDifference::Refuse).unwrap();
        let refused = take("s", &data, &published("two"), OnDifference::Refuse).unwrap_err().to_string();
        assert!(refused.contains("ca.key"), "{refused}");
        assert_eq!(std::fs::read_to_string(data.ca_key()).unwrap(), "one");
    }

    #[test]
    fn whoever_was_second_takes_what_the_first_made() {
        let (_temp, data) = data();
        write_atomically(&data.ca_key(), b"mine", 0o600).unwrap();
        take("s", &data, &published("theirs"), OnDifference::Replace).unwrap();
        assert_eq!(std::fs::read_to_string(data.ca_key()).unwrap(), "theirs");
    }

    #[tokio::test]
    async fn a_database_whose_identity_is_lost_gets_no_new_one() {
        let fixture = crate::tests::fixture::Fixture::start().await;
        let (_temp, empty) = data();
        let refused = make("s", &empty, fixture.store(), "fleet").await.unwrap_err();
        assert!(matches!(refused, KubernetesError::IdentityLost { .. }), "{refused}");
        assert!(!empty.ca_key().exists());
    }
}
