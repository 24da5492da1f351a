//! What waits, grouped by its cause, and trying it again: one record, or everything of a cause.

use crate::{Answered, App, unavailable};
use aws::http::json;
use http::StatusCode;
use rules::connection::Status;
use rules::ports::{Mappings as _, Records as _, Written};
use rules::{AccountId, Problem, input, retry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::TenantId;

/// The answer of `GET /records/causes`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Causes {
    /// What waits, the largest group first.
    pub causes: Vec<retry::CauseView>,
}

/// The body of `POST /records/{kind}/{id}/retry`; it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryRecord {
    /// Send this content with the total that Xero computes, where a differing total stopped it.
    #[serde(default)]
    pub accept_total: bool,
}

/// The body of `POST /records/retry`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryCause {
    /// The key of a group of `GET /records/causes`.
    #[schema(max_length = 500)]
    pub cause: String,
}

impl App {
    pub(crate) async fn causes(&self, account: &AccountId) -> Answered {
        let causes = match self.tenant(account).await? {
            Some(tenant) => {
                let mapping = self.table.mapping(account, tenant).await.map_err(unavailable)?;
                let choices = mapping.map(|mapping| mapping.choices).unwrap_or_default();
                retry::causes(&self.table, account, tenant, &choices).await.map_err(unavailable)?
            }
            None => Vec::new(),
        };
        Ok(json(StatusCode::OK, &Causes { causes }))
    }

    pub(crate) async fn retry(&self, account: &AccountId, kind: &str, id: &str, body: &[u8]) -> Answered {
        let asked: RetryRecord = match body {
            [] => RetryRecord::default(),
            body => input::read(body).map_err(|wrong| Problem::invalid(wrong.path, wrong.reason))?,
        };
        let mut record = self.find(account, kind, id).await?;
        self.check_receives(account).await?;
        if asked.accept_total {
            if !retry::accept_total(&mut record) {
                return Err(Problem::not_possible("Its total is not what stopped this record"));
            }
            match self.table.put_record(&mut record).await.map_err(unavailable)? {
                Written::Done => {}
                Written::Conflict => return Err(Problem::conflict()),
            }
        }
        let retried = retry::one(&self.queue, record).await.map_err(unavailable)?;
        Ok(json(StatusCode::ACCEPTED, &retried.ok_or_else(Problem::nothing_to_retry)?))
    }

    pub(crate) async fn retry_cause(&self, account: &AccountId, body: &[u8]) -> Answered {
        let asked: RetryCause = input::read(body).map_err(|wrong| Problem::invalid(wrong.path, wrong.reason))?;
        let tenant = self.check_receives(account).await?;
        let retried = retry::cause(&self.table, &self.queue, account, tenant, &asked.cause).await;
        let retried = retried.map_err(unavailable)?;
        tracing::info!(xero.tenant_id = %tenant, records.retried = retried.retried, "a cause is tried again");
        Ok(json(StatusCode::ACCEPTED, &retried))
    }

    /// What is tried again has to have somewhere to go; while the connection is in error it is held.
    pub(crate) async fn check_receives(&self, account: &AccountId) -> Result<TenantId, Problem> {
        let connection = self.connection(account).await?;
        let organisation = connection.organisation.as_ref().ok_or_else(Problem::not_connected)?;
        match connection.status {
            Status::Connected | Status::Error => Ok(organisation.tenant),
            Status::ChooseOrganisation | Status::Disconnected => Err(Problem::not_connected()),
        }
    }
}
