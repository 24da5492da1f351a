//! The state file: the whole world as JSON, written at a clean exit.

use std::path::Path;

use anyhow::Context as _;

use crate::world::World;

/// Reads the file; nothing when there is none yet.
pub(crate) fn load(path: &Path) -> anyhow::Result<Option<World>> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let world = serde_json::from_slice(&bytes).context("failed to read the state file")?;
            Ok(Some(world))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("failed to open the state file"),
    }
}

/// Writes the file beside its place and moves it there.
pub(crate) fn save(path: &Path, world: &World) -> anyhow::Result<()> {
    let part = path.with_extension("part");
    let bytes = serde_json::to_vec(world).context("failed to write the state")?;
    std::fs::write(&part, bytes).context("failed to write the state file")?;
    std::fs::rename(&part, path).context("failed to move the state file into place")
}
