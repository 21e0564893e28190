use super::*;

const GOOD: &str = r#"
public_url = "https://cloister.clinic.example"

[[issuer]]
id = "clinic"
name = "Clinic account"
url = "https://idp.clinic.example/dex"
client_id = "cloister"
scopes = ["groups", "offline_access"]

[[issuer.roles]]
group = "platform"
roles = ["fleet-admin"]
"#;

fn read(text: &str) -> Result<OidcFile, OidcError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    OidcFile::read(file.path())
}

#[test]
fn a_file_is_read_with_what_it_leaves_out() {
    let file = read(GOOD).unwrap();
    assert_eq!(file.public_url(), "https://cloister.clinic.example");
    let issuer = &file.issuers[0];
    assert_eq!((issuer.groups_claim.as_str(), issuer.recheck), ("groups", Duration::from_secs(300)));
    assert_eq!(issuer.roles[0].roles, [FleetRole::FleetAdmin]);
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_place() {
    let cases = [
        ("https://idp.clinic.example/dex", "http://idp.clinic.example/dex", "must begin with https"),
        ("https://cloister.clinic.example", "http://cloister.clinic.example", "public_url"),
        (
            "https://cloister.clinic.example",
            "https://cloister.clinic.example/sub",
            "a scheme, a host and a port",
        ),
        ("\"clinic\"", "\"Clinic!\"", "[a-z0-9-]"),
        ("fleet-admin", "king", "unknown variant"),
        ("client_id", "client", "unknown field"),
        ("scopes = [\"groups\", \"offline_access\"]", "recheck = \"0s\"", "recheck"),
        ("[[issuer.roles]]\ngroup = \"platform\"\nroles = [\"fleet-admin\"]", "", "at least one group"),
    ];
    for (from, to, says) in cases {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from}");
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{from} -> {to}: {error}");
    }
    let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[issuer]]").unwrap()..]);
    assert!(read(&twice).unwrap_err().to_string().contains("the same id"));
}
