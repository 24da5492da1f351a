//! The stories are the integration test beside this file (`main.rs`); cargo wants a package to have a library.
