//! How a function runs in its process.

use tokio::task::{JoinError, spawn_local};

/// Runs a function's loop as a task of the local runtime, and not as its root: whenever a connection wakes the root, the
/// runtime looks at all sockets once more, three times for an event.
///
/// # Errors
/// That of the loop. A panic is one too where panics unwind, which in a release they do not.
///
/// # Panics
/// Outside of `#[tokio::main(flavor = "local")]`.
pub async fn run<E>(work: impl Future<Output = Result<(), E>> + 'static) -> Result<(), E>
where
    E: From<JoinError> + 'static,
{
    spawn_local(work).await?
}
