//! Wrong: the key is claimed after the charge, so a repetition in the meantime charges again.

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
    payments: Mutex<HashMap<String, (u32, Receipt)>>,
}

impl Till {
    /// Pays `amount` under `key`, by `charge`, unless that is paid already.
    async fn pay(
        &self,
        key: &str,
        amount: u32,
        charge: impl Future<Output = Result<Receipt, Refused>>,
    ) -> Result<Receipt, Refused> {
        let paid = self.payments.lock().unwrap().get(key).copied();
        match paid {
            Some((paid, receipt)) if paid == amount => return Ok(receipt),
            Some(_) => return Err(Refused::OtherAmount),
            None => {}
        }
        let receipt = charge.await?;
        let mut payments = self.payments.lock().unwrap();
        payments.insert(key.to_owned(), (amount, receipt));
        Ok(receipt)
    }
}

fn main() {}

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
