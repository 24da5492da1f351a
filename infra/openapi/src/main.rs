//! Writes `infra/openapi.json`.

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let path = openapi::golden();
    std::fs::write(&path, openapi::text()?).with_context(|| format!("failed to write {}", path.display()))
}
