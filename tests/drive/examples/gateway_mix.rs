//! `cargo run -p drive --example gateway_mix -- 10000`: so many deliveries, every second one forged, through the
//! gateway of a running `cargo local up`; then the queue is emptied and compared with what was sent.

#![expect(clippy::print_stdout, reason = "a tool's result goes to standard output")]

use anyhow::Context as _;
use drive::mix;
use local::layout::Layout;
use local::stack::StackInfo;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let count = std::env::args().nth(1).context("say how many deliveries, such as 10000")?;
    let count = count.parse().context("say how many deliveries, such as 10000")?;
    let stack = StackInfo::for_tests(&Layout::of_this_repository())?;
    println!("{count} deliveries to {}", stack.front);
    let report = mix::run(&stack, count).await?;
    println!(
        "{} genuine: {} lost, {} doubled; {} forged: {} slipped through; {} wrong answers; {} messages; {:.1} s",
        report.genuine,
        report.lost,
        report.doubled,
        report.forged,
        report.slipped_through,
        report.wrong_answers.len(),
        report.messages,
        report.took.as_secs_f32()
    );
    report.judge()
}
