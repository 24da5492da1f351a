//! The main job, end to end.

use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;

use crate::stage::{Stage, new_name};

#[tokio::test]
async fn an_invoice_goes_to_xero_and_its_payment_comes_back() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut journey = Journey::prepare(&stage.stack, &name, owner, &mut silence).await?;
    let last = journey.travel().await?;
    assert_eq!(last, format!("invoice {} is paid", journey.number()));
    let totals = journey.owner.totals().await?;
    assert_eq!((totals.invoices, totals.contacts, totals.payments), (1, 1, 1), "{totals:?}");
    Ok(())
}
