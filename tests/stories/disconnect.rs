//! Leaving: the tokens are gone, the documents stay, and saying it twice is no error.

use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;

use crate::stage::{Stage, new_name};

#[tokio::test]
async fn disconnecting_deletes_the_token_and_leaves_what_is_in_xero() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let owner = Owner::new(&stage.stack, &name).await?;
    let user = owner.user.to_string();
    let mut silence = Silence;
    let mut journey = Journey::prepare(&stage.stack, &name, owner, &mut silence).await?;
    journey.connect().await?;
    journey.map_accounts().await?;
    journey.create_invoice().await?;
    journey.wait_until_synced().await?;
    assert_eq!(tokens_of(&stage, &user).await?, 1);

    for _ in ["once", "again"] {
        let answer = journey.sessional.call("DELETE", "/connection", None).await?;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    let shown = journey.sessional.call("GET", "/connection", None).await?;
    assert_eq!(shown.text_at("/status")?, "disconnected");
    assert_eq!(tokens_of(&stage, &user).await?, 0);
    assert_eq!(journey.owner.totals().await?.invoices, 1);
    journey.wait_for_notification("connection.disconnected").await?;
    Ok(())
}

/// How many secrets hold a token of this Xero user.
async fn tokens_of(stage: &Stage, user: &str) -> anyhow::Result<usize> {
    let names = stage.stack.aws()?.secrets().await?;
    Ok(names.iter().filter(|name| name.contains("/tokens/") && name.contains(user)).count())
}
