//! What is said of a field that breaks a rule.

/// A field breaks a rule. Tell whoever set it: the same value never does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Invalid {
    /// The field, the way the sender writes it.
    pub field: &'static str,
    /// What it is and which limit it breaks.
    pub reason: String,
}

impl Invalid {
    /// Says what `field` is and which limit it breaks.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}
