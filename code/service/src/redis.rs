//! Which Redis, and one connection to it for all calls of a process.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, RedisResult};

mod ear;

pub use ear::Ear;

/// Where a system keeps its keys, as its user writes it:
/// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`, with `?namespace=NAME` at
/// the end or without. It's shown without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The server, without the namespace.
    pub url: String,
    /// What all keys begin with: 1 to 64 letters, digits, `-`, `_` or `.`.
    pub namespace: Option<String>,
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Store, String> {
        let (url, namespace) = match text.split_once("?namespace=") {
            Some((url, namespace)) => (url, Some(namespace)),
            None => (text, None),
        };
        let schemes = ["redis://", "redis+unix://", "unix://"];
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            return Err("it begins with neither redis:// nor redis+unix://".to_owned());
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = |name: &str| (1..=64).contains(&name.len()) && name.chars().all(plain);
        if let Some(name) = namespace.filter(|name| !fits(name)) {
            let wanted = "has 1 to 64 letters, digits, and - _ .";
            return Err(format!("a namespace {wanted}, and {name:?} doesn't"));
        }
        Ok(Store {
            url: url.to_owned(),
            namespace: namespace.map(str::to_owned),
        })
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => write!(f, "{scheme}://…@{host}")?,
            _ => f.write_str(&self.url)?,
        }
        match &self.namespace {
            Some(name) => write!(f, "?namespace={name}"),
            None => Ok(()),
        }
    }
}

/// The connection: each call is sent at once, and answers come in order. One that breaks is made
/// anew by itself; one that hangs (a router forgot it, say) can't tell, and is given up for another
/// after a call that wasn't answered in time.
pub struct Line {
    client: Client,
    limits: ConnectionManagerConfig,
    present: Mutex<Present>,
}

struct Present {
    connection: ConnectionManager,
    /// Of many calls that hang together, the first replaces the connection.
    number: u64,
}

impl Line {
    /// Connects. The limits say how long an answer may take.
    ///
    /// # Errors
    ///
    /// If there's no Redis.
    pub async fn open(client: Client, limits: ConnectionManagerConfig) -> RedisResult<Line> {
        let connection = client.get_connection_manager_with_config(limits.clone());
        let present = Mutex::new(Present {
            connection: connection.await?,
            number: 0,
        });
        Ok(Line {
            client,
            limits,
            present,
        })
    }

    /// Makes a call, and gives the connection up if nothing came of it.
    ///
    /// Cancel safety: a call that was begun may be done although this was dropped.
    pub async fn call<T, F>(&self, call: impl FnOnce(ConnectionManager) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (connection, number) = {
            let present = self.present();
            (present.connection.clone(), present.number)
        };
        let answer = call(connection).await;
        if answer.as_ref().is_err_and(RedisError::is_timeout) {
            let mut present = self.present();
            if present.number == number
                && let Ok(new) = self.client.get_connection_manager_lazy(self.limits.clone())
            {
                present.connection = new;
                present.number += 1;
            }
        }
        answer
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether Redis may answer a while later: it's gone, is starting, or takes no writes for now. The
/// call may have been done.
pub fn may_pass(error: &RedisError) -> bool {
    let codes = [
        "LOADING",
        "READONLY",
        "BUSY",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "TRYAGAIN",
        "NOREPLICAS",
    ];
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.code().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_server_and_a_namespace_and_shows_no_password() {
        let store: Store = "redis://me:secret@host:1/2?namespace=n-1".parse().unwrap();
        assert_eq!(store.url, "redis://me:secret@host:1/2");
        assert_eq!(store.namespace.as_deref(), Some("n-1"));
        assert_eq!(store.to_string(), "redis://…@host:1/2?namespace=n-1");
        let store: Store = "redis+unix:///run/redis".parse().unwrap();
        assert_eq!(store.namespace, None);
        assert_eq!(store.to_string(), "redis+unix:///run/redis");
    }

    #[test]
    fn what_is_no_store_is_refused_with_the_reason() {
        for (text, reason) in [
            ("rediss://host", "redis://"),
            ("file", "redis://"),
            ("redis://h?namespace=a b", "namespace"),
            ("redis://h?namespace=", "namespace"),
        ] {
            let refused = text.parse::<Store>().unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
