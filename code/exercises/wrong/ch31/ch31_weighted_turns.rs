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

#[cfg(test)]
mod tests {
    use super::*;

    fn turns<const N: usize>(weights: &[i64]) -> [usize; N] {
        let mut turns = Turns::new(weights.to_vec());
        std::array::from_fn(|_| turns.next())
    }

    #[test]
    fn equal_weights_are_turns() {
        assert_eq!(turns(&[1, 1, 1]), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn each_server_gets_its_share() {
        let mut counts = [0; 3];
        for server in turns::<70>(&[5, 1, 1]) {
            counts[server] += 1;
        }
        assert_eq!(counts, [50, 10, 10]);
    }

    #[test]
    fn the_others_come_in_between() {
        assert_eq!(turns(&[5, 1, 1]), [0, 0, 1, 0, 2, 0, 0]);
    }
}
