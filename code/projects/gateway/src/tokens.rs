//! Who asks: JSON web tokens, whose keys are in a file.

use std::collections::HashMap;
use std::path::Path;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::config;

/// How the server learns who asks. What a client sends under this name is taken away.
pub const SUBJECT: HeaderName = HeaderName::from_static("x-subject");

/// The keys of a route, by their ids.
pub struct Tokens(HashMap<String, (DecodingKey, Validation)>);

/// Why keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read.
    #[error("keys: {0}")]
    Io(#[from] std::io::Error),
    /// It isn't a key set.
    #[error("keys: {0}")]
    Json(#[from] serde_json::Error),
    /// A key lacks what it must have, or isn't HS256, RS256 or ES256.
    #[error("key {0:?} needs a kid, an alg of HS256, RS256 or ES256, and its numbers")]
    Key(String),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Tokens {
    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// If there's a key that can't be used.
    pub fn new(tokens: &config::Tokens) -> Result<Tokens, KeyError> {
        let set: JwkSet = serde_json::from_str(&read(&tokens.keys)?)?;
        let key = |jwk: &Jwk| {
            let id = jwk.common.key_id.clone();
            let bad = || KeyError::Key(id.clone().unwrap_or_default());
            // The key says which algorithm, and the token has no say: or a public key of RS256
            // would be taken for a secret of HS256, and all the world could sign.
            let algorithm = match jwk.common.key_algorithm {
                Some(KeyAlgorithm::HS256) => Algorithm::HS256,
                Some(KeyAlgorithm::RS256) => Algorithm::RS256,
                Some(KeyAlgorithm::ES256) => Algorithm::ES256,
                _ => return Err(bad()),
            };
            let mut validation = Validation::new(algorithm);
            validation.set_audience(&[&tokens.audience]);
            validation.validate_nbf = true;
            validation.set_required_spec_claims(&["exp", "aud", "sub"]);
            let key = DecodingKey::from_jwk(jwk).map_err(|_| bad())?;
            Ok((id.clone().ok_or_else(bad)?, (key, validation)))
        };
        Ok(Tokens(set.keys.iter().map(key).collect::<Result<_, _>>()?))
    }

    /// Who asks, if the request has one token and it's valid.
    pub fn subject(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut fields = headers.get_all(header::AUTHORIZATION).iter();
        let (field, None) = (fields.next()?.to_str().ok()?, fields.next()) else {
            return None;
        };
        let token = field
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("bearer "))
            .map(|_| &field[7..])?;
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let (key, validation) = self.0.get(&id)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, validation)
            .ok()?
            .claims;
        HeaderValue::from_str(&claims.sub).ok()
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let context = |error| std::io::Error::other(format!("{}: {error}", path.display()));
    std::fs::read_to_string(path).map_err(context)
}
