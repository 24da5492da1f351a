//! Who a caller is: what API Gateway's authorizer makes of a token's claims, and what the functions believe of it.

use local::client::{Sessional, token};
use local::narrator::Silence;
use serde_json::json;

use crate::desk::Desk;
use crate::stage::{Stage, new_name};

/// A caller whose token has further claims.
async fn with_claims(stage: &Stage, account: &str, claims: &serde_json::Value) -> anyhow::Result<Sessional> {
    let claims: String = url::form_urlencoded::byte_serialize(claims.to_string().as_bytes()).collect();
    let token = token(&stage.stack, account, &format!("&claims={claims}")).await?;
    Sessional::with_token(&stage.stack, account, Some(token))
}

#[tokio::test]
async fn a_list_of_accounts_is_no_account() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let account = desk.journey.sessional.account.clone();
    // The gateway hands a list over as "[a b]", which is no account's id, be it a list of one.
    for list in [json!([account]), json!([account, "acc_other"]), json!([[account]]), json!({ "id": account })] {
        let mut caller = with_claims(&stage, &account, &json!({ "account": list })).await?;
        let answer = caller.call("GET", "/connection", None).await?;
        assert_eq!((answer.status, answer.json()["type"].as_str()), (401, Some("/problems/unauthorized")), "{list}");
    }
    let mut without = with_claims(&stage, &account, &json!({ "account": null })).await?;
    assert_eq!(without.call("GET", "/connection", None).await?.status, 401, "the person is not the account");
    assert_eq!(desk.journey.sessional.call("GET", "/connection", None).await?.json()["status"], "connected");
    Ok(())
}

#[tokio::test]
async fn a_second_factor_is_an_element_of_the_list_that_the_gateway_hands_over() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let long_ago = 1_000_000_000;
    let cases = [
        (json!({}), 200),
        (json!({ "amr": ["mfa"] }), 200),
        (json!({ "amr": "mfa" }), 200),
        (json!({ "amr": ["pwd"] }), 403),
        (json!({ "amr": ["pwd", "no-mfa"] }), 403),
        (json!({ "amr": "pwd mfa" }), 403),
        (json!({ "amr": [["mfa"]] }), 403),
        (json!({ "amr": null }), 403),
        (json!({ "auth_time": long_ago }), 403),
        (json!({ "auth_time": null }), 403),
    ];
    for (claims, expected) in cases {
        let mut caller = with_claims(&stage, &format!("acc_{}", new_name()), &claims).await?;
        let answer = caller.call("POST", "/connection", None).await?;
        assert_eq!(answer.status, expected, "{claims}: {}", answer.text);
        if expected == 403 {
            assert_eq!(answer.json()["type"], "/problems/second-factor");
            assert_eq!(answer.json()["action"], "sign_in_again");
            let confirmation = json!({ "confirmation": "a".repeat(43), "browser_key": "b".repeat(43) });
            let confirmed = caller.call("POST", "/connection/confirmation", Some(&confirmation)).await?;
            assert_eq!(confirmed.json()["type"], "/problems/second-factor", "{claims}");
        }
        // Who only looks, or leaves, is not asked.
        assert_eq!(caller.call("GET", "/connection", None).await?.status, 200);
        assert_eq!(caller.call("DELETE", "/connection", None).await?.status, 204);
    }
    Ok(())
}
