//! The rig of the sync's hard tests.
//!
//! A function's real binary runs as a process of its own under a Runtime API server ([`runtime`], [`function`]);
//! every call it makes to the outside passes a wire that counts and can be cut ([`wire`], [`proxy`], [`names`]), and what
//! AWS would bill for it is worked out ([`bill`]).
//! Where the process is not the subject, the rules run in this process over stores in memory ([`shelf`]) with a
//! clock that nobody waits for ([`clock`]), fed by a model of the queue ([`queue`]). Both kinds start from a
//! connected account ([`tenant`]) and end with a look into the books ([`books`]).

pub mod bill;
pub mod books;
pub mod clock;
pub mod cloud;
pub mod events;
pub mod function;
pub mod load;
pub mod names;
pub mod process;
pub mod proxy;
pub mod queue;
pub mod runtime;
pub mod shelf;
pub mod tenant;
pub mod wire;
pub mod worker;
