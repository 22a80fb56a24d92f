//! Wrong: it waits for the stations before it makes room for what they send.

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
    let (collector, mut readings) = mpsc::channel(PLACES);
    let mut tasks = Vec::new();
    for station_readings in stations {
        tasks.push(tokio::spawn(station(station_readings, collector.clone())));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    drop(collector);
    let mut sum = 0;
    while let Some(reading) = readings.recv().await {
        sum += reading;
    }
    sum
}

fn main() {}
