use super::*;

#[test]
fn paths_encode_what_a_caller_typed() {
    let cases = [
        (paths::model("sha256:ab"), "/api/v1/models/sha256:ab"),
        (paths::model("a/../b"), "/api/v1/models/a%2F..%2Fb"),
        (paths::deployment("ö?"), "/api/v1/deployments/%C3%B6%3F"),
        (paths::upload_file("01J", "x y.gguf", 7), "/api/v1/uploads/01J/files/x%20y.gguf?offset=7"),
        (paths::replicas(Some("a&b")), "/api/v1/replicas?deployment=a%26b"),
        (paths::records(&paths::RecordQuery::default()), "/api/v1/audit/records"),
        (paths::evidence(&["A".into(), "B".into()]), "/api/v1/audit/evidence?ids=A,B"),
    ];
    for (built, expected) in cases {
        assert_eq!(built, expected);
    }
}

#[test]
fn record_query_joins_only_what_is_set() {
    let query = paths::RecordQuery { limit: Some(5), kind: Some("model.imported"), ..Default::default() };
    assert_eq!(paths::records(&query), "/api/v1/audit/records?limit=5&kind=model.imported");
}

#[test]
fn a_problem_survives_the_wire_and_keeps_its_kind() {
    for kind in ProblemKind::ALL {
        let problem = Problem::new(kind, "why").with_field("name");
        let text = serde_json::to_string(&problem).unwrap();
        let back: Problem = serde_json::from_str(&text).unwrap();
        assert_eq!(back, problem);
        assert_eq!(back.kind(), Some(kind));
    }
}

#[test]
fn problem_names_are_distinct_and_statuses_are_errors() {
    let names: std::collections::HashSet<_> = ProblemKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), ProblemKind::ALL.len());
    assert!(ProblemKind::ALL.iter().all(|kind| (400..600).contains(&kind.status())));
}

#[test]
fn a_phase_from_a_newer_controller_is_unknown_and_not_an_error() {
    assert_eq!(serde_json::from_str::<Phase>("\"defragmenting\"").unwrap(), Phase::Unknown);
    assert_eq!(serde_json::to_string(&Phase::Ready).unwrap(), "\"ready\"");
}

#[test]
fn a_misspelt_field_of_a_request_is_an_error() {
    let error = serde_json::from_str::<DeployRequest>(r#"{"model":"m","replica":3}"#).unwrap_err();
    assert!(error.to_string().contains("replica"), "{error}");
}

#[test]
fn a_deploy_request_needs_only_a_model() {
    let request: DeployRequest = serde_json::from_str(r#"{"model":"m"}"#).unwrap();
    assert_eq!(request.replicas, 1);
    assert_eq!(request.context_length, 0);
}

#[test]
fn secrets_do_not_reach_debug_output() {
    let token = JoinToken { token: "cjt1.secret".into(), expires_at: "x".into(), record_id: "r".into() };
    assert!(!format!("{token:?}").contains("secret"));
    let offered =
        OfferedSecondFactor { secret: "SECRET".into(), uri: "SECRET".into(), expires_at: "x".into() };
    let codes = RecoveryCodes { recovery_codes: vec!["SECRET".into()], record_id: "r".into() };
    let (code, current_password) = ("SECRET".to_owned(), Some("SECRET".to_owned()));
    let confirm =
        ConfirmSecondFactorRequest { code: code.clone(), current_password: current_password.clone() };
    let remove = RemoveSecondFactorRequest { code, current_password };
    assert!(!format!("{offered:?}{codes:?}{confirm:?}{remove:?}").contains("SECRET"));
}

#[test]
fn an_import_is_written_as_people_would_write_it() {
    let text = r#"{"name":"m","source":{"oci":{"reference":"r.example/m@sha256:ab"}}}"#;
    let import: NewImport = serde_json::from_str(text).unwrap();
    assert_eq!(import.source, ImportSource::Oci(OciSource { reference: "r.example/m@sha256:ab".into() }));
    assert_eq!(serde_json::to_string(&import).unwrap(), text);
    for wrong in [
        r#"{"name":"m","source":{}}"#,
        r#"{"name":"m","source":{"oci":{"reference":"a"},"path":{"path":"b"}}}"#,
        r#"{"name":"m","source":{"ftp":{"url":"b"}}}"#,
        r#"{"name":"m","source":{"https":{"url":"b"}}}"#,
    ] {
        assert!(serde_json::from_str::<NewImport>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn reasons_are_distinct_and_those_of_a_newer_controller_are_unknown() {
    for reason in ImportReason::ALL {
        let text = serde_json::to_string(&reason).unwrap();
        assert_eq!(text, format!("{:?}", reason.as_str()));
        assert_eq!(serde_json::from_str::<ImportReason>(&text).unwrap(), reason);
    }
    assert_eq!(serde_json::from_str::<ImportReason>("\"moon_phase\"").unwrap(), ImportReason::Unknown);
    assert_eq!(serde_json::from_str::<ImportPhase>("\"resting\"").unwrap(), ImportPhase::Unknown);
}
