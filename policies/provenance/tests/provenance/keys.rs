//! Keys as other tools write them.

use std::process::Command;

use cloister_provenance::{
    Bundle, FileEntry, KeyError, PublicKey, Sha256Digest, SigningKey, TrustedSigner, keygen, sign,
};

fn openssl(arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the openssl program makes the keys of this test; install it");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn signs_and_verifies(private_pem: &str, public_pem: &str) {
    let entry = FileEntry { name: "a".into(), sha256: Sha256Digest::of(b"a") };
    let signed = sign(vec![entry], &SigningKey::from_pem(private_pem).unwrap(), "m").unwrap();
    let trusted = TrustedSigner::from_pem("s", public_pem).unwrap();
    Bundle::parse(&signed.bytes).unwrap().verify_signature(&[trusted]).unwrap();
}

#[test]
fn generated_keys_sign_and_verify() {
    let key = keygen().unwrap();
    signs_and_verifies(&key.private_pem, &key.public_pem);
    assert_eq!(PublicKey::from_pem(&key.public_pem).unwrap().to_pem(), key.public_pem);
}

#[test]
fn openssl_reads_our_keys_and_we_read_its_keys_in_both_forms() {
    let ours = keygen().unwrap();
    assert_eq!(openssl(&["pkey", "-pubout"], &ours.private_pem), ours.public_pem);
    let sec1 = openssl(&["ecparam", "-name", "prime256v1", "-genkey"], "");
    assert!(sec1.contains("BEGIN EC PARAMETERS") && sec1.contains("BEGIN EC PRIVATE KEY"));
    let public = openssl(&["pkey", "-pubout"], &sec1);
    signs_and_verifies(&sec1, &public);
    signs_and_verifies(&openssl(&["pkcs8", "-topk8", "-nocrypt"], &sec1), &public);
}

#[test]
fn keys_of_other_kinds_and_no_keys_are_refused_by_name() {
    let p384 = openssl(&["ecparam", "-name", "secp384r1", "-genkey"], "");
    let ed25519 = openssl(&["genpkey", "-algorithm", "ed25519"], "");
    let encrypted = openssl(&["pkey", "-aes256", "-passout", "pass:x"], &keygen().unwrap().private_pem);
    let public = keygen().unwrap().public_pem;
    let private = [
        (p384.as_str(), KeyError::NotP256),
        (&ed25519, KeyError::NotP256),
        (&encrypted, KeyError::Encrypted),
        (&public, KeyError::NoPrivateKey),
        ("", KeyError::NoPrivateKey),
    ];
    for (pem, error) in private {
        assert_eq!(SigningKey::from_pem(pem).err(), Some(error), "{pem}");
    }
    let public = [
        (openssl(&["pkey", "-pubout"], &p384), KeyError::NotP256),
        (openssl(&["pkey", "-pubout"], &ed25519), KeyError::NotP256),
        ("hello".to_owned(), KeyError::NoPublicKey),
        ("x".repeat(100_000), KeyError::TooLarge { bytes: 100_000 }),
    ];
    for (pem, error) in public {
        assert_eq!(PublicKey::from_pem(&pem).err(), Some(error), "{pem:.60}");
    }
}

#[test]
fn a_point_that_is_not_on_the_curve_is_no_key() {
    let pem = keygen().unwrap().public_pem;
    let mut der = pem::parse(&pem).unwrap().into_contents();
    *der.last_mut().unwrap() ^= 1;
    let bent = pem::encode(&pem::Pem::new("PUBLIC KEY", der));
    assert_eq!(PublicKey::from_pem(&bent).err(), Some(KeyError::NotP256));
}

#[test]
fn private_keys_stay_out_of_debug_output() {
    let generated = keygen().unwrap();
    let shown = format!("{:?}", SigningKey::from_pem(&generated.private_pem).unwrap());
    assert_eq!(shown, format!("SigningKey({}, secret)", generated.key_id));
}
