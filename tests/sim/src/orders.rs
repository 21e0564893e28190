//! Which orders a node obeys.

/// The highest generation obeyed. A simulated node lives as long as its process, and so does this.
#[derive(Debug, Clone, Default)]
pub(crate) struct Generation(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Newer than, or the same as, what was obeyed.
    Obey,
    /// Older: `current` stays in force.
    Refuse { current: u64 },
}

impl Generation {
    pub(crate) fn current(&self) -> u64 {
        self.0
    }

    pub(crate) fn judge(&mut self, ordered: u64) -> Verdict {
        if ordered < self.0 {
            return Verdict::Refuse { current: self.0 };
        }
        self.0 = ordered;
        Verdict::Obey
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_order_is_refused_and_the_same_one_is_not() {
        let mut generation = Generation::default();
        let verdicts = [3, 3, 2, 4, 3].map(|ordered| generation.judge(ordered));
        let refuse = |current| Verdict::Refuse { current };
        assert_eq!(verdicts, [Verdict::Obey, Verdict::Obey, refuse(3), Verdict::Obey, refuse(4)]);
        assert_eq!(generation.current(), 4);
    }
}
