//! Functions die in the middle of the journey, and it ends as if they had not.

use std::time::{Duration, Instant};

use local::journey::Journey;
use local::narrator::Silence;
use local::stack::StackInfo;
use local::workers;
use local::xero_side::Owner;

use crate::stage::{Stage, new_name};

/// A victim that does not come to life in this time has no part in this leg of the journey.
const LONGEST_AMBUSH: Duration = Duration::from_secs(3);

async fn travel_while_one_dies(stack: &StackInfo, victim: &str) -> anyhow::Result<()> {
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(stack, &name).await?;
    let mut journey = Journey::prepare(stack, &name, owner, &mut silence).await?;
    let mut deaths = workers::kill(stack, victim)?;
    journey.connect().await?;
    deaths += workers::kill(stack, victim)?;
    journey.map_accounts().await?;
    deaths += workers::kill(stack, victim)?;
    journey.create_invoice().await?;
    // sync takes the event at this moment: it dies with the work in its hands, or just before or after.
    deaths += ambush(stack, victim).await?;
    journey.wait_until_synced().await?;
    deaths += workers::kill(stack, victim)?;
    journey.pay().await?;
    deaths += ambush(stack, victim).await?;
    let last = journey.wait_until_paid().await?;
    assert_eq!(last, format!("invoice {} is paid", journey.number()), "{victim} was killed");
    let totals = journey.owner.totals().await?;
    assert_eq!((totals.invoices, totals.contacts), (1, 1), "{victim} was killed: {totals:?}");
    assert!(deaths > 0, "{victim} was never there to be killed");
    Ok(())
}

/// Kills the victim as soon as it lives.
async fn ambush(stack: &StackInfo, victim: &str) -> anyhow::Result<usize> {
    let began = Instant::now();
    while began.elapsed() < LONGEST_AMBUSH {
        let killed = workers::kill(stack, victim)?;
        if killed > 0 {
            return Ok(killed);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(0)
}

macro_rules! killing {
    ($($story:ident: $victim:literal),+ $(,)?) => {$(
        #[tokio::test]
        #[cfg(target_os = "linux")]
        async fn $story() -> anyhow::Result<()> {
            let stage = Stage::alone()?;
            travel_while_one_dies(&stage.stack, $victim).await
        }
    )+};
}

killing! {
    killing_connect_in_the_middle_of_the_journey_does_not_change_its_end: "connect",
    killing_settings_in_the_middle_of_the_journey_does_not_change_its_end: "settings",
    killing_ingest_in_the_middle_of_the_journey_does_not_change_its_end: "ingest",
    killing_sync_in_the_middle_of_the_journey_does_not_change_its_end: "sync",
    killing_webhook_in_the_middle_of_the_journey_does_not_change_its_end: "webhook",
    killing_payments_in_the_middle_of_the_journey_does_not_change_its_end: "payments",
}
