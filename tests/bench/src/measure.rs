//! How a contender is measured: started cold many times, then driven warm, and all contenders in turn, so that a
//! busy minute of the machine meets them all.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use rig::function::Function;

use crate::contenders::Contender;
use crate::figures::{Row, Span, median, percentile};
use crate::process;
use crate::scene::Scene;

/// Warm events before anything is counted: connections are open, and Node has compiled what is hot.
const WARM_UP: usize = 500;
/// Rounds of warm events: short and many, so that the middle one has met a quiet moment.
const ROUNDS: usize = 21;
/// Events of a contender in a round.
const EVENTS: usize = 100;

/// What is known of a contender so far.
#[derive(Default)]
struct Samples {
    ready: Spans,
    answer: Spans,
    warm_wall: Vec<u64>,
    warm_cpu: Vec<u64>,
}

#[derive(Default)]
struct Spans {
    wall: Vec<u64>,
    cpu: Vec<u64>,
}

impl Spans {
    fn add(&mut self, wall: Duration, cpu: Duration) {
        self.wall.push(nanoseconds(wall));
        self.cpu.push(nanoseconds(cpu));
    }

    fn median(&self) -> Span {
        Span { wall_ns: median(&self.wall), cpu_ns: median(&self.cpu) }
    }
}

/// Measures all of them; `tell` is told what happens next.
///
/// # Errors
/// When one of them fails at its job: then there is nothing to measure.
pub async fn all(scene: &Scene, contenders: &[Contender], tell: impl Fn(&str)) -> anyhow::Result<Vec<Row>> {
    let mut numbers = 1_u64..;
    let mut next = || numbers.next().unwrap_or_default();
    let mut samples: Vec<Samples> = contenders.iter().map(|_| Samples::default()).collect();
    let starts = contenders.iter().map(|contender| contender.cold_starts).max().unwrap_or_default();
    for start in 0..starts {
        if start % 10 == 0 {
            tell(&format!("cold starts, round {} of {starts}", start + 1));
        }
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            if start < contender.cold_starts {
                cold(contender, next(), samples).await.with_context(|| contender.name)?;
            }
        }
    }
    tell("warming up");
    let mut running = Vec::new();
    for contender in contenders {
        let mut function = Function::start(&contender.setup).await?;
        function.ready().await?;
        for _ in 0..WARM_UP {
            invoke(contender, &mut function, next()).await.with_context(|| contender.name)?;
        }
        running.push(function);
    }
    for round in 0..ROUNDS {
        if round % 5 == 0 {
            tell(&format!("warm events, round {} of {ROUNDS}", round + 1));
        }
        for ((contender, samples), function) in contenders.iter().zip(&mut samples).zip(&mut running) {
            warm(contender, function, &mut next, samples).await.with_context(|| contender.name)?;
        }
    }
    let mut rows = Vec::new();
    for ((contender, samples), function) in contenders.iter().zip(&samples).zip(&mut running) {
        rows.push(row(scene, contender, samples, function, next()).await.with_context(|| contender.name)?);
    }
    for function in running {
        function.kill().await?;
    }
    Ok(rows)
}

async fn cold(contender: &Contender, number: u64, samples: &mut Samples) -> anyhow::Result<()> {
    let event = contender.event(number)?;
    let mut function = Function::start(&contender.setup).await?;
    let id = function.id().context("the process has ended")?;
    function.ready().await?;
    samples.ready.add(function.began().elapsed(), process::cpu(id)?);
    let ended = function.invoke(&event).await?;
    samples.answer.add(function.began().elapsed(), process::cpu(id)?);
    contender.accept(&ended.answer()?)?;
    function.kill().await
}

async fn warm(
    contender: &Contender,
    function: &mut Function,
    next: &mut impl FnMut() -> u64,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let id = function.id().context("the process has ended")?;
    let before = process::cpu(id)?;
    for _ in 0..EVENTS {
        samples.warm_wall.push(nanoseconds(invoke(contender, function, next()).await?));
    }
    let used = nanoseconds(process::cpu(id)?.saturating_sub(before));
    samples.warm_cpu.push(used / u64::try_from(EVENTS)?);
    Ok(())
}

/// One event, and how long the answer took.
async fn invoke(contender: &Contender, function: &mut Function, number: u64) -> anyhow::Result<Duration> {
    let event = contender.event(number)?;
    let began = Instant::now();
    let ended = function.invoke(&event).await?;
    let took = began.elapsed();
    contender.accept(&ended.answer()?)?;
    Ok(took)
}

/// The samples as figures, and the calls that one more event makes.
async fn row(
    scene: &Scene,
    contender: &Contender,
    samples: &Samples,
    function: &mut Function,
    number: u64,
) -> anyhow::Result<Row> {
    let id = function.id().context("the process has ended")?;
    let aws_before = scene.cloud.calls();
    scene.forget_xero_calls().await?;
    invoke(contender, function, number).await?;
    Ok(Row {
        code_bytes: contender.code_bytes,
        ready: samples.ready.median(),
        answer: samples.answer.median(),
        warm_wall_ns: median(&samples.warm_wall),
        warm_p95_ns: percentile(&samples.warm_wall, 95),
        warm_cpu_ns: median(&samples.warm_cpu),
        peak_bytes: process::peak(id)?,
        aws_calls: scene.cloud.calls() - aws_before,
        xero_calls: scene.xero_calls().await?,
    })
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
