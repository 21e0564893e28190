//! Log checkpoints: the size and the root of the log, signed. The text is a C2SP `tlog-checkpoint` in a
//! C2SP `signed-note` with one Ed25519 signature.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use signed_note::{Note, StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::Checkpoint;
use zeroize::Zeroizing;

use crate::{
    limits::{MAX_CHECKPOINT_BYTES, MAX_ORIGIN_BYTES, MAX_VERIFIER_KEY_BYTES},
    tree::Hash,
};

/// Signature type of Ed25519 in key texts (C2SP `signed-note`, "Signatures").
const ED25519: u8 = 1;

/// A log key or a log checkpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error(
        "the log origin must be 1 to {MAX_ORIGIN_BYTES} bytes without spaces, control characters or \"+\""
    )]
    Origin,
    #[error("this is not a log signing key (PRIVATE+KEY+origin+id+base64)")]
    SigningKey,
    #[error("this is not a verifier key (origin+id+base64 of an Ed25519 key)")]
    VerifierKey,
    #[error("the log checkpoint is malformed")]
    Malformed,
    #[error("the log checkpoint is signed by another key than the one given ({expected})")]
    OtherKey { expected: String },
    #[error("the signature of the log checkpoint is not valid: size, root or signature was altered")]
    Signature,
    #[error("the log checkpoint is of log {found}, the key given is of log {expected}")]
    OtherLog { expected: String, found: String },
    #[error("the log checkpoint could not be signed")]
    Signing,
}

/// Origin of a fleet's log.
pub fn origin(fleet_id: &str) -> String {
    format!("cloister/{fleet_id}")
}

/// The key that signs log checkpoints. `Debug` shows no secret.
#[derive(Clone)]
pub struct LogKey {
    signer: StandardSigner,
    secret_text: Zeroizing<String>,
    verifier_text: String,
}

impl LogKey {
    /// The key of log `origin` made from 32 random bytes.
    ///
    /// # Errors
    /// `origin` cannot be the name of a key.
    pub fn from_seed(origin: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Self, CheckpointError> {
        check_origin(origin)?;
        let signing_key = SigningKey::from_bytes(seed);
        let public = [&[ED25519], signing_key.verifying_key().as_bytes().as_slice()].concat();
        let secret = Zeroizing::new([&[ED25519], seed.as_slice()].concat());
        let id = signed_note::key_id(origin, &public);
        let encoded = Zeroizing::new(STANDARD.encode(&*secret));
        Self::from_text(&Zeroizing::new(format!("PRIVATE+KEY+{origin}+{id:08x}+{}", *encoded)))
    }

    /// Reads the text form, `PRIVATE+KEY+origin+id+base64`.
    ///
    /// # Errors
    /// Not such a text.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let text = text.trim_end();
        let signer = StandardSigner::new(text).map_err(|_| CheckpointError::SigningKey)?;
        let verifier_text = verifier_text(text).ok_or(CheckpointError::SigningKey)?;
        check_origin(signed_note::Signer::name(&signer))?;
        Ok(Self { signer, secret_text: Zeroizing::new(text.to_owned()), verifier_text })
    }

    /// The secret text form; write it with mode 0600.
    pub fn to_text(&self) -> &Zeroizing<String> {
        &self.secret_text
    }

    /// The public text form (*vkey*), to be handed to whoever checks evidence.
    pub fn verifier_text(&self) -> &str {
        &self.verifier_text
    }

    /// The log whose checkpoints this key signs.
    pub fn origin(&self) -> &str {
        signed_note::Signer::name(&self.signer)
    }

    /// The public half.
    ///
    /// # Errors
    /// None for a key that was made by this type.
    pub fn verifier(&self) -> Result<LogVerifier, CheckpointError> {
        LogVerifier::from_text(&self.verifier_text)
    }

    /// Signs the head of the log.
    ///
    /// # Errors
    /// The text could not be signed.
    pub fn sign(&self, tree_size: u64, root: Hash) -> Result<SignedCheckpoint, CheckpointError> {
        let checkpoint =
            Checkpoint::new(self.origin(), tree_size, root, "").map_err(|_| CheckpointError::Signing)?;
        let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|_| CheckpointError::Signing)?;
        note.add_sigs(&[&self.signer]).map_err(|_| CheckpointError::Signing)?;
        let text = String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Signing)?;
        Ok(SignedCheckpoint { text, tree_size, root })
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({}, secret)", self.verifier_text)
    }
}

fn verifier_text(secret_text: &str) -> Option<String> {
    let mut parts = secret_text.strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
    let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let secret = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(secret.strip_prefix(&[ED25519])?.try_into().ok()?);
    let public = SigningKey::from_bytes(&seed).verifying_key();
    let public = [&[ED25519], public.as_bytes().as_slice()].concat();
    Some(format!("{name}+{id}+{}", STANDARD.encode(public)))
}

/// The public key of a log.
#[derive(Clone)]
pub struct LogVerifier {
    verifier: StandardVerifier,
    text: String,
}

impl LogVerifier {
    /// Reads a *vkey*, `origin+id+base64`.
    ///
    /// # Errors
    /// Not such a text.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let text = text.trim();
        if text.len() > MAX_VERIFIER_KEY_BYTES {
            return Err(CheckpointError::VerifierKey);
        }
        let verifier = StandardVerifier::new(text).map_err(|_| CheckpointError::VerifierKey)?;
        check_origin(verifier.name())?;
        Ok(Self { verifier, text: text.to_owned() })
    }

    /// The log that the key belongs to.
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// The text form.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks a signed log checkpoint: well formed, one signature, by this key, of this log.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn open(&self, text: &str) -> Result<SignedCheckpoint, CheckpointError> {
        if text.len() > MAX_CHECKPOINT_BYTES {
            return Err(CheckpointError::Malformed);
        }
        let note = Note::from_bytes(text.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let known = VerifierList::new(vec![Box::new(self.verifier.clone())]);
        let (verified, _) = note.verify(&known).map_err(|error| match error {
            signed_note::NoteError::UnverifiedNote => {
                CheckpointError::OtherKey { expected: self.text.clone() }
            }
            _ => CheckpointError::Signature,
        })?;
        // One signature and nothing else: every byte of the text is then covered by it.
        let alone = Note::new(note.text(), &verified).map_err(|_| CheckpointError::Malformed)?;
        if alone.to_bytes() != text.as_bytes() {
            return Err(CheckpointError::Malformed);
        }
        self.read(note.text(), text)
    }

    fn read(&self, body: &[u8], text: &str) -> Result<SignedCheckpoint, CheckpointError> {
        let checkpoint = Checkpoint::from_bytes(body).map_err(|_| CheckpointError::Malformed)?;
        if checkpoint.origin() != self.origin() {
            return Err(CheckpointError::OtherLog {
                expected: self.origin().to_owned(),
                found: checkpoint.origin().to_owned(),
            });
        }
        Ok(SignedCheckpoint { text: text.to_owned(), tree_size: checkpoint.size(), root: *checkpoint.hash() })
    }
}

impl fmt::Debug for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogVerifier({})", self.text)
    }
}

/// A head of the log whose signature is known to be good: just made, or checked by [`LogVerifier::open`].
#[derive(Debug, Clone, PartialEq)]
pub struct SignedCheckpoint {
    text: String,
    tree_size: u64,
    root: Hash,
}

impl SignedCheckpoint {
    /// The signed note.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of leaves.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// Root hash over them.
    pub fn root(&self) -> Hash {
        self.root
    }
}

fn check_origin(origin: &str) -> Result<(), CheckpointError> {
    let fits = (1..=MAX_ORIGIN_BYTES).contains(&origin.len());
    let plain = signed_note::is_key_name_valid(origin) && !origin.chars().any(char::is_control);
    if fits && plain { Ok(()) } else { Err(CheckpointError::Origin) }
}

#[cfg(test)]
mod tests;
