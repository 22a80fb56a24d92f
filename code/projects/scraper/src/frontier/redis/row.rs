//! Rows and answers as JSON, which both sides read.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Result;
use crate::address::Address;
use crate::frontier::clock::millis;
use crate::frontier::{Ended, Found, FrontierError, Kind, Outcome, Page, Taken};

/// A page, as `steps.lua` keeps it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Row {
    pub(super) url: String,
    pub(super) host: String,
    kind: u8,
    depth: u32,
    hops: u32,
    priority: i8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on: Option<i64>,
    #[serde(flatten, skip_serializing)]
    state: State,
}

/// What becomes of it.
#[derive(Clone, Debug, Default, Deserialize)]
struct State {
    state: String,
    failures: u32,
    lease: u64,
    status: Option<u16>,
    reason: Option<String>,
    etag: Option<String>,
    modified: Option<String>,
}

impl Row {
    pub(super) fn parse(text: &str) -> Result<Row> {
        serde_json::from_str(text).map_err(|error| damaged(&error))
    }

    pub(super) fn taken(self, id: &str) -> Result<Taken> {
        Ok(Taken {
            id: id.parse().map_err(|error| damaged(&error))?,
            lease: self.state.lease,
            found: Found {
                address: Address::parse(&self.url).map_err(|error| damaged(&error))?,
                depth: self.depth,
                hops: self.hops,
                priority: self.priority,
                kind: Kind::of(self.kind),
                on: self.on,
            },
            failures: self.state.failures,
            etag: self.state.etag,
            modified: self.state.modified,
        })
    }

    pub(super) fn page(self, found_on: Option<String>, rest: Duration) -> Page {
        let states = ["queued", "done", "failed", "skipped"];
        let state = states.into_iter().find(|state| *state == self.state.state);
        Page {
            state: state.unwrap_or("being visited"),
            status: self.state.status,
            reason: self.state.reason,
            depth: self.depth,
            failures: self.state.failures,
            found_on,
            rest,
        }
    }
}

fn damaged(error: &dyn std::error::Error) -> FrontierError {
    FrontierError::Store(format!("a row that can't be read: {error}"))
}

pub(super) fn links(found: &[Found]) -> Value {
    let row = |found: &Found| Row {
        url: found.address.as_str().to_owned(),
        host: found.address.host(),
        kind: found.kind as u8,
        depth: found.depth,
        hops: found.hops,
        priority: found.priority,
        on: found.on,
        state: State::default(),
    };
    json!(found.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn end(ended: &Ended) -> Value {
    let mut end = match &ended.outcome {
        Outcome::Done {
            status,
            etag,
            modified,
        } => json!({ "state": "done", "status": status, "etag": etag, "modified": modified }),
        Outcome::Skipped(reason) => json!({ "state": "skipped", "reason": reason }),
        Outcome::Failed(reason) => json!({ "state": "failed", "reason": reason }),
        Outcome::Again { failed } => json!({ "state": "queued", "failed": failed }),
        Outcome::HostDown(reason) => json!({ "state": "failed", "reason": reason, "down": true }),
    };
    end["id"] = ended.id.into();
    end["lease"] = ended.lease.into();
    end["found"] = links(&ended.found);
    end["item"] = ended.item.as_deref().into();
    end["asked"] = ended.asked.into();
    end["delay"] = millis(ended.delay).into();
    end["rest"] = millis(ended.rest).into();
    // Of cjson, null is a value; what isn't there is nil.
    if let Some(fields) = end.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    end
}
