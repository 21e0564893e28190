//! Why there are as many replicas as there are: a closed list, printed into `docs/kubernetes-conditions.md`.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Begins,
    OutOfBounds,
    LoadRose,
    LoadFell,
    Covered,
    WaitsForQuiet,
    AtMinimum,
    AtMaximum,
    Loading,
    NothingReady,
    NoNodeFits,
    Paused,
}

impl Reason {
    /// In the order of the document.
    pub(crate) const ALL: [Self; 12] = [
        Self::Covered,
        Self::LoadRose,
        Self::LoadFell,
        Self::OutOfBounds,
        Self::WaitsForQuiet,
        Self::AtMinimum,
        Self::AtMaximum,
        Self::Loading,
        Self::NothingReady,
        Self::NoNodeFits,
        Self::Begins,
        Self::Paused,
    ];

    /// As written in the status.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Begins => "Begins",
            Self::OutOfBounds => "OutOfBounds",
            Self::LoadRose => "LoadRose",
            Self::LoadFell => "LoadFell",
            Self::Covered => "Covered",
            Self::WaitsForQuiet => "WaitsForQuiet",
            Self::AtMinimum => "AtMinimum",
            Self::AtMaximum => "AtMaximum",
            Self::Loading => "Loading",
            Self::NothingReady => "NothingReady",
            Self::NoNodeFits => "NoNodeFits",
            Self::Paused => "Paused",
        }
    }

    /// What it means and what to do.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Begins => {
                "The fleet has no replicas of it yet: it begins with `minReplicas`, at least one."
            }
            Self::OutOfBounds => "There were fewer replicas than `minReplicas`, or more than `maxReplicas`.",
            Self::LoadRose => {
                "The load needs more replicas. One decision at most doubles them, or adds four if that is more."
            }
            Self::LoadFell => {
                "The load has needed fewer replicas for `scaleDownAfterSeconds`; the most that it needed within that time stay."
            }
            Self::Covered => "The load needs as many replicas as there are.",
            Self::WaitsForQuiet => {
                "The load needs fewer replicas now, but not yet for `scaleDownAfterSeconds`."
            }
            Self::AtMinimum => "The load needs fewer replicas than `minReplicas`, or there are none.",
            Self::AtMaximum => {
                "The load needs more replicas than `maxReplicas`. Raise it, or callers wait and some are refused."
            }
            Self::Loading => {
                "Replicas of the last change are still loading; nothing is decided before they answer."
            }
            Self::NothingReady => "No replica answers, so the load is not known. See `Ready`.",
            Self::NoNodeFits => {
                "The load needs more replicas, but no node can take one that is wanted already. See `Placed`."
            }
            Self::Paused => "Nothing is scaled now. See `Verified`, `Admitted` and `InSync`.",
        }
    }
}
