//! Which store: the URL that the user chose when the program started.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use service::redis::Store;

use crate::name::QueueName;

use super::sqlite::Sync;

/// The namespace of keys in a Redis, if none is given.
const NAMESPACE: &str = "taskq";

/// A store, by its URL:
///
/// - `sqlite:PATH`, or `sqlite:PATH?sync=normal` for [`Sync::Normal`];
/// - `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`, with `?namespace=NAME`
///   (`taskq` if it is left out).
///
/// It is shown without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file beside the program.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// When a job is safe.
        sync: Sync,
    },
    /// For many machines.
    Redis {
        /// The server, without the namespace.
        url: String,
        /// What all keys begin with.
        namespace: QueueName,
    },
}

impl FromStr for StoreUrl {
    /// What is wrong with it.
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            return sqlite(rest);
        }
        let store: Store = url
            .parse()
            .map_err(|wrong| format!("no sqlite:PATH, and {wrong}"))?;
        let namespace = QueueName::new(store.namespace.as_deref().unwrap_or(NAMESPACE))
            .map_err(|error| format!("as a namespace, {error}"))?;
        let url = store.url;
        Ok(Self::Redis { url, namespace })
    }
}

fn sqlite(rest: &str) -> Result<StoreUrl, String> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // SQLite gives each connection a database of its own for these: what is written is not read.
    if path.is_empty() || path.starts_with(":memory:") || path.starts_with("file:") {
        return Err(format!("{path:?} is not the path of a file"));
    }
    let sync = match query {
        "" | "sync=full" => Sync::Full,
        "sync=normal" => Sync::Normal,
        _ => return Err(format!("{query:?} is not sync=full or sync=normal")),
    };
    let path = PathBuf::from(path);
    Ok(StoreUrl::Sqlite { path, sync })
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "sqlite:{}", path.display()),
            Self::Redis { url, .. } => {
                let (url, namespace) = (url.clone(), None);
                Store { url, namespace }.fmt(f)
            }
        }
    }
}
