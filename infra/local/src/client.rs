//! The Sessional app as a client of the service: one account's calls, with its token, and its browser.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use url::Url;

use crate::stack::StackInfo;

/// A call that takes longer than the gateway waits for a function is not coming back.
const LONGEST_CALL: Duration = Duration::from_secs(35);

/// A killed function is replaced at the next call; this is how long a caller goes on calling.
const PATIENCE: Duration = Duration::from_secs(30);

/// One account in the app.
#[derive(Clone, Debug)]
pub struct Sessional {
    front: String,
    app_local: String,
    /// The account.
    pub account: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte by byte.
    pub text: String,
}

/// What the app's return page finds in its address.
#[derive(Clone, Debug)]
pub struct Return {
    /// `confirm`, `already` or `error`.
    pub connection: String,
    /// Why not, for an error.
    pub reason: Option<String>,
    /// What the page confirms with.
    pub confirmation: Option<String>,
    /// The whole address.
    pub page: Url,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A text of the body, by JSON pointer.
    pub fn text_at(&self, pointer: &str) -> anyhow::Result<String> {
        let found = self.json().pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        found.with_context(|| format!("the answer has no {pointer}: {} {}", self.status, self.text))
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    async fn read(answer: reqwest::Response) -> anyhow::Result<Self> {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Self { status, headers, text: answer.text().await.context("failed to read an answer")? })
    }
}

impl Sessional {
    /// Signs in: takes a token from the local issuer.
    pub async fn sign_in(stack: &StackInfo, account: &str) -> anyhow::Result<Self> {
        let token = token(stack, account, "").await?;
        Ok(Self { token: Some(token), ..Self::signed_out(stack, account)? })
    }

    /// A caller with a token of its own, or with none.
    pub fn with_token(stack: &StackInfo, account: &str, token: Option<String>) -> anyhow::Result<Self> {
        Ok(Self { token, ..Self::signed_out(stack, account)? })
    }

    fn signed_out(stack: &StackInfo, account: &str) -> anyhow::Result<Self> {
        Ok(Self {
            front: stack.front.clone(),
            app_local: stack.app_local.clone(),
            account: account.to_owned(),
            token: None,
            http: crate::http::client()?,
        })
    }

    /// One call, whatever comes back.
    pub async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        self.call_with(method, path, body, &[]).await
    }

    /// One call with further headers, whatever comes back.
    pub async fn call_with(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let url = format!("{}{path}", self.front);
        let method: Method = method.parse().context("no such method")?;
        let mut request = self.http.request(method, &url).timeout(LONGEST_CALL);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(serde_json::to_vec(body)?);
        }
        Answer::read(request.send().await.with_context(|| format!("failed to call {url}"))?).await
    }

    /// A call that is repeated while the answer is a failure of the service itself, as every client of it has
    /// to.
    pub async fn call_until_answered(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let began = Instant::now();
        loop {
            let answer = self.call(method, path, body).await?;
            if answer.status < 500 || began.elapsed() > PATIENCE {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The browser follows a redirect to the service, without a token.
    pub async fn open(&self, url: &str) -> anyhow::Result<Answer> {
        let request = self.http.get(url).timeout(LONGEST_CALL);
        Answer::read(request.send().await.with_context(|| format!("failed to open {url}"))?).await
    }

    /// The browser comes back from Xero and goes on to the app's return page: what that finds in its address.
    pub async fn come_back(&self, url: &str) -> anyhow::Result<Return> {
        let answer = self.open(url).await?;
        ensure!(answer.status == 302 && answer.text.is_empty(), "the callback answered {}", answer.status);
        let page = Url::parse(answer.header("location").unwrap_or_default()).context("the callback leads nowhere")?;
        let part = |name: &str| page.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let confirmation = page.fragment().and_then(|fragment| fragment.strip_prefix("confirmation="));
        Ok(Return {
            connection: part("connection").unwrap_or_default(),
            reason: part("reason"),
            confirmation: confirmation.map(str::to_owned),
            page,
        })
    }

    /// The return page redeems what it found.
    pub async fn confirm(&mut self, confirmation: &str, browser_key: &str) -> anyhow::Result<Answer> {
        let body = json!({ "confirmation": confirmation, "browser_key": browser_key });
        self.call("POST", "/connection/confirmation", Some(&body)).await
    }

    /// What Sessional's backend has been told about this account.
    pub async fn notifications(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/_local/notifications", self.app_local);
        let answer = self.http.get(url).query(&[("account", &self.account)]).send().await;
        let answer = answer.context("failed to ask for the notifications")?;
        serde_json::from_str(&answer.text().await?).context("the notifications are not JSON")
    }
}

/// A token of the local issuer; `more` are further wishes as a query (`&expires_in=-60`).
pub async fn token(stack: &StackInfo, account: &str, more: &str) -> anyhow::Result<String> {
    let url = format!("{}/_local/token?account={account}{more}", stack.app_local);
    let answer = crate::http::client()?.get(url).send().await.context("failed to ask for a token")?;
    answer.error_for_status().context("the issuer refused a token")?.text().await.context("failed to read a token")
}
