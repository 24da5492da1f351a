//! Where things are: the files of the repository that the local stack reads, and the folders it writes.
//!
//! Everything written is below `.local/`, which is ignored by git: removing that folder forgets everything.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The repository and its `.local` folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The repository that this tool was built in.
    pub fn of_this_repository() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().nth(2).unwrap_or(here);
        Self { root: root.to_owned() }
    }

    /// The folder with `Cargo.toml` and `template.yaml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The only description of the infrastructure.
    pub fn template(&self) -> PathBuf {
        self.root.join("template.yaml")
    }

    /// A file of `infra/local/emulator`: what runs in Python.
    pub fn emulator(&self, name: &str) -> PathBuf {
        self.root.join("infra/local/emulator").join(name)
    }

    /// A path below `.local`.
    pub fn local(&self, name: &str) -> PathBuf {
        self.root.join(".local").join(name)
    }

    /// The folders of one stack, by name: `up`, `demo` and `test` may run side by side.
    pub fn stack(&self, name: &str) -> StackFolder {
        StackFolder {
            name: name.to_owned(),
            path: self.local("stacks").join(name),
            logs: self.local("logs").join(name),
        }
    }
}

/// Where one stack keeps its state and its logs.
#[derive(Clone, Debug)]
pub struct StackFolder {
    /// What the stack is called.
    pub name: String,
    /// State: what `cargo local reset` forgets.
    pub path: PathBuf,
    /// One log per part.
    pub logs: PathBuf,
}

impl StackFolder {
    /// Makes the folders, empties the logs of the last run.
    pub fn prepare(&self) -> anyhow::Result<()> {
        if self.logs.exists() {
            fs::remove_dir_all(&self.logs).with_context(|| format!("failed to empty {}", self.logs.display()))?;
        }
        for folder in [&self.path, &self.logs, &self.file("bin"), &self.file("bootstraps"), &self.file("tmp")] {
            fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        }
        Ok(())
    }

    /// Removes everything this stack remembers; its lock stays, because it may be held.
    pub fn forget(&self) -> anyhow::Result<()> {
        if !self.path.exists() {
            return Ok(());
        }
        for entry in fs::read_dir(&self.path).context("failed to list the stack's folder")? {
            let path = entry.context("failed to list the stack's folder")?.path();
            if path.file_name().is_some_and(|name| name == "lock") {
                continue;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("failed to remove {}", path.display()))?;
        }
        Ok(())
    }

    /// A file of the state.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The log of a part.
    pub fn log(&self, part: &str) -> PathBuf {
        self.logs.join(format!("{part}.log"))
    }
}

/// The last lines of a log, for a person who has to see why something failed.
pub fn tail(log: &Path, lines: usize) -> String {
    let Ok(bytes) = fs::read(log) else {
        return format!("({} was not written)", log.display());
    };
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    let last = all.get(from..).unwrap_or_default().join("\n");
    format!("--- the end of {} ---\n{last}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_a_stack_leaves_its_lock_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let stack = StackFolder { name: "x".into(), path: folder.path().join("x"), logs: folder.path().join("logs") };
        stack.prepare().unwrap();
        fs::write(stack.file("lock"), "").unwrap();
        fs::write(stack.file("ports.json"), "{}").unwrap();
        stack.forget().unwrap();
        let left: Vec<_> = fs::read_dir(&stack.path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        fs::write(&log, "one\ntwo\nthree\n").unwrap();
        assert!(tail(&log, 2).ends_with("two\nthree"));
        assert!(tail(&folder.path().join("none.log"), 2).contains("was not written"));
    }
}
