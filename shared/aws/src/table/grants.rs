//! What Xero users granted.

use super::{Key, Stored, Table, number};
use crate::trouble::unavailable;
use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use rules::grant::{self, Grant};
use rules::ports::{Answer, Grants, Written};
use xero::XeroUserId;

fn grant_key(user: XeroUserId) -> Key {
    Key::of_user(user, "GRANT")
}

impl Stored for Grant {
    const KIND: &'static str = "grant";
    const VERSION: u32 = grant::VERSION;

    fn key(&self) -> Key {
        grant_key(self.user)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }
}

#[async_trait]
impl Grants for Table {
    async fn grant(&self, user: XeroUserId) -> Answer<Option<Grant>> {
        self.get(grant_key(user)).await
    }

    async fn put_grant(&self, grant: &mut Grant) -> Answer<Written> {
        self.put(grant).await
    }

    async fn delete_grant(&self, grant: &Grant) -> Answer<Written> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(grant_key(grant.user).into()))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(grant.revision));
        match delete.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Written::Conflict)
            }
            Err(error) => Err(unavailable("delete a grant", &error)),
        }
    }
}
