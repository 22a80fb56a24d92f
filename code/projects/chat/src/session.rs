//! Who is asking: a signed token in a cookie, or in `Authorization` for programs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use service::problem::Problem;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::name::Name;

/// The name of the cookie.
pub const COOKIE: &str = "chat";

/// A person, until a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub sub: Name,
    /// Until when, in seconds since 1970.
    pub exp: u64,
}

/// What sessions are signed and checked with.
#[derive(Clone)]
pub struct Keys {
    sign: EncodingKey,
    check: DecodingKey,
    lasts: Duration,
}

impl Keys {
    /// From a secret. A session lasts for so long.
    pub fn new(secret: &[u8], lasts: Duration) -> Keys {
        Keys {
            sign: EncodingKey::from_secret(secret),
            check: DecodingKey::from_secret(secret),
            lasts,
        }
    }

    /// A token for this person.
    pub fn sign(&self, sub: Name) -> String {
        let exp = seconds_since_1970() + self.lasts.as_secs();
        jsonwebtoken::encode(&Header::default(), &Session { sub, exp }, &self.sign)
            .expect("two fields and a key for HS256")
    }

    /// The `Set-Cookie` of a token. Scripts can't read it, and pages of other sites can't send it.
    pub fn cookie(&self, token: &str) -> String {
        let seconds = self.lasts.as_secs();
        format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}")
    }

    /// The session of a request, if it has a valid one.
    pub fn check(&self, headers: &HeaderMap) -> Option<Session> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let cookie = cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let mut validation = Validation::default();
        validation.leeway = 0;
        let token = bearer.or(cookie)?;
        let session = jsonwebtoken::decode(token, &self.check, &validation).ok()?;
        Some(session.claims)
    }
}

impl Session {
    /// How long it still lasts.
    pub fn remaining(&self) -> Duration {
        Duration::from_secs(self.exp.saturating_sub(seconds_since_1970()))
    }
}

impl<S: Sync> FromRequestParts<S> for Session
where
    Keys: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Session, Problem> {
        let detail = "choose a name first: POST /api/session";
        Keys::from_ref(state)
            .check(&parts.headers)
            .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "no_session", detail))
    }
}

/// A new key for a name: 122 random bits.
pub fn new_key() -> String {
    Uuid::new_v4().simple().to_string()
}

/// What is kept of a key. A random one needs no slow hash.
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
