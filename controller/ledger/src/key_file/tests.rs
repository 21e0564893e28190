use super::*;

const ORIGIN: &str = "cloister/fleet-a";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn key_is_made_once_private_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.key");
    let made = load_or_create_log_key(&path, ORIGIN).await.unwrap();
    let read = load_or_create_log_key(&path, ORIGIN).await.unwrap();
    assert_eq!(made.verifier_text(), read.verifier_text());
    assert_eq!(mode(&path), 0o600);
    let public = fs::read_to_string(folder.path().join("audit.vkey")).unwrap();
    assert_eq!(public.trim(), made.verifier_text());
}

#[tokio::test]
async fn key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.key");
    load_or_create_log_key(&path, ORIGIN).await.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = load_or_create_log_key(&path, ORIGIN).await.unwrap_err();
    assert!(matches!(error, KeyFileError::Exposed { mode: 0o644, .. }), "{error}");
}

#[tokio::test]
async fn key_of_another_log_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.key");
    load_or_create_log_key(&path, "cloister/fleet-b").await.unwrap();
    let error = load_or_create_log_key(&path, ORIGIN).await.unwrap_err();
    assert!(error.to_string().contains("cloister/fleet-b"), "{error}");
}

#[tokio::test]
async fn damaged_key_file_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.key");
    write_new(&path, 0o600, b"PRIVATE+KEY+sekrit").unwrap();
    let error = load_or_create_log_key(&path, ORIGIN).await.unwrap_err();
    assert!(matches!(error, KeyFileError::Malformed { .. }), "{error}");
    assert!(!error.to_string().contains("sekrit"));
}
