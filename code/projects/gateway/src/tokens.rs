//! Who asks: JSON web tokens, whose keys are in a file.

use std::collections::HashMap;
use std::fs;

use anyhow::Context;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::config;

/// How the server learns who asks. What a client sends under this name is taken away.
pub const SUBJECT: HeaderName = HeaderName::from_static("x-subject");

/// The keys of a route, by their ids.
pub struct Tokens(HashMap<String, (DecodingKey, Validation)>);

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Tokens {
    /// Reads the keys. Fails if there's one that can't be used.
    pub fn new(tokens: &config::Tokens) -> anyhow::Result<Tokens> {
        let file = || format!("keys: {}", tokens.keys.display());
        let text = fs::read_to_string(&tokens.keys).with_context(file)?;
        let set: JwkSet = serde_json::from_str(&text).with_context(file)?;
        let keys = set.keys.iter().map(|jwk| {
            read(jwk, &tokens.audience).with_context(|| {
                let id = &jwk.common.key_id;
                format!("key {id:?} needs a kid, an alg of HS256, RS256 or ES256, and its numbers")
            })
        });
        Ok(Tokens(keys.collect::<Result<_, _>>()?))
    }

    /// Who asks, if the request has one token and it's valid.
    pub fn subject(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut fields = headers.get_all(header::AUTHORIZATION).iter();
        let (field, None) = (fields.next()?.to_str().ok()?, fields.next()) else {
            return None;
        };
        let (scheme, token) = field.split_at_checked(7)?;
        if !scheme.eq_ignore_ascii_case("bearer ") {
            return None;
        }
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let (key, validation) = self.0.get(&id)?;
        let token = jsonwebtoken::decode::<Claims>(token, key, validation).ok()?;
        HeaderValue::from_str(&token.claims.sub).ok()
    }
}

fn read(jwk: &Jwk, audience: &str) -> Option<(String, (DecodingKey, Validation))> {
    // The key says which algorithm, and the token has no say: or a public key of RS256
    // would be taken for a secret of HS256, and all the world could sign.
    let algorithm = match jwk.common.key_algorithm? {
        KeyAlgorithm::HS256 => Algorithm::HS256,
        KeyAlgorithm::RS256 => Algorithm::RS256,
        KeyAlgorithm::ES256 => Algorithm::ES256,
        _ => return None,
    };
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, (key, validation)))
}
