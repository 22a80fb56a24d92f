//! Servers of weight 5, 1 and 1 shall get five, one and one of seven requests. But not five in a
//! row: that's a burst for one, and a pause for the others.
//!
//! Complete `Turns::next`, so that no server waits longer than it must. If two are equally
//! due, the first one is picked.

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
        for (credit, weight) in self.credits.iter_mut().zip(&self.weights) {
            *credit += weight;
        }
        let mut richest = 0;
        for server in 1..self.credits.len() {
            if self.credits[server] > self.credits[richest] {
                richest = server;
            }
        }
        self.credits[richest] -= self.weights.iter().sum::<i64>();
        richest
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
