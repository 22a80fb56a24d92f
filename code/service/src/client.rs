//! The core of a client for such a server: JSON over HTTP, with errors to decide by.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Details;

/// How long the server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address of the server is none. Correct it.
    #[error("{url:?} is no address of a server: {reason}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server cannot be reached, does not answer in time, or the connection broke. What was
    /// asked may or may not have been done: call again if that does no harm.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The address of the server.
        url: String,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// The server refused. `retry` tells whether the same call may succeed later.
    #[error("{message}")]
    Refused {
        /// One word that programs decide by, such as `queue_full`.
        code: String,
        /// What is wrong.
        message: String,
        /// Whether to call again.
        retry: bool,
    },
}

/// A handle to a server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    /// For the server at `url` (`http://127.0.0.1:7070`); no answer may take longer than `patience`.
    ///
    /// A proxy that the environment names (`HTTP_PROXY`) is asked for servers on other machines
    /// only: it could not reach this one's loopback, and would learn the token.
    /// Redirects are not followed.
    pub fn new(url: &str, token: Option<String>, patience: Duration) -> Result<Self, ClientError> {
        let wrong = |reason: String| ClientError::Address {
            url: url.to_owned(),
            reason,
        };
        let address = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if address.scheme() != "http" {
            return Err(wrong("it must begin with http://".to_owned()));
        }
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(patience)
            .redirect(Policy::none());
        if is_loopback(&address) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Reads what is at `path`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        self.read(response).await
    }

    /// Sends `body`, and reads the answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientError> {
        let request = self.request(Method::POST, path).json(body);
        let response = self.send(request).await?;
        self.read(response).await
    }

    /// A request to `path`, with the token, to be completed and sent by [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends it; an answer that is no success is an error.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.broken(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.map_err(|error| self.broken(error))?;
        let (code, message) = match serde_json::from_str::<Details>(&text) {
            Ok(details) => (details.code, details.detail),
            Err(_) => {
                let message = format!("{} answers {status} and gives no reason", self.url);
                (status.as_str().to_owned(), message)
            }
        };
        let retry = may_succeed_later(status);
        Err(ClientError::Refused {
            code,
            message,
            retry,
        })
    }

    /// The JSON of an answer.
    pub async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, ClientError> {
        response.json().await.map_err(|error| self.broken(error))
    }

    fn broken(&self, source: reqwest::Error) -> ClientError {
        ClientError::Unreachable {
            url: self.url.clone(),
            source: source.without_url(),
        }
    }
}

fn may_succeed_later(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::INSUFFICIENT_STORAGE
    )
}

fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
