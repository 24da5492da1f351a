//! What has waited goes on by itself, however much it is: as fast as Xero's limits allow, and no faster.

mod backlog;
mod crowd;
