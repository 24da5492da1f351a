//! Which of the webhook's numbers were heard: one item for the whole app.

use super::{Key, Stored, Table};
use async_trait::async_trait;
use rules::payments::gaps::{self, Heard};
use rules::ports::{Answer, Sequences, Written};

fn heard_key() -> Key {
    Key { pk: "WEBHOOK".to_owned(), sk: "HEARD".to_owned() }
}

impl Stored for Heard {
    const KIND: &'static str = "webhook numbers";
    const VERSION: u32 = gaps::VERSION;

    fn key(&self) -> Key {
        heard_key()
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }
}

#[async_trait]
impl Sequences for Table {
    async fn heard(&self) -> Answer<Option<Heard>> {
        self.get(heard_key()).await
    }

    async fn put_heard(&self, heard: &mut Heard) -> Answer<Written> {
        self.put(heard).await
    }
}
