use super::*;

#[test]
fn server_keeps_its_data_over_a_stop_and_is_unreachable_in_between() {
    let mut server = Server::start(Durability::Fast).unwrap();
    let first = server.create_database().unwrap();
    assert!(server.accepts_connections().unwrap());
    server.stop();
    assert!(!server.accepts_connections().unwrap());
    server.resume().unwrap();
    let second = server.create_database().unwrap();
    assert_ne!(first, second);
}

#[test]
fn folder_is_gone_with_its_server() {
    let server = Server::start(Durability::Fast).unwrap();
    let folder = server.folder.path().to_owned();
    drop(server);
    assert!(!folder.exists());
}
