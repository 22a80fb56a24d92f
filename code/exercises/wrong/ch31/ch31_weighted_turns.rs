//! Wrong: the shares are right, and five in a row go to one server.

struct Turns {
    weights: Vec<i64>,
    credits: Vec<i64>,
}

impl Turns {
    fn new(weights: Vec<i64>) -> Turns {
        let credits = vec![0; weights.len()];
        Turns { weights, credits }
    }

    /// The server that gets the next request.
    fn next(&mut self) -> usize {
        if self.credits.iter().all(|credit| *credit == 0) {
            self.credits.clone_from(&self.weights);
        }
        let due = self.credits.iter().position(|credit| *credit > 0);
        let due = due.unwrap_or(0);
        self.credits[due] -= 1;
        due
    }
}

fn main() {}
