use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Mutex;
use tokio::sync::Notify;

#[derive(Default)]
struct Shelf {
    socks: Mutex<BTreeMap<&'static str, u32>>,
    changed: Notify,
}

impl Shelf {
    fn put(&self, color: &'static str) {
        *self.socks.lock().unwrap().entry(color).or_default() += 1;
        self.changed.notify_waiters();
    }

    /// Takes two socks of one color away, if there are two.
    fn try_take(&self) -> Option<&'static str> {
        let mut socks = self.socks.lock().unwrap();
        let (color, count) = socks.iter_mut().find(|(_, count)| **count >= 2)?;
        *count -= 2;
        Some(*color)
    }

    /// Waits until there are two socks of one color, and takes them.
    async fn take_pair(&self) -> &'static str {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(color) = self.try_take() {
                return color;
            }
            changed.await;
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_pair_that_is_there_is_taken() {
        let shelf = Shelf::default();
        shelf.put("red");
        shelf.put("red");
        assert_eq!(timeout(HOUR, shelf.take_pair()).await, Ok("red"));
        assert!(timeout(HOUR, shelf.take_pair()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn two_socks_of_different_colors_are_no_pair() {
        let shelf = Shelf::default();
        let put = async {
            for color in ["red", "blue", "green", "blue"] {
                tokio::task::yield_now().await;
                shelf.put(color);
            }
        };
        let both = async { tokio::join!(shelf.take_pair(), put) };
        assert_eq!(timeout(HOUR, both).await, Ok(("blue", ())));
    }

    #[tokio::test(start_paused = true)]
    async fn each_pair_goes_to_one_of_those_who_wait() {
        let shelf = Shelf::default();
        let put = async {
            for color in ["red", "red", "blue", "blue"] {
                tokio::task::yield_now().await;
                shelf.put(color);
            }
        };
        let all = async { tokio::join!(shelf.take_pair(), shelf.take_pair(), put) };
        let (left, right, ()) = timeout(HOUR, all).await.unwrap();
        let mut pairs = [left, right];
        pairs.sort();
        assert_eq!(pairs, ["blue", "red"]);
    }
}
