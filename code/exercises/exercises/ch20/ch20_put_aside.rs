//! A stage that parses orders. What can't be parsed goes aside, with the reason; the rest goes on.
//! The stage ends when its input does, or when no one takes the orders anymore. That no one
//! looks at what is put aside is no reason to end.

use tokio::sync::mpsc;

type Aside = (String, String);

/// Parses, and sends each line one way or the other.
async fn parse(
    mut lines: mpsc::Receiver<String>,
    orders: mpsc::Sender<u32>,
    aside: mpsc::Sender<Aside>,
) {
    // TODO: `line.parse::<u32>()`, and where each result goes.
    let _ = (lines.recv().await, orders, aside);
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(lines: &[&str]) -> mpsc::Receiver<String> {
        let (sender, receiver) = mpsc::channel(8);
        for line in lines {
            sender.send(line.to_string()).await.unwrap();
        }
        receiver
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn good_lines_go_on_and_bad_ones_aside() {
        let ((orders, mut taken), (aside, mut bad)) = (mpsc::channel(8), mpsc::channel(8));
        parse(send(&["1", "two", "3"]).await, orders, aside).await;
        assert_eq!(taken.recv().await, Some(1));
        assert_eq!(taken.recv().await, Some(3));
        assert_eq!(taken.recv().await, None);
        let (line, reason) = bad.recv().await.unwrap();
        assert_eq!(line, "two");
        assert_eq!(reason, "invalid digit found in string");
    }

    #[tokio::test(start_paused = true)]
    async fn no_one_looks_at_what_is_put_aside_and_it_goes_on() {
        let ((orders, mut taken), (aside, bad)) = (mpsc::channel(8), mpsc::channel(8));
        drop(bad);
        parse(send(&["one", "2"]).await, orders, aside).await;
        assert_eq!(taken.recv().await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_no_one_takes_the_orders() {
        let ((orders, taken), (aside, _bad)) = (mpsc::channel(8), mpsc::channel(8));
        drop(taken);
        let (endless, lines) = mpsc::channel(1);
        let stage = tokio::spawn(parse(lines, orders, aside));
        while endless.send("1".to_owned()).await.is_ok() {}
        stage.await.unwrap();
    }
}
