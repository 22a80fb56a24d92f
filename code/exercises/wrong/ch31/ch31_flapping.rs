//! Wrong: answers that agree don't start the count anew, so that it isn't in a row.

struct Health {
    rise: u32,
    fall: u32,
    well: bool,
    /// Answers in a row that say otherwise.
    against: u32,
}

impl Health {
    fn new(rise: u32, fall: u32) -> Health {
        let (well, against) = (true, 0);
        Health {
            rise,
            fall,
            well,
            against,
        }
    }

    fn count(&mut self, good: bool) -> bool {
        if good != self.well {
            self.against += 1;
        }
        if self.against >= if self.well { self.fall } else { self.rise } {
            (self.well, self.against) = (good, 0);
        }
        self.well
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+` is a good answer, `-` a bad one; the same for what's believed.
    fn believed(answers: &str) -> String {
        let mut health = Health::new(2, 3);
        let count = |answer| {
            if health.count(answer == '+') {
                '+'
            } else {
                '-'
            }
        };
        answers.chars().map(count).collect()
    }

    #[test]
    fn three_in_a_row_make_it_unwell_and_two_make_it_well() {
        assert_eq!(believed("+---++"), "+++--+");
    }

    #[test]
    fn a_good_answer_between_bad_ones_starts_anew() {
        assert_eq!(believed("--+--+--"), "++++++++");
    }

    #[test]
    fn a_bad_answer_between_good_ones_does_too() {
        assert_eq!(believed("---+-+-++"), "++------+");
    }
}
