//! The sync log: records of the organisation that the account is or was last connected to.

use crate::{Answered, App, unavailable};
use aws::clock::SystemClock;
use aws::http::json;
use http::StatusCode;
use rules::ports::{Clock as _, Organisations as _, Records as _};
use rules::record::{Kind, Record, RecordKey, State};
use rules::record_view::{self, RecordView};
use rules::{AccountId, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use xero::TenantId;

/// The answer of `GET /records`: a page of the sync log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordsPage {
    /// The records of the page; a filter may leave few of them, or none.
    pub records: Vec<RecordView>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

impl App {
    pub(crate) async fn records(
        &self,
        account: &AccountId,
        kind: Option<&str>,
        state: Option<&str>,
        cursor: Option<&str>,
    ) -> Answered {
        let kind =
            kind.map(|word| Kind::parse(word).ok_or_else(|| Problem::invalid("kind", "Known kinds: invoice, expense")));
        let kind = kind.transpose()?;
        let state = state.map(parse_state).transpose()?;
        let Some(tenant) = self.tenant(account).await? else {
            return Ok(json(StatusCode::OK, &RecordsPage { records: Vec::new(), next: None }));
        };
        let page = self.table.records(account, tenant, kind, cursor).await;
        let page = page.map_err(|error| match cursor {
            Some(_) if error.source.to_string().contains("cursor") => {
                Problem::invalid("cursor", "This is no cursor of an earlier page")
            }
            _ => unavailable(error),
        })?;
        let short_code = self.short_code(account, tenant).await?;
        let now = SystemClock.now();
        let records: Vec<RecordView> = page
            .records
            .into_iter()
            .filter(|record| state.is_none_or(|state| record.state() == state))
            .map(|record| record_view::draw(record, short_code.as_deref(), now))
            .collect();
        Ok(json(StatusCode::OK, &RecordsPage { records, next: page.next }))
    }

    pub(crate) async fn record(&self, account: &AccountId, kind: &str, id: &str) -> Answered {
        let record = self.find(account, kind, id).await?;
        let short_code = self.short_code(account, record.key.tenant).await?;
        Ok(json(StatusCode::OK, &record_view::draw(record, short_code.as_deref(), SystemClock.now())))
    }

    /// The record of the account and organisation that has this name.
    pub(crate) async fn find(&self, account: &AccountId, kind: &str, id: &str) -> Result<Record, Problem> {
        let missing =
            || Problem::not_found("There is no such record. What was sent a moment ago may still be on its way");
        let kind = Kind::parse(kind).ok_or_else(missing)?;
        let tenant = self.tenant(account).await?.ok_or_else(missing)?;
        let key = RecordKey { account: account.clone(), tenant, kind, id: id.to_owned() };
        self.table.record(&key).await.map_err(unavailable)?.ok_or_else(missing)
    }

    /// The organisation whose records are shown; records stay readable after a disconnect.
    pub(crate) async fn tenant(&self, account: &AccountId) -> Result<Option<TenantId>, Problem> {
        use rules::ports::Connections as _;
        let connection = self.table.connection(account).await.map_err(unavailable)?;
        Ok(connection.and_then(|connection| connection.organisation).map(|organisation| organisation.tenant))
    }

    async fn short_code(&self, account: &AccountId, tenant: TenantId) -> Result<Option<String>, Problem> {
        let facts = self.table.facts(account, tenant).await.map_err(unavailable)?;
        Ok(facts.map(|facts| facts.organisation.short_code.clone()).filter(|code| !code.is_empty()))
    }
}

fn parse_state(word: &str) -> Result<State, Problem> {
    serde_json::from_value(serde_json::json!(word)).map_err(|_| {
        Problem::invalid(
            "state",
            "Known states: intent, synced, part_paid, paid, held, failed, skipped, voided, tombstone",
        )
    })
}
