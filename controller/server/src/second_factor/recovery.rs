//! Recovery codes: 80 random bits each, so that what is stored of them (a hash) leads back to none.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const CODE_BYTES: usize = 10;
const CODE_CHARS: usize = 16;
const GROUP_CHARS: usize = 4;
/// Crockford's base 32: no letter that is read as another, none that makes words.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// One that was made, or that somebody typed: 16 characters of the alphabet.
pub(crate) struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0_u8; CODE_BYTES]);
        getrandom::fill(bytes.as_mut_slice())?;
        let bits = bytes.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let characters = (0..CODE_CHARS).rev().map(|place| {
            let five_bits = (bits >> (place * 5)) & 31;
            char::from(ALPHABET[usize::try_from(five_bits).unwrap_or_default()])
        });
        Ok(Self(Zeroizing::new(characters.collect())))
    }

    /// From text without spaces and dashes, in small or capital letters; what looks like a digit is one.
    pub(super) fn parse(bare: &str) -> Option<Self> {
        let characters = bare.chars().map(|character| match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        });
        let code = Zeroizing::new(characters.collect::<String>());
        let whole = code.len() == CODE_CHARS && code.bytes().all(|byte| ALPHABET.contains(&byte));
        whole.then_some(Self(code))
    }

    /// As it is shown: four groups of four.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(CODE_CHARS + CODE_CHARS / GROUP_CHARS));
        for (place, character) in self.0.chars().enumerate() {
            if place > 0 && place % GROUP_CHARS == 0 {
                text.push('-');
            }
            text.push(character);
        }
        text
    }

    /// What is stored in its place; of another account the same code has another.
    pub(crate) fn hash(&self, account_id: &str) -> [u8; 32] {
        let hash = Sha256::new().chain_update(b"cloister recovery code v1\0").chain_update(account_id);
        hash.chain_update(b"\0").chain_update(self.0.as_bytes()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_typed_is_the_one_that_was_shown() {
        let code = RecoveryCode::generate().unwrap();
        let text = code.to_text();
        assert_eq!(text.len(), 19, "{}", *text);
        let bare = text.replace('-', "");
        let misread = bare.to_uppercase().replace('0', "O").replace('1', "l");
        for typed in [bare.as_str(), misread.as_str()] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().hash("a1"), code.hash("a1"));
        }
        assert_ne!(code.hash("a1"), code.hash("a2"));
    }

    #[test]
    fn every_bit_of_a_code_is_random() {
        let codes: Vec<_> = (0..256).map(|_| RecoveryCode::generate().unwrap()).collect();
        for place in 0..CODE_CHARS {
            let at: std::collections::BTreeSet<_> =
                codes.iter().map(|code| code.0.as_bytes()[place]).collect();
            assert!(at.len() > 24, "place {place} has {} characters", at.len());
        }
    }
}
