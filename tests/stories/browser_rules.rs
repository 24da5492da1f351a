//! What a browser is told: the app's own pages may call, and no others.

use local::client::Sessional;

use crate::stage::{Stage, new_name};

#[tokio::test]
async fn only_the_apps_own_origin_may_call_from_a_browser() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut app = Sessional::sign_in(&stage.stack, &format!("acc_{}", new_name())).await?;
    let origin = stage.stack.app_site.clone();
    let api = stage.stack.front.as_str();
    for (from, allowed) in
        [(origin.as_str(), true), (api, false), ("https://elsewhere.example", false), ("null", false)]
    {
        let asks = [("origin", from), ("access-control-request-method", "PUT")];
        let preflight = app.call_with("OPTIONS", "/account-mapping", None, &asks).await?;
        let answer = app.call_with("GET", "/connection", None, &[("origin", from)]).await?;
        for answer in [&preflight, &answer] {
            let told = answer.header("access-control-allow-origin");
            assert_eq!(told, allowed.then_some(from), "{from}: {} {}", answer.status, answer.text);
        }
        let told = |name| preflight.header(name);
        assert_eq!(told("access-control-allow-credentials"), None, "no cookie is ever sent or set");
        assert_eq!(told("access-control-allow-methods"), allowed.then_some("GET,POST,PUT,DELETE"), "{from}");
        assert_eq!(told("access-control-allow-headers"), allowed.then_some("authorization,content-type"), "{from}");
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(preflight.status == 204, allowed, "{from}: {}", preflight.text);
        assert_eq!(answer.status, 200, "the call itself is not refused: the browser keeps its answer back");
    }
    Ok(())
}
