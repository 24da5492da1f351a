//! A connection that becomes connected, with the claim of its tenant, and what whoever had it before becomes.

use super::connections::{claim_item, connection_key};
use super::transaction::part;
use super::{Table, text};
use crate::trouble::because;
use async_trait::async_trait;
use rules::connection::Connection;
use rules::ports::{Answer, DisplacedHolder, Ownership, Written};

#[async_trait]
impl Ownership for Table {
    async fn connect_tenant(
        &self,
        connection: &mut Connection,
        mut displaced: Option<&mut DisplacedHolder>,
    ) -> Answer<Written> {
        const WHAT: &str = "connect a tenant";
        let tenant = connection.tenant().ok_or_else(|| because(WHAT, "the connection names no organisation"))?;
        let claim = self
            .put_of(claim_item(tenant, &connection.account))
            .expression_attribute_names("#account", "account")
            .expression_attribute_values(":ours", text(connection.account.as_str()));
        let free = "attribute_not_exists(pk) OR #account = :ours";
        let claim = match &displaced {
            None => claim.condition_expression(free),
            Some(holder) => claim
                .condition_expression(format!("{free} OR #account = :theirs"))
                .expression_attribute_values(":theirs", text(holder.connection.account.as_str())),
        };
        let mut parts = vec![part(claim)?, self.put_part(connection)?];
        if let Some(holder) = displaced.as_deref_mut() {
            parts.push(match holder.is_changed {
                true => self.put_part(&mut holder.connection)?,
                false => self.check_part(connection_key(&holder.connection.account), holder.connection.revision)?,
            });
        }
        let written = self.write_together(WHAT, parts).await?;
        if written == Written::Done {
            connection.revision += 1;
            if let Some(holder) = displaced.filter(|holder| holder.is_changed) {
                holder.connection.revision += 1;
            }
        }
        Ok(written)
    }
}
