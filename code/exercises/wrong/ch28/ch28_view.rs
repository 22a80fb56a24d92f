//! Wrong: what is newer is taken in, so an event that was left out is lost without a word.

/// A view and its place in the log, which are stored together.
#[derive(Debug, Default, PartialEq)]
struct View {
    /// The position of the last event that's in it. The first event has 1.
    place: u64,
    paid: u32,
}

/// Takes an event in.
fn take(view: &mut View, position: u64, event: &str) -> Result<(), u64> {
    if position > view.place {
        view.place = position;
        view.paid += u32::from(event == "paid");
    }
    Ok(())
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_change_nothing() {
        let mut view = View::default();
        for (position, event) in [
            (1, "placed"),
            (2, "paid"),
            (1, "placed"),
            (2, "paid"),
            (3, "paid"),
        ] {
            assert_eq!(take(&mut view, position, event), Ok(()));
        }
        assert_eq!(view, View { place: 3, paid: 2 });
    }

    #[test]
    fn an_event_after_a_gap_is_refused_and_asked_for() {
        let mut view = View::default();
        take(&mut view, 1, "paid").unwrap();
        assert_eq!(take(&mut view, 3, "paid"), Err(2));
        assert_eq!(view, View { place: 1, paid: 1 });
        take(&mut view, 2, "paid").unwrap();
        take(&mut view, 3, "paid").unwrap();
        assert_eq!(view.paid, 3);
    }
}
