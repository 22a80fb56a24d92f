//! The `traceparent` that follows one piece of work through many processes (W3C Trace Context).
//!
//! A process that puts the trace's id into its log lines is found by the same search as all others.

/// A trace context for work whose sender has none.
pub fn new_trace() -> String {
    // Zero stands for "none" in the standard, so neither id may be zero.
    let (trace, span) = (fastrand::u128(1..), fastrand::u64(1..));
    format!("00-{trace:032x}-{span:016x}-01")
}

/// The id of the trace within a `traceparent`, if that is well formed.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_some = |part: &str| part.bytes().any(|b| b != b'0');
    let well_formed = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16);
    (well_formed && is_some(trace) && is_some(span)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_trace_is_well_formed_and_another_each_time() {
        let (one, two) = (new_trace(), new_trace());
        assert_eq!(one.len(), 55);
        assert_eq!(trace_id(&one), Some(&one[3..35]));
        assert_ne!(trace_id(&one), trace_id(&two));
    }

    #[test]
    fn what_is_no_traceparent_has_no_trace_id() {
        let zero = format!("00-{}-{}-01", "0".repeat(32), "1".repeat(16));
        let upper = format!("00-{}-{}-01", "A".repeat(32), "1".repeat(16));
        for text in ["", "00", "00-xyz-1-01", &zero, &upper] {
            assert_eq!(trace_id(text), None, "{text:?}");
        }
    }
}
