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
