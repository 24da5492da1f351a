//! What a browser is told: the app's own pages may call, and no others.

use local::client::Sessional;

use crate::stage::{Stage, new_name};

#[tokio::test]
async fn only_the_apps_own_origin_may_call_from_a_browser() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut app = Sessional::sign_in(&stage.stack, &format!("acc_{}", new_name())).await?;
    let origin = stage.stack.front.clone();
    for (from, allowed) in [(origin.as_str(), true), ("https://elsewhere.example", false), ("null", false)] {
        let asks = [("origin", from), ("access-control-request-method", "PUT")];
        let preflight = app.call_with("OPTIONS", "/account-mapping", None, &asks).await?;
        let answer = app.call_with("GET", "/connection", None, &[("origin", from)]).await?;
        for answer in [&preflight, &answer] {
            let told = answer.header("access-control-allow-origin");
            assert_eq!(told, allowed.then_some(from), "{from}: {} {}", answer.status, answer.text);
        }
        let credentials = preflight.header("access-control-allow-credentials");
        assert_eq!(credentials, None, "nothing is told by a cookie");
        assert_eq!(preflight.status == 204, allowed, "{from}: {}", preflight.text);
        assert_eq!(answer.status, 200, "the call itself is not refused: the browser keeps its answer back");
    }
    Ok(())
}
