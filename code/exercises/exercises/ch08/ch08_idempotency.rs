//! A client that had no answer sends its payment again, under the same key. It must be charged
//! once.
//!
//! Complete `Till::pay`: a repetition gets the receipt of the first, even while that one is still
//! under way. A key with another amount is a mistake of the client. A payment that was declined
//! may be tried again.

#![allow(unused_imports, dead_code)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

#[derive(Debug, PartialEq)]
enum Refused {
    /// The key belongs to a payment of another amount.
    OtherAmount,
    /// The card was declined.
    Declined,
}

/// The number of a receipt.
type Receipt = u32;

/// Takes payments, each once.
#[derive(Default)]
struct Till {
    // TODO: what is known of a key, from the moment at which it is first seen?
}

impl Till {
    /// Pays `amount` under `key`, by `charge`, unless that is paid already.
    async fn pay(
        &self,
        key: &str,
        amount: u32,
        charge: impl Future<Output = Result<Receipt, Refused>>,
    ) -> Result<Receipt, Refused> {
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::{pending, ready};
    use tokio::task::yield_now;
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready_eq};

    async fn twice() -> Result<Receipt, Refused> {
        panic!("charged twice")
    }

    #[test]
    fn a_repetition_gets_the_same_receipt() {
        let till = Till::default();
        assert_ready_eq!(spawn(till.pay("a", 5, ready(Ok(1)))).poll(), Ok(1));
        assert_ready_eq!(spawn(till.pay("a", 5, twice())).poll(), Ok(1));
        assert_ready_eq!(spawn(till.pay("b", 5, ready(Ok(2)))).poll(), Ok(2));
    }

    #[test]
    fn a_repetition_under_way_waits_for_the_first() {
        let till = Till::default();
        let slow = async {
            yield_now().await;
            Ok(1)
        };
        let mut first = spawn(till.pay("a", 5, slow));
        let mut second = spawn(till.pay("a", 5, twice()));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_ready_eq!(first.poll(), Ok(1));
        assert_ready_eq!(second.poll(), Ok(1));
    }

    #[test]
    fn a_key_with_another_amount_is_refused() {
        let till = Till::default();
        let mut first = spawn(till.pay("a", 5, pending()));
        assert_pending!(first.poll());
        let other = Err(Refused::OtherAmount);
        assert_ready_eq!(spawn(till.pay("a", 50, twice())).poll(), other);
    }

    #[test]
    fn a_payment_that_was_declined_may_be_tried_again() {
        let till = Till::default();
        let declined = ready(Err(Refused::Declined));
        let mut first = spawn(till.pay("a", 5, declined));
        assert_ready_eq!(first.poll(), Err(Refused::Declined));
        assert_ready_eq!(spawn(till.pay("a", 5, ready(Ok(1)))).poll(), Ok(1));
    }
}
