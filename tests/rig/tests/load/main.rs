//! Many events of many accounts through the running stack; `cargo run -p rig --example load` does the same with
//! as many as one likes.

#![expect(clippy::print_stdout, reason = "time and calls are part of the result")]

use std::time::Duration;

use local::layout::Layout;
use local::stack::StackInfo;
use rig::load::{Load, run};

#[tokio::test]
async fn two_hundred_events_of_ten_accounts_through_the_stack_end_right() -> anyhow::Result<()> {
    let stack = StackInfo::for_tests(&Layout::of_this_repository())?;
    let load = Load { accounts: 10, rounds: 2, patience: Duration::from_secs(200) };
    let report = run(&stack, load).await?;
    assert_eq!((report.events, report.documents), (200, 140));
    println!("{report:?}");
    Ok(())
}
