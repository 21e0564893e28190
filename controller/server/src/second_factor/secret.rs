//! The secret that an app and the controller share, and the codes that come of it.

use totp_rs::{Builder, Totp};
use zeroize::{Zeroize as _, Zeroizing};

/// RFC 4226, section 4, requirement 6: 160 bits.
pub(super) const SECRET_BYTES: usize = 20;

/// Wiped from memory when it is dropped, as the copies are that the library makes.
pub(crate) struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

/// Why a code does not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    Wrong,
    /// It is right, and was used before, or one after it was.
    UsedBefore,
}

impl Secret {
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut array: [u8; SECRET_BYTES] = bytes.try_into().ok()?;
        let secret = Self(Zeroizing::new(array));
        array.zeroize();
        Some(secret)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// As somebody types it where there is no camera.
    pub(crate) fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(self.totp().secret().to_base32())
    }

    /// `otpauth://totp/…`, which apps read from a QR code. `None` for names that it cannot hold: none that are
    /// allowed here.
    pub(crate) fn to_uri(&self, issuer: &str, account: &str) -> Option<Zeroizing<String>> {
        let totp = Builder::new().with_secret(*self.0).with_issuer(Some(issuer)).with_account_name(account);
        totp.build().ok()?.to_url().ok().map(Zeroizing::new)
    }

    /// The time step of a code that may let in now: of the present step, or of the one before or after, because
    /// clocks differ; and of one after `last_step`, because a code counts once.
    pub(crate) fn step_of(
        &self,
        code: &str,
        unix_s: u64,
        last_step: Option<u64>,
    ) -> Result<u64, NotAccepted> {
        // The comparison takes as long for a wrong code as for a right one (constant_time_eq, in the library).
        let step = self.totp().check(code, unix_s).ok_or(NotAccepted::Wrong)?;
        match last_step.is_none_or(|last| step > last) {
            true => Ok(step),
            false => Err(NotAccepted::UsedBefore),
        }
    }

    fn totp(&self) -> Totp {
        Builder::new().with_secret(*self.0).build_noncompliant()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_S: u64 = 30;

    /// RFC 6238, appendix B: the secret of the SHA-1 rows.
    fn of_the_rfc() -> Secret {
        Secret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // The table has 8 digits; a code of 6 is the end of it (RFC 4226, section 5.3).
        let rows = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (unix_s, code) in rows {
            assert_eq!(of_the_rfc().step_of(&code[2..], unix_s, None), Ok(unix_s / STEP_S), "{unix_s}");
        }
    }

    #[test]
    fn clocks_may_differ_by_one_step_and_no_more() {
        let code = "287082";
        for (unix_s, good) in
            [(0, true), (29, true), (30, true), (59, true), (60, true), (89, true), (90, false)]
        {
            let step = of_the_rfc().step_of(code, unix_s, None);
            assert_eq!(step, if good { Ok(1) } else { Err(NotAccepted::Wrong) }, "{unix_s}");
        }
    }

    #[test]
    fn a_code_counts_once_and_none_before_it_counts_after_it() {
        let code = "287082";
        for (last_step, expected) in [
            (None, Ok(1)),
            (Some(0), Ok(1)),
            (Some(1), Err(NotAccepted::UsedBefore)),
            (Some(2), Err(NotAccepted::UsedBefore)),
        ] {
            assert_eq!(of_the_rfc().step_of(code, 59, last_step), expected, "{last_step:?}");
        }
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        for code in ["", "287083", "28708", "2870820", "+87082", "abcdef", "２８７０８２"] {
            assert_eq!(of_the_rfc().step_of(code, 59, None), Err(NotAccepted::Wrong), "{code}");
        }
    }

    #[test]
    fn apps_are_told_what_they_need_in_their_own_form() {
        let secret = of_the_rfc();
        assert_eq!(*secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            *secret.to_uri("Cloister ward-3", "m.meier").unwrap(),
            "otpauth://totp/Cloister%20ward-3:m.meier?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Cloister%20ward-3"
        );
    }
}
