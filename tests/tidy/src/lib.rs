//! The repository's own rules, as tests: the walls between crates, where `unsafe` and SQL may live, how
//! long a file may grow, and what the documents promise. See `tests/`.
