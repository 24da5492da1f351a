//! Cargo as a child of this tool.

use std::ffi::OsString;
use std::process::Command;

/// Cargo, without what `cargo run` has told this tool about itself: some build scripts look at these
/// variables, and would build again each time the tool calls cargo and the user calls it next.
pub fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in std::env::vars_os().map(|(name, _)| name).filter(is_about_this_tool) {
        command.env_remove(name);
    }
    command
}

fn is_about_this_tool(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let families = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    families.iter().any(|family| name.starts_with(family)) || name == "OUT_DIR" || name == "CARGO_PRIMARY_PACKAGE"
}
