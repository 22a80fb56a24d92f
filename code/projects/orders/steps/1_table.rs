//! Step 1: a table that is updated, and forgets why.
//!
//! `cargo run -p orders --example orders-1-table`

use std::collections::HashMap;

/// An order, as it is now.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    cents: u64,
    status: &'static str,
}

#[derive(Default)]
struct Shop {
    table: HashMap<u32, Row>,
}

impl Shop {
    fn place(&mut self, order: u32, cents: u64) {
        let status = "placed";
        self.table.insert(order, Row { cents, status });
    }

    fn pay(&mut self, order: u32) {
        self.update(order, "paid");
    }

    fn cancel(&mut self, order: u32) {
        self.update(order, "canceled");
    }

    fn update(&mut self, order: u32, status: &'static str) {
        if let Some(row) = self.table.get_mut(&order) {
            row.status = status;
        }
    }
}

fn main() {
    let mut shop = Shop::default();
    shop.place(1, 2_000);
    shop.pay(1);
    shop.cancel(1);

    shop.place(2, 2_000);
    shop.cancel(2);

    println!("one of the two customers gets 20.00 back");
    println!("order 1: {:?}", shop.table[&1]);
    println!("order 2: {:?}", shop.table[&2]);
    assert_eq!(shop.table[&1], shop.table[&2]);
}
