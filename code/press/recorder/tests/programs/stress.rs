use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{interval, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

async fn produce(orders: mpsc::Sender<u32>, first: u32) {
    for number in first..first + 2 {
        sleep(SECOND).await;
        orders.send(number).await.unwrap();
    }
}

async fn count(total: Arc<Mutex<u32>>) {
    let mut total = total.lock().await;
    sleep(2 * SECOND).await;
    *total += 1;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (orders, mut inbox) = mpsc::channel(1);
    let total = Arc::new(Mutex::new(0));
    let left = tokio::spawn(produce(orders.clone(), 0));
    let right = tokio::spawn(produce(orders, 10));
    let one = tokio::spawn(count(total.clone()));
    let two = tokio::spawn(timeout(SECOND, count(total.clone())));
    let clock = tokio::spawn(async {
        let mut ticks = interval(3 * SECOND);
        loop {
            ticks.tick().await;
            println!("tick");
        }
    });
    let cashier = tokio::spawn(async move {
        loop {
            tokio::select! {
                biased;
                Some(order) = inbox.recv() => println!("order {order}"),
                () = sleep(4 * SECOND) => break,
            }
        }
    });
    cashier.await.unwrap();
    clock.abort();
    assert!(clock.await.unwrap_err().is_cancelled());
    assert!(two.await.unwrap().is_err());
    let _ = tokio::join!(left, right, one);
    println!("counted {}", total.lock().await);
}
