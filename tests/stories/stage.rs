//! What every story needs: the running stack, names that nobody else uses, and a look at what was written.

use std::fs::File;

use anyhow::Context as _;
use aws::sdk::Keys;
use aws::table::Table;
use local::layout::Layout;
use local::stack::StackInfo;
use serde_json::Value;

/// The stack, shared with the other stories for as long as this is held.
pub(crate) struct Stage {
    pub(crate) stack: StackInfo,
    _lock: File,
}

impl Stage {
    /// For a story that leaves the others alone.
    pub(crate) fn shared() -> anyhow::Result<Self> {
        let (stack, lock) = open()?;
        lock.lock_shared().context("failed to share the stack")?;
        Ok(Self { stack, _lock: lock })
    }

    /// For a story that breaks something: it waits until the others are through, and they wait for it.
    pub(crate) fn alone() -> anyhow::Result<Self> {
        let (stack, lock) = open()?;
        lock.lock().context("failed to take the stack")?;
        Ok(Self { stack, _lock: lock })
    }

    /// The deployed table, as the functions use it.
    pub(crate) fn table(&self) -> anyhow::Result<Table> {
        let keys = Keys { id: "000000000000".to_owned(), secret: "test".to_owned(), session: None };
        let sdk = aws::sdk::configured(local::aws::REGION.to_owned(), keys, Some(self.stack.aws.clone()))?;
        Ok(Table::new(&sdk, self.stack.deployment.resource("Table")?.to_owned()))
    }

    /// What the table holds about somebody: items in which the name occurs.
    pub(crate) async fn written_about(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        let table = self.stack.deployment.resource("Table")?;
        let items = self.stack.aws()?.scan(table).await?;
        Ok(items.into_iter().filter(|item| item.to_string().contains(name)).collect())
    }
}

fn open() -> anyhow::Result<(StackInfo, File)> {
    let stack = StackInfo::for_tests(&Layout::of_this_repository())?;
    let path = stack.folder.join("stories.lock");
    let lock = File::options().create(true).truncate(false).write(true).open(path);
    Ok((stack, lock.context("failed to open the stories' lock")?))
}

/// A name that no other story and no earlier run has used.
pub(crate) fn new_name() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(10).collect()
}
