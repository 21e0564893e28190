//! The bytes that a DSSE signature covers.

/// Pre-authentication encoding, DSSE v1 "Protocol": the type and the payload, each with its length, so
/// that no payload of one type can be read as another.
pub(crate) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut encoded = Vec::with_capacity(head.len() + payload.len());
    encoded.extend_from_slice(head.as_bytes());
    encoded.extend_from_slice(payload);
    encoded
}

#[cfg(test)]
mod tests {
    use super::pre_authentication_encoding;

    #[test]
    fn encoding_matches_the_example_of_the_dsse_protocol_text() {
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
