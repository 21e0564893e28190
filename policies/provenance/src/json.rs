//! The JSON shapes of a signature bundle and of the statement inside it. Unknown fields are refused:
//! a field that this crate does not know could change what the signer meant.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
pub(crate) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
pub(crate) const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
pub(crate) const HASH_TYPE: &str = "sha256";
pub(crate) const METHOD: &str = "files";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BundleJson {
    pub(crate) media_type: String,
    pub(crate) verification_material: MaterialJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dsse_envelope: Option<EnvelopeJson>,
    /// Sigstore's other content, a signature over a bare digest: recognised so that it can be refused
    /// by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message_signature: Option<Value>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MaterialJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_key: Option<PublicKeyJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) x509_certificate_chain: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<Value>,
    #[serde(default)]
    pub(crate) tlog_entries: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp_verification_data: Option<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicKeyJson {
    /// SHA-256, in hexadecimal, of the PEM text of the public key.
    #[serde(default)]
    pub(crate) hint: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnvelopeJson {
    /// Base64.
    pub(crate) payload: String,
    pub(crate) payload_type: String,
    #[serde(default)]
    pub(crate) signatures: Vec<SignatureJson>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureJson {
    /// Base64 of the DER form.
    pub(crate) sig: String,
    /// Not signed, so never used.
    #[serde(default)]
    pub(crate) keyid: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementJson {
    #[serde(rename = "_type")]
    pub(crate) statement_type: String,
    pub(crate) subject: Vec<SubjectJson>,
    #[serde(rename = "predicateType")]
    pub(crate) predicate_type: String,
    pub(crate) predicate: PredicateJson,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectJson {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) digest: SubjectDigestJson,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectDigestJson {
    pub(crate) sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredicateJson {
    pub(crate) resources: Vec<ResourceJson>,
    pub(crate) serialization: SerializationJson,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceJson {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) algorithm: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SerializationJson {
    pub(crate) method: String,
    pub(crate) hash_type: String,
    #[serde(default)]
    pub(crate) allow_symlinks: bool,
    /// Recorded by the signer; this crate ignores no file, whatever stands here.
    #[serde(default)]
    pub(crate) ignore_paths: Vec<String>,
    /// Only of method `shards`; recognised so that it can be refused by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shard_size: Option<Value>,
}
