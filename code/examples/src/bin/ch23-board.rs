//! The shop that hangs, with its tasks on a board.
//!
//! Run it: `cargo run -p examples --bin ch23-board`; an hour passes at once.

use std::time::Duration;

use patterns::watched::{Board, at};
use tokio::sync::Mutex;
use tokio::time::sleep;

// ANCHOR: shop
static STOCK: Mutex<u32> = Mutex::const_new(5);
static ORDERS: Mutex<u32> = Mutex::const_new(1);

async fn order() {
    let mut stock = at("STOCK", STOCK.lock()).await;
    sleep(Duration::from_millis(10)).await; // Asks for the price.
    let mut orders = at("ORDERS", ORDERS.lock()).await;
    (*stock, *orders) = (*stock - 1, *orders + 1);
}

async fn refund() {
    let mut orders = at("ORDERS", ORDERS.lock()).await;
    sleep(Duration::from_millis(10)).await; // Pays back.
    let mut stock = at("STOCK", STOCK.lock()).await;
    (*stock, *orders) = (*stock + 1, *orders - 1);
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let board = Board::default();
    tokio::spawn(board.watch("order", order()));
    tokio::spawn(board.watch("refund", refund()));

    sleep(Duration::from_secs(3600)).await;
    let report: Vec<_> = board.report().iter().map(|task| task.to_string()).collect();
    println!("{}", report.join("\n"));
    assert_eq!(report[0], "order, poll 2: waits at ORDERS, line 18");
    assert_eq!(report[1], "refund, poll 2: waits at STOCK, line 25");
}
// ANCHOR_END: shop

#[cfg(test)]
mod tests {
    #[test]
    fn the_report_names_each_task_its_lock_and_its_line() {
        super::main();
    }
}
