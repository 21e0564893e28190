//! Model names with `*` (any characters, also none) and `?` (exactly one). Nothing else is special.

/// Longest pattern, in bytes: that of the longest model name.
const GLOB_MAX_BYTES: usize = 63;

/// Why a pattern cannot match any model name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    #[error("it is empty; write * for every name")]
    Empty,
    #[error("it has {bytes} bytes; model names have at most {GLOB_MAX_BYTES}")]
    TooLong { bytes: usize },
    #[error("{found:?} occurs in no model name; write [a-z0-9.-], * and ?")]
    Character { found: char },
}

/// Checks that `glob` can match a model name.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_glob(glob: &str) -> Result<(), GlobError> {
    if glob.is_empty() {
        return Err(GlobError::Empty);
    }
    if glob.len() > GLOB_MAX_BYTES {
        return Err(GlobError::TooLong { bytes: glob.len() });
    }
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*?".contains(*c);
    match glob.chars().find(|c| !allowed(c)) {
        Some(found) => Err(GlobError::Character { found }),
        None => Ok(()),
    }
}

/// Whether `name` is one of the names that `glob` stands for. Takes at most the product of both
/// lengths in steps, whatever the pattern.
pub fn matches(glob: &str, name: &str) -> bool {
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let (mut g, mut n) = (0, 0);
    // Where to go on if what follows the last star does not fit: one more character into the star.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match glob.get(g) {
            Some(b'*') => {
                retry = Some((g + 1, n + 1));
                g += 1;
            }
            Some(b'?') => (g, n) = (g + 1, n + 1),
            Some(byte) if *byte == name[n] => (g, n) = (g + 1, n + 1),
            _ => match retry {
                Some((after_star, next)) => {
                    (g, n) = (after_star, next);
                    retry = Some((after_star, next + 1));
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|byte| *byte == b'*')
}
