//! The small things that happen for each event: `cargo bench -p bench`. Criterion keeps the last run below `target`
//! and tells each figure as a ratio to it.

use std::hint::black_box;

use anyhow::{Context as _, ensure};
use bench::{KEY, delivery, draw, facts, invoice_created, invoices};
use criterion::{Criterion, Throughput};
use rules::random;
use xero::Secret;
use xero::models::Invoice;
use xero::webhook::{Payload, verify};

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    signatures(&mut criterion)?;
    deliveries(&mut criterion)?;
    documents(&mut criterion)?;
    answers(&mut criterion)?;
    states(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn signatures(criterion: &mut Criterion) -> anyhow::Result<()> {
    let key = Secret::from(KEY.to_owned());
    let mut group = criterion.benchmark_group("signature");
    for (name, events) in [("one event", 1), ("100 events", 100)] {
        let body = delivery(events);
        let signature = drive::deliveries::sign(KEY, body.as_bytes());
        ensure!(verify(&key, &signature, body.as_bytes()), "a genuine delivery is refused");
        group.throughput(Throughput::Bytes(u64::try_from(body.len())?));
        group.bench_function(name, |bench| bench.iter(|| verify(&key, black_box(&signature), body.as_bytes())));
    }
    group.finish();
    Ok(())
}

fn deliveries(criterion: &mut Criterion) -> anyhow::Result<()> {
    let mut group = criterion.benchmark_group("delivery to hints");
    for (name, events) in [("one event", 1), ("100 events", 100)] {
        let body = delivery(events);
        ensure!(Payload::parse(body.as_bytes()).is_ok(), "a genuine delivery cannot be read");
        group.bench_function(name, |bench| {
            bench.iter(|| Payload::parse(black_box(body.as_bytes())).map(|payload| webhook::reduce(&payload)));
        });
    }
    group.finish();
    Ok(())
}

fn documents(criterion: &mut Criterion) -> anyhow::Result<()> {
    let (event, facts) = (invoice_created(), facts().context("the facts cannot be read")?);
    ensure!(draw(&event, &facts).is_some(), "the invoice cannot be drawn");
    criterion
        .bench_function("event to Xero's invoice, three lines", |bench| bench.iter(|| draw(black_box(&event), &facts)));
    Ok(())
}

fn answers(criterion: &mut Criterion) -> anyhow::Result<()> {
    let mut group = criterion.benchmark_group("Xero's answer");
    for (name, count) in [("one invoice", 1), ("50 invoices", 50)] {
        let json = invoices(count);
        let read: Vec<Invoice> = serde_json::from_str(&json).context("the invoices cannot be read")?;
        ensure!(u128::try_from(read.len())? == count, "not every invoice was read");
        group.throughput(Throughput::Bytes(u64::try_from(json.len())?));
        group.bench_function(name, |bench| bench.iter(|| serde_json::from_str::<Vec<Invoice>>(black_box(&json))));
    }
    group.finish();
    Ok(())
}

fn states(criterion: &mut Criterion) -> anyhow::Result<()> {
    ensure!(random::one_time().is_ok(), "there is no randomness");
    criterion.bench_function("a one-time state and its hash", |bench| {
        bench.iter(|| random::one_time().map(|state| random::digest(&state)));
    });
    Ok(())
}
