use std::time::Duration;
use tokio::time::sleep;

async fn nap(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

async fn first() {
    nap(1).await;
    nap(2).await;
}

async fn second() {
    tokio::join!(nap(1), nap(2));
}

async fn third() {
    let long = tokio::spawn(nap(3));
    nap(1).await;
    long.await.unwrap();
}

async fn fourth() {
    let long = nap(3);
    nap(1).await;
    long.await;
}

async fn fifth() {
    for seconds in 1..=3 {
        tokio::join!(nap(seconds), nap(2));
    }
}

/// The seconds that `first` to `fifth` take.
fn predictions() -> [u64; 5] {
    [3, 2, 3, 4, 7]
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn compare(program: impl Future<Output = ()>, prediction: u64) {
        let start = Instant::now();
        program.await;
        let measured = start.elapsed().as_secs();
        assert_eq!(
            prediction, measured,
            "predicted on the left, measured on the right"
        );
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn first_takes_as_long_as_predicted() {
        compare(first(), predictions()[0]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn second_takes_as_long_as_predicted() {
        compare(second(), predictions()[1]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn third_takes_as_long_as_predicted() {
        compare(third(), predictions()[2]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn fourth_takes_as_long_as_predicted() {
        compare(fourth(), predictions()[3]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn fifth_takes_as_long_as_predicted() {
        compare(fifth(), predictions()[4]).await;
    }
}
