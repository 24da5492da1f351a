//! The local stack: everything the service needs on one machine, without AWS and without Xero.
//!
//! An emulator plays AWS and gets `template.yaml`, the same file that is deployed; a stand-in with state
//! plays Xero; the functions run as they are. `stack` starts and stops it all, `journey` is what it is for,
//! `workers` breaks it. The app, the API and Xero's pages are on
//! three sites, as deployed (`site`, `front`, the stand-in). The tool `cargo local` and the stories use this library; nothing under `functions/` or `shared/` does.

pub mod aws;
pub mod backend;
pub mod binaries;
pub mod browser;
pub mod cargo;
pub mod client;
pub mod deploy;
pub mod emulator;
pub mod forward;
pub mod front;
pub mod http;
pub mod issuer;
pub mod journey;
pub mod layout;
pub mod narrator;
pub mod pages;
pub mod part;
pub mod ports;
pub mod progress;
pub mod python;
pub mod recorder;
pub mod site;
pub mod stack;
pub mod stand_in;
pub mod workers;
pub mod xero_side;
