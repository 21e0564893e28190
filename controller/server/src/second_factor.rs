//! The second factor of local accounts: codes that an authenticator app makes from a secret and the time (TOTP,
//! RFC 6238, in the form that every app knows: SHA-1, 6 digits, 30 s), and recovery codes for whoever has lost the app.
//! What counts as right is decided here; that it counts only once is the store's matter.

mod recovery;
mod sealed;
mod secret;

pub(crate) use recovery::RecoveryCode;
pub(crate) use sealed::SealingKey;
pub(crate) use secret::{NotAccepted, Secret};

use cloister_api::limits::SECOND_FACTOR_CODE_MAX_BYTES;
use zeroize::Zeroizing;

const APP_DIGITS: usize = 6;

/// What somebody typed, taken for what it looks like.
pub(crate) enum Code {
    /// 6 digits.
    App(Zeroizing<String>),
    Recovery(RecoveryCode),
    /// Neither.
    Unknown,
}

impl Code {
    /// Spaces and dashes between the signs mean nothing.
    pub(crate) fn parse(typed: &str) -> Self {
        if typed.len() > SECOND_FACTOR_CODE_MAX_BYTES {
            return Self::Unknown;
        }
        let bare = typed.chars().filter(|character| !character.is_whitespace() && *character != '-');
        let bare = Zeroizing::new(bare.collect::<String>());
        if bare.len() == APP_DIGITS && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::App(bare);
        }
        RecoveryCode::parse(&bare).map_or(Self::Unknown, Self::Recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_for_what_it_looks_like_however_it_is_spaced() {
        for typed in ["123456", " 123 456 ", "123-456"] {
            assert!(matches!(Code::parse(typed), Code::App(code) if *code == "123456"), "{typed}");
        }
        let code = RecoveryCode::generate().unwrap();
        let text = code.to_text();
        for typed in [text.to_string(), text.to_uppercase(), text.replace('-', " "), text.replace('-', "")] {
            assert!(matches!(Code::parse(&typed), Code::Recovery(_)), "{typed}");
        }
        let long = "1".repeat(SECOND_FACTOR_CODE_MAX_BYTES + 1);
        for typed in
            ["", "12345", "1234567", "١٢٣٤٥٦", "+12345", "12345a", "uuuu-uuuu-uuuu-uuuu", long.as_str()]
        {
            assert!(matches!(Code::parse(typed), Code::Unknown), "{typed}");
        }
    }
}
