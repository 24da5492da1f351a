//! Contacts in Xero that the user chooses for clients. What the user is doing may use the calls of the day that nothing
//! automatic takes, as the chart does.

use crate::chart::check_connected;
use crate::{Answered, App};
use aws::clock::SystemClock;
use aws::http::json;
use http::StatusCode;
use rules::connection::Connection;
use rules::event::SessionalId;
use rules::session::Session;
use rules::sync::contact::link::{self, LinkError, LinkRequest, SearchText};
use rules::{AccountId, Problem};
use xero::TenantId;

impl App {
    pub(crate) async fn contacts(&self, account: &AccountId, text: Option<&str>) -> Answered {
        let text = SearchText::parse(text)?;
        let connection = self.connection(account).await?;
        check_connected(&connection)?;
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, &clock, &self.memory);
        let session = Session::open(&self.xero.client, &tokens, &connection).ok_or_else(Problem::not_connected)?;
        match link::search(&self.table, &session, account, &text).await {
            Ok(found) => Ok(json(StatusCode::OK, &found)),
            Err(error) => Err(self.not_linked(&connection, session.tenant_id(), error).await),
        }
    }

    pub(crate) async fn link(&self, account: &AccountId, organisation: &str, body: &[u8]) -> Answered {
        let organisation =
            SessionalId::parse(organisation).map_err(|expected| Problem::invalid("organisation_id", expected))?;
        let chosen = LinkRequest::parse(body)?.contact_id;
        let connection = self.connection(account).await?;
        check_connected(&connection)?;
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, &clock, &self.memory);
        let session = Session::open(&self.xero.client, &tokens, &connection).ok_or_else(Problem::not_connected)?;
        match link::link(&self.table, &session, account, &organisation, chosen).await {
            Ok(linked) => Ok(json(StatusCode::OK, &linked)),
            Err(error) => Err(self.not_linked(&connection, session.tenant_id(), error).await),
        }
    }

    async fn not_linked(&self, connection: &Connection, tenant: TenantId, error: LinkError) -> Problem {
        match error {
            LinkError::Refused(problem) => problem,
            LinkError::Interrupted(interruption) => self.interrupted(connection, tenant, interruption).await,
        }
    }
}
