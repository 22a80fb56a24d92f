//! Several stations measure, each in a task of its own, and one function adds up all that
//! they send.
//!
//! Complete `collect`. It ends when the last station has sent its last reading, and the
//! queue between them has four places, however many readings there are.

#![allow(unused_imports, dead_code)]

use tokio::sync::mpsc;

const PLACES: usize = 4;

/// Sends its readings, one after the other.
async fn station(readings: Vec<u32>, collector: mpsc::Sender<u32>) {
    for reading in readings {
        collector.send(reading).await.expect("it collects");
    }
}

/// Starts a task for each station, and returns the sum of all their readings.
async fn collect(stations: Vec<Vec<u32>>) -> u32 {
    // TODO: one channel, a task for each station, and then add up until the end.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn readings_of_all_stations_are_added_up() {
        let stations = vec![vec![1, 2], vec![], vec![3]];
        assert_eq!(timeout(HOUR, collect(stations)).await, Ok(6));
    }

    #[tokio::test(start_paused = true)]
    async fn without_stations_the_sum_is_zero() {
        assert_eq!(timeout(HOUR, collect(vec![])).await, Ok(0));
    }

    #[tokio::test(start_paused = true)]
    async fn more_readings_than_places_do_not_stop_it() {
        let stations = vec![vec![1; 50], vec![2; 50]];
        assert_eq!(timeout(HOUR, collect(stations)).await, Ok(150));
    }
}
