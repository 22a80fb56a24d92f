//! Wrong: one load for each key, but the lock is held while it loads, so all keys wait for it.

#![allow(unused_imports)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// Names by user.
#[derive(Default)]
struct Cache {
    names: tokio::sync::Mutex<HashMap<u32, String>>,
}

impl Cache {
    /// The name of `user`: what is known, or what another caller is loading, or what `load` answers.
    async fn get(&self, user: u32, load: impl Future<Output = String>) -> String {
        let mut names = self.names.lock().await;
        if let Some(name) = names.get(&user) {
            return name.clone();
        }
        let name = load.await;
        names.insert(user, name.clone());
        name
    }
}

fn main() {}
