use std::cell::Cell;

static BALANCE: Cell<u32> = Cell::new(100);

fn main() {
    BALANCE.set(BALANCE.get() - 30);
}
