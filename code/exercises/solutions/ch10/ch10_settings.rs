use tokio::sync::watch;

/// Applies the present settings and all later ones, until there can be no more.
async fn apply_all(mut settings: watch::Receiver<u32>) -> Vec<u32> {
    let mut applied = vec![*settings.borrow_and_update()];
    while settings.changed().await.is_ok() {
        applied.push(*settings.borrow_and_update());
    }
    applied
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::task::yield_now;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_present_settings_are_applied_without_a_change() {
        let (sender, settings) = watch::channel(1);
        drop(sender);
        assert_eq!(apply_all(settings).await, [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_version_that_is_seen_is_applied_once() {
        let (sender, settings) = watch::channel(1);
        let task = tokio::spawn(apply_all(settings));
        yield_now().await;
        for version in [2, 3] {
            sender.send(version).unwrap();
            yield_now().await;
        }
        drop(sender);
        assert_eq!(task.await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_version_is_applied_though_the_sender_is_gone() {
        let (sender, settings) = watch::channel(1);
        let task = tokio::spawn(apply_all(settings));
        yield_now().await;
        sender.send(2).unwrap();
        sender.send(3).unwrap();
        drop(sender);
        assert_eq!(task.await.unwrap(), [1, 3]);
    }
}
