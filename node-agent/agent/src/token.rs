//! Join tokens: everything that a new node needs to find its controller and to trust it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::limits::JOIN_TOKEN_MAX_BYTES;

const PREFIX: &str = "cjt1.";

/// A parsed join token. Its secret shows in no debug output.
#[derive(Debug)]
pub(crate) struct JoinToken {
    /// Where agents connect, "https://host:port".
    pub url: String,
    /// The fleet's certificate authority, PEM: the only one that is trusted.
    pub ca_pem: String,
    /// What the controller exchanges for a certificate, once.
    pub secret: SecretString,
}

#[derive(Deserialize)]
struct TokenJson {
    url: String,
    ca: String,
    secret: String,
}

/// Why a text is not a join token. Never contains the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JoinTokenError {
    /// Copied badly, or something else altogether.
    #[error(
        "this is not a join token: one starts with `{PREFIX}`. Make one with `cloister nodes join-token`"
    )]
    Prefix,
    /// Too long to be one.
    #[error("this is not a join token: it is longer than {JOIN_TOKEN_MAX_BYTES} bytes")]
    TooLong,
    /// Cut off or altered on the way.
    #[error("the join token is damaged (its {part} cannot be read). Copy it again, whole and on one line")]
    Damaged {
        /// Which part.
        part: &'static str,
    },
}

impl JoinToken {
    /// Reads the text that `cloister nodes join-token` printed. Blanks around it and line breaks inside do not matter.
    ///
    /// # Errors
    ///
    /// [`JoinTokenError`] says what is wrong with it, without repeating it.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, JoinTokenError> {
        let text: SecretString = text.expose_secret().split_whitespace().collect::<String>().into();
        let text = text.expose_secret();
        if text.len() > JOIN_TOKEN_MAX_BYTES {
            return Err(JoinTokenError::TooLong);
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(JoinTokenError::Prefix)?;
        let damaged = |part| JoinTokenError::Damaged { part };
        let json = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).map_err(|_| damaged("encoding"))?;
        let json = zeroize::Zeroizing::new(json);
        let token: TokenJson = serde_json::from_slice(&json).map_err(|_| damaged("content"))?;
        if !token.url.starts_with("https://") || token.url.parse::<tonic::transport::Uri>().is_err() {
            return Err(damaged("address"));
        }
        if !token.ca.contains("-----BEGIN CERTIFICATE-----") {
            return Err(damaged("certificate authority"));
        }
        let secret = SecretString::from(token.secret);
        if secret.expose_secret().is_empty() {
            return Err(damaged("secret"));
        }
        Ok(Self { url: token.url, ca_pem: token.ca, secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = "-----BEGIN CERTIFICATE-----\\nAA==\\n-----END CERTIFICATE-----\\n";

    fn token(json: &str) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    fn good() -> String {
        token(&format!(r#"{{"url":"https://10.0.0.1:7082","ca":"{CA}","secret":"s3cret"}}"#))
    }

    #[test]
    fn a_token_is_read_however_it_was_wrapped() {
        let text = good();
        let wrapped = format!("  {}\n {}\n", &text[..20], &text[20..]);
        for text in [text, wrapped] {
            let token = JoinToken::parse(&text.into()).unwrap();
            assert_eq!(token.url, "https://10.0.0.1:7082");
            assert_eq!(token.secret.expose_secret(), "s3cret");
            assert!(!format!("{token:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_damaged_token_names_the_damaged_part_and_not_the_secret() {
        let cases = [
            ("", JoinTokenError::Prefix),
            ("clk_something", JoinTokenError::Prefix),
            ("cjt1.!!!", JoinTokenError::Damaged { part: "encoding" }),
            (&good()[..60], JoinTokenError::Damaged { part: "content" }),
            (&token("[]"), JoinTokenError::Damaged { part: "content" }),
            (
                &token(&format!(r#"{{"url":"http://x","ca":"{CA}","secret":"s3cret"}}"#)),
                JoinTokenError::Damaged { part: "address" },
            ),
            (
                &token(r#"{"url":"https://x:1","ca":"none","secret":"s3cret"}"#),
                JoinTokenError::Damaged { part: "certificate authority" },
            ),
            (
                &token(&format!(r#"{{"url":"https://x:1","ca":"{CA}","secret":""}}"#)),
                JoinTokenError::Damaged { part: "secret" },
            ),
            (&format!("cjt1.{}", "A".repeat(JOIN_TOKEN_MAX_BYTES)), JoinTokenError::TooLong),
        ];
        for (text, wanted) in cases {
            let error = JoinToken::parse(&text.to_owned().into()).unwrap_err();
            assert_eq!(error, wanted);
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
