//! How nodes were used, over a step of time.

/// Entries of [`FirstTokens`]; see `Work.first_token` in the agents' protocol for what each counts.
pub const FIRST_TOKEN_ENTRIES: usize = 40;

/// Whose figures they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SampleSubject {
    /// All nodes that were heard of.
    Fleet,
    /// Those that stand exactly there; its code.
    Jurisdiction(String),
    /// One; its id.
    Node(String),
}

/// What one of them did in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub subject: SampleSubject,
    pub figures: Figures,
}

/// What was measured. What nobody reported is absent, never 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Nodes that these are the figures of.
    pub nodes: u64,
    pub memory_total_bytes: Option<u64>,
    pub memory_available_bytes: Option<u64>,
    /// Of the processors' time, what went by, and how much of that they worked.
    pub cpu_busy_ticks: Option<u64>,
    pub cpu_total_ticks: Option<u64>,
    /// GPUs that say how busy they are, and how busy they are, added up.
    pub gpus: Option<u64>,
    pub gpu_busy_permille: Option<u64>,
    pub gpu_memory_total_bytes: Option<u64>,
    pub gpu_memory_used_bytes: Option<u64>,
    /// The most sequences that were seen being decoded at once, and waiting for it.
    pub running: Option<u64>,
    pub waiting: Option<u64>,
    /// Over how long the tokens were counted; present whenever they are.
    pub span_ms: Option<u64>,
    pub prompt_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    /// Inferences that ended.
    pub finished: Option<u64>,
    pub failed: Option<u64>,
    pub first_token: Option<FirstTokens>,
}

/// How many inferences had their first token how soon, by entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstTokens(pub [u64; FIRST_TOKEN_ENTRIES]);

impl Default for FirstTokens {
    fn default() -> Self {
        Self([0; FIRST_TOKEN_ENTRIES])
    }
}

impl SampleSubject {
    pub(crate) fn as_column(&self) -> String {
        match self {
            Self::Fleet => String::new(),
            Self::Jurisdiction(code) => format!("jurisdiction/{code}"),
            Self::Node(id) => format!("node/{id}"),
        }
    }

    pub(crate) fn from_column(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None => text.is_empty().then_some(Self::Fleet),
            Some(("jurisdiction", code)) => Some(Self::Jurisdiction(code.to_owned())),
            Some(("node", id)) => Some(Self::Node(id.to_owned())),
            Some(_) => None,
        }
    }
}

impl FirstTokens {
    /// The entries that counted: number (1 byte) and count (4 bytes, big end first).
    pub(crate) fn as_column(&self) -> Vec<u8> {
        let counted = (0_u8..).zip(self.0).filter(|(_, count)| *count > 0);
        counted.fold(Vec::new(), |mut bytes, (entry, count)| {
            bytes.push(entry);
            bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
            bytes
        })
    }

    pub(crate) fn from_column(bytes: &[u8]) -> Option<Self> {
        let mut counts = Self::default();
        let (entries, rest) = bytes.as_chunks::<5>();
        for [entry, count @ ..] in entries {
            *counts.0.get_mut(usize::from(*entry))? = u32::from_be_bytes(*count).into();
        }
        rest.is_empty().then_some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_tokens_come_back_as_they_went_and_damage_is_seen() {
        let mut counts = FirstTokens::default();
        assert!(counts.as_column().is_empty());
        (counts.0[0], counts.0[17], counts.0[39]) = (3, 1, 70_000);
        let bytes = counts.as_column();
        assert_eq!(bytes.len(), 15);
        assert_eq!(FirstTokens::from_column(&bytes), Some(counts));
        assert_eq!(FirstTokens::from_column(&bytes[1..]), None);
        assert_eq!(FirstTokens::from_column(&[40, 0, 0, 0, 1]), None);
    }

    #[test]
    fn subjects_come_back_as_they_went() {
        let subjects = [
            SampleSubject::Fleet,
            SampleSubject::Jurisdiction("DE-HE".to_owned()),
            SampleSubject::Jurisdiction(String::new()),
            SampleSubject::Node("01A/B".to_owned()),
        ];
        for subject in subjects {
            assert_eq!(SampleSubject::from_column(&subject.as_column()), Some(subject));
        }
        assert_eq!(SampleSubject::from_column("ward"), None);
    }
}
