//! Keeps a message's words from becoming control tokens.
//!
//! A template concatenates trusted markers and untrusted messages into one text, and in that text the two
//! look alike. So wherever a message could begin or end a control token, that one character is swapped for
//! a private-use stand-in before rendering. Control tokens are then looked for, and only afterwards are
//! the stand-ins swapped back: what a user wrote arrives as text, letter for letter.
//!
//! "Could begin or end" means the first two, or the last two, characters of any control token. Ordinary
//! text keeps its characters, so a template that looks for `</think>` in an answer still finds it.

use std::collections::BTreeSet;

/// Stand-ins count from here; the last characters of Unicode's last private plane.
const FIRST_STAND_IN: u32 = 0x10_fe00;
/// Distinct characters that can have a stand-in.
const STAND_INS: u32 = 0x100;

/// Swaps dangerous characters of messages out and back.
#[derive(Debug)]
pub(super) struct Taint {
    /// Characters that have a stand-in, by its offset from [`FIRST_STAND_IN`].
    characters: Vec<char>,
    /// Beginnings of control tokens: a character and what follows it, if anything must.
    openings: BTreeSet<(char, Option<char>)>,
    /// Ends of control tokens: a character and what precedes it.
    closings: BTreeSet<(char, char)>,
}

impl Taint {
    pub(super) fn new<'v>(control_spellings: impl Iterator<Item = &'v str>) -> Self {
        let (mut openings, mut closings) = (BTreeSet::new(), BTreeSet::new());
        for spelling in control_spellings {
            let mut characters = spelling.chars();
            let Some(first) = characters.next() else { continue };
            openings.insert((first, characters.next()));
            let mut backwards = spelling.chars().rev();
            if let (Some(last), Some(before)) = (backwards.next(), backwards.next()) {
                closings.insert((last, before));
            }
        }
        let dangerous =
            openings.iter().map(|(first, _)| *first).chain(closings.iter().map(|(last, _)| *last));
        let characters: BTreeSet<char> = dangerous.collect();
        Self { characters: characters.into_iter().take(STAND_INS as usize).collect(), openings, closings }
    }

    /// The message with stand-ins; or the code of a reserved character that it holds.
    pub(super) fn apply(&self, message: &str) -> Result<String, u32> {
        let reserved = FIRST_STAND_IN..FIRST_STAND_IN + STAND_INS;
        let mut tainted = String::with_capacity(message.len());
        let mut previous = None;
        let mut characters = message.chars().peekable();
        while let Some(character) = characters.next() {
            if reserved.contains(&u32::from(character)) {
                return Err(character.into());
            }
            let opens = self.openings.contains(&(character, None))
                || characters.peek().is_some_and(|next| self.openings.contains(&(character, Some(*next))));
            let closes = previous.is_some_and(|before| self.closings.contains(&(character, before)));
            tainted.push(if opens || closes { self.stand_in(character) } else { character });
            previous = Some(character);
        }
        Ok(tainted)
    }

    /// The text with the original characters.
    pub(super) fn remove(&self, text: &str) -> String {
        text.chars().map(|character| self.original(character)).collect()
    }

    fn stand_in(&self, character: char) -> char {
        let offset = self.characters.binary_search(&character).unwrap_or_default();
        u32::try_from(offset)
            .ok()
            .and_then(|offset| char::from_u32(FIRST_STAND_IN + offset))
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn original(&self, character: char) -> char {
        u32::from(character)
            .checked_sub(FIRST_STAND_IN)
            .and_then(|offset| self.characters.get(offset as usize).copied())
            .unwrap_or(character)
    }
}
