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
