//! A room tells each line to its tabs. One that can't keep up must neither stop the others nor be
//! shown a hole: its queue ends.
//!
//! Complete `tell`.

use tokio::sync::mpsc;

/// Tells a line to each tab.
async fn tell(tabs: &mut Vec<mpsc::Sender<u32>>, line: u32) {
    // TODO: what becomes of a tab whose queue is full?
    todo!("{tabs:?} {line}")
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    fn tab() -> (mpsc::Sender<u32>, mpsc::Receiver<u32>) {
        mpsc::channel(2)
    }

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_tab_that_does_not_read_stops_no_one() {
        let ((slow, _asleep), (quick, mut reads)) = (tab(), tab());
        let mut tabs = vec![slow, quick];
        for line in 1..=100 {
            let told = tell(&mut tabs, line);
            timeout(Duration::from_secs(1), told)
                .await
                .expect("no one waits");
            assert_eq!(reads.try_recv(), Ok(line));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_was_full_gets_no_later_line() {
        let (slow, mut wakes_up) = tab();
        let mut tabs = vec![slow];
        for line in 1..=3 {
            tell(&mut tabs, line).await;
        }
        assert_eq!(wakes_up.recv().await, Some(1));
        tell(&mut tabs, 4).await; // there would be room for it now
        assert_eq!(wakes_up.recv().await, Some(2));
        assert_eq!(wakes_up.recv().await, None); // an end, and no hole
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_has_left_is_forgotten() {
        let (left, receiver) = tab();
        drop(receiver);
        let mut tabs = vec![left];
        tell(&mut tabs, 1).await;
        assert!(tabs.is_empty());
    }
}
