//! The user: connects, maps, makes and edits documents, presses buttons. Sessional sends what they do, over the queue or
//! over HTTP, and does not forget what was not taken.

use std::time::Duration;

use anyhow::Context as _;
use harness::XERO;
use serde_json::{Value, json};

use crate::plan::{Deed, Turn};
use crate::stage::Stage;

/// How long Sessional waits before it sends again what was not taken.
const AGAIN: Duration = Duration::from_secs(300);

impl Stage {
    /// Connects an account to one of its organisations, and maps it; whoever is told to connect again does, for an hour.
    /// False when it did not come about.
    pub(crate) async fn connect(&mut self, number: usize, tenant: usize) -> anyhow::Result<bool> {
        let before = self.accounts.get(number).and_then(|account| account.connected);
        for _ in 0..12 {
            let done = self.connect_once(number, tenant).await?;
            let now = if done { Some(tenant) } else { before };
            self.turned(number, now);
            if let Some(account) = self.accounts.get_mut(number) {
                // A consent whose answer was lost may have ended the older one.
                account.revoked = !done && before.is_some();
            }
            if done {
                return self.map(number).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(false)
    }

    async fn connect_once(&mut self, number: usize, tenant: usize) -> anyhow::Result<bool> {
        let Some(account) = self.accounts.get(number) else { return Ok(false) };
        let (id, user) = (account.id.clone(), account.user);
        let Some(organisation) = account.tenants.get(tenant).copied() else { return Ok(false) };
        let service = self.service.clone();
        let started = service.request("POST", "/connection", Some(&id), None, &[]).await?;
        let text = |body: &Value, key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let Some(url) = text(&started.body, "authorise_url") else { return Ok(false) };
        let cookie = started.cookies.first().and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
        let Ok(back) = self.consent(&url, user, organisation).await else { return Ok(false) };
        let query = back.split_once('?').map_or("", |(_, query)| query);
        // From here on the service may begin to call, and go on to call the other.
        self.connecting(number, organisation);
        let headers = [("cookie", cookie.as_str())];
        let returned = service.request("GET", &format!("/oauth/callback?{query}"), None, None, &headers).await?;
        let location = returned.location.unwrap_or_default();
        if let Some(confirmation) = parameter(&location, "confirmation") {
            let body = json!({ "confirmation": confirmation, "browser_key": text(&started.body, "browser_key") });
            let answer = service.request("POST", "/connection/confirmation", Some(&id), Some(&body), &[]).await?;
            if answer.status != 200 {
                return Ok(false);
            }
        }
        let mut status = self.status(number).await?;
        if status == "choose_organisation" {
            let body = json!({ "tenant_id": organisation.to_string() });
            service.request("PUT", "/connection/organisation", Some(&id), Some(&body), &[]).await?;
            status = self.status(number).await?;
        }
        Ok(status == "connected" && self.shown_organisation(number).await? == Some(organisation))
    }

    /// The organisation as the app shows it.
    async fn shown_organisation(&self, number: usize) -> anyhow::Result<Option<uuid::Uuid>> {
        let Some(account) = self.accounts.get(number) else { return Ok(None) };
        let answer = self.service.request("GET", "/connection", Some(&account.id), None, &[]).await?;
        let shown = answer.body.pointer("/organisation/tenant_id").and_then(Value::as_str);
        Ok(shown.and_then(|id| id.parse().ok()))
    }

    /// Walks through Xero's consent page.
    async fn consent(&self, url: &str, user: uuid::Uuid, tenant: uuid::Uuid) -> anyhow::Result<String> {
        let inside = &self.service.xero.inside;
        inside.set_time(self.service.calendar.now());
        let url = format!("{url}&stand_in_user={user}");
        let request = http_get(url.trim_start_matches(XERO))?;
        let page = inside.call(request).await.context("no page")?;
        let page = String::from_utf8_lossy(page.body()).into_owned();
        let field = |name: &str| {
            let marker = format!("name=\"{name}\" value=\"");
            let value = page.split(&marker).nth(1)?.split('"').next()?;
            Some(value.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&"))
        };
        let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).context("no form")?;
        let form = [
            ("request", field("request").context("no request")?),
            ("user", field("user").context("no user")?),
            ("decision", "allow".to_owned()),
            ("tenant", tenant.to_string()),
        ];
        let answer = inside.call(http_form(action, &form)?).await.context("no answer")?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        location.map(str::to_owned).context("no redirect")
    }

    /// Maps every category, as a user does after connecting.
    async fn map(&mut self, number: usize) -> anyhow::Result<bool> {
        let Some(account) = self.accounts.get(number) else { return Ok(false) };
        let (id, spend) = (account.id.clone(), account.spend_money);
        let sales = account.sales.clone();
        let service = self.service.clone();
        for _ in 0..10 {
            let chart = service.request("GET", "/accounts?refresh=true", Some(&id), None, &[]).await?;
            let of = |code: &str| {
                let all = chart.body.get("accounts").and_then(Value::as_array)?;
                let found = all.iter().find(|account| account.get("code").and_then(Value::as_str) == Some(code))?;
                found.get("account_id").cloned()
            };
            if let (Some(sales), Some(expense)) = (of(&sales), of("429")) {
                let target = json!({ "account_id": expense });
                let names = ["fuel", "mileage", "equipment", "training", "insurance", "other"];
                let expenses: serde_json::Map<String, Value> =
                    names.into_iter().map(|name| (name.to_owned(), target.clone())).collect();
                let documents = match spend {
                    true => json!({ "post_as": "spend_money", "bank_account_id": xero_stand_in::BANK }),
                    false => json!({ "post_as": "bill" }),
                };
                let body =
                    json!({ "sales": { "account_id": sales }, "expenses": expenses, "expense_documents": documents });
                let answer = service.request("PUT", "/account-mapping", Some(&id), Some(&body), &[]).await?;
                if answer.status == 200 {
                    return Ok(true);
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(true)
    }

    /// The connection's status as the app shows it.
    pub(crate) async fn status(&self, number: usize) -> anyhow::Result<String> {
        let Some(account) = self.accounts.get(number) else { return Ok(String::new()) };
        let answer = self.service.request("GET", "/connection", Some(&account.id), None, &[]).await?;
        Ok(answer.body.get("status").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// The account is connected to another organisation, or to none.
    pub(crate) fn turned(&mut self, number: usize, to: Option<usize>) {
        let now = self.service.calendar.now();
        if let Some(account) = self.accounts.get_mut(number) {
            account.last = account.connected.or(to).unwrap_or(account.last);
            account.connected = to;
            account.last = to.unwrap_or(account.last);
            let tenant = to.and_then(|to| account.tenants.get(to).copied());
            account.changed.push((now, tenant.into_iter().collect()));
        }
    }

    /// The account is about to be connected to this organisation, beside the one that it has.
    fn connecting(&mut self, number: usize, tenant: uuid::Uuid) {
        let now = self.service.calendar.now();
        if let Some(account) = self.accounts.get_mut(number) {
            let before = account.connected.and_then(|at| account.tenants.get(at).copied());
            account.changed.push((now, before.into_iter().chain([tenant]).collect()));
        }
    }

    /// Whose grant Xero itself has ended is told, and connects again.
    pub(crate) async fn connect_what_was_taken(&mut self) -> anyhow::Result<()> {
        for number in 0..self.accounts.len() {
            if self.was_taken(number) && self.status(number).await? == "error" {
                self.turn(number, Turn::Reconnect).await?;
            }
        }
        Ok(())
    }

    /// The user does something to a document.
    pub(crate) async fn user(&mut self, number: usize, at: usize, deed: Deed) -> anyhow::Result<()> {
        let now = self.service.calendar.now();
        let Some(account) = self.accounts.get_mut(number) else { return Ok(()) };
        let (id, connected) = (account.id.clone(), account.connected.is_some());
        let Some(document) = account.documents.get_mut(at) else { return Ok(()) };
        // Nobody does two things to a document in one moment; of two in one moment a removal counts.
        let now = document.last_event.map_or(now, |last| now.max(last + Duration::from_millis(1)));
        let expense = document.is_expense;
        let alive = document.made && !document.removed;
        let of_type = match deed {
            Deed::Make if expense && document.made && !document.removed => "expense.updated",
            Deed::Make if expense => "expense.logged",
            Deed::Make if document.made => return Ok(()),
            Deed::Make => "invoice.created",
            Deed::Send if alive => "invoice.sent",
            Deed::Edit | Deed::Renumber | Deed::Inclusive | Deed::RenameClient if alive && expense => "expense.updated",
            Deed::Edit | Deed::Renumber | Deed::Inclusive | Deed::RenameClient if alive => "invoice.updated",
            Deed::Remove if alive && expense => "expense.deleted",
            Deed::Remove if alive => "invoice.voided",
            Deed::Repeat | Deed::Old | Deed::Retry => "",
            _ => return Ok(()),
        };
        match deed {
            Deed::Make => (document.made, document.removed) = (true, false),
            Deed::Send => document.sent = true,
            Deed::Edit => document.pence += 1_234,
            Deed::Renumber => document.number.push('B'),
            Deed::Inclusive => document.inclusive = !document.inclusive,
            Deed::RenameClient => document.client_name.push_str(" (new)"),
            Deed::Remove => document.removed = true,
            _ => {}
        }
        if deed == Deed::Inclusive {
            document.touched.push("basis");
        }
        let name = document.id.clone();
        let (event, again) = match deed {
            Deed::Repeat => (document.events.last().cloned(), true),
            Deed::Old => (document.events.first().cloned(), true),
            Deed::Retry => {
                let path = format!("/records/{}/{name}/retry", document.kind());
                let answer = self.service.request("POST", &path, Some(&id), None, &[]).await?;
                self.note("user", format!("retries {name}: {}", answer.status));
                return Ok(());
            }
            _ => (Some(document.event(&id, of_type, now)), false),
        };
        let Some(event) = event else { return Ok(()) };
        if !again {
            document.last_event = Some(now);
            document.events.push(event.clone());
            // What is made while nobody is connected is acknowledged and goes there when it is sent later.
            document.uncertain = !connected;
        }
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let total = document.total();
        let again_word = if again { "again: " } else { "" };
        self.note("user", format!("{again_word}{kind} {name}, {total}"));
        self.tell(number, &event, again).await
    }

    /// Sessional sends an event until it is taken.
    async fn tell(&mut self, number: usize, event: &Value, again: bool) -> anyhow::Result<()> {
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let id = account.id.clone();
        let name = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let over_http = name.len().is_multiple_of(3) && !again;
        let service = self.service.clone();
        let event = event.clone();
        // The user does not wait for it.
        tokio::task::spawn_local(async move {
            if over_http {
                let body = json!({ "events": [event] });
                for _ in 0..12 {
                    let answer = service.request("POST", "/events", Some(&id), Some(&body), &[]).await;
                    let taken = answer.as_ref().is_ok_and(|answer| {
                        let result = answer.body.pointer("/results/0/status").and_then(Value::as_str);
                        answer.status == 202 && result == Some("accepted")
                    });
                    let refused = answer.is_ok_and(|answer| (400..500).contains(&answer.status));
                    if taken || refused {
                        return;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
            // A repeat comes under a deduplication id of its own, as an operator's or another sender's does.
            let deduplication =
                if again { format!("{name}-again-{}", service.calendar.now().as_millisecond()) } else { name };
            service.cloud.send("SyncQueue", &id, &deduplication, &event.to_string());
        });
        Ok(())
    }

    /// The user does something to the account.
    pub(crate) async fn turn(&mut self, number: usize, turn: Turn) -> anyhow::Result<()> {
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let (id, connected) = (account.id.clone(), account.connected);
        match turn {
            Turn::RetryAll => {
                let causes = self.service.request("GET", "/records/causes", Some(&id), None, &[]).await?;
                let keys = causes.body.get("causes").and_then(Value::as_array).cloned().unwrap_or_default();
                for key in keys.iter().filter_map(|cause| cause.get("key").or_else(|| cause.get("cause"))) {
                    let body = json!({ "cause": key });
                    self.service.request("POST", "/records/retry", Some(&id), Some(&body), &[]).await?;
                }
                self.note("user", format!("retries all of {id}"));
            }
            Turn::Disconnect if connected.is_some() => {
                self.unsettle(number);
                let answer = self.service.request("DELETE", "/connection", Some(&id), None, &[]).await?;
                self.note("user", format!("disconnects {id}: {}", answer.status));
                if answer.status == 204 {
                    self.turned(number, None);
                }
            }
            Turn::Reconnect => {
                let last = self.accounts.get(number).map_or(0, |account| account.last);
                let done = self.connect(number, last).await?;
                self.note("user", format!("connects {id} again: {done}"));
            }
            Turn::Other => {
                self.unsettle(number);
                let other = usize::from(connected != Some(1));
                let done = self.connect(number, other).await?;
                self.note("user", format!("connects {id} to its other organisation: {done}"));
                if let Some(account) = self.accounts.get_mut(number) {
                    account.excuses.insert("other organisation");
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What is under way when the connection changes may end either way.
    fn unsettle(&mut self, number: usize) {
        let now = self.service.calendar.now();
        let bad = self.last_bad.is_some_and(|bad| now.duration_since(bad).as_hours() < 24);
        if let Some(account) = self.accounts.get_mut(number) {
            for document in &mut account.documents {
                let fresh = document.last_event.is_some_and(|at| bad || now.duration_since(at).as_hours() < 2);
                document.uncertain |= fresh;
            }
        }
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let rest = url.split(['?', '#', '&']).find_map(|part| part.strip_prefix(&format!("{name}=")))?;
    Some(rest.to_owned())
}

fn http_get(path: &str) -> anyhow::Result<http::Request<bytes::Bytes>> {
    Ok(http::Request::get(path).body(bytes::Bytes::new())?)
}

fn http_form(path: &str, form: &[(&str, String)]) -> anyhow::Result<http::Request<bytes::Bytes>> {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let request = http::Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    Ok(request.body(bytes::Bytes::from(body.join("&")))?)
}
