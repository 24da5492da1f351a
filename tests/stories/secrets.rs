//! Known secrets are planted wherever there can be one, and looked for in everything that prints, answers or is sent.

use std::fs;

use jiff::Timestamp;
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use rules::connect::ConnectError;
use rules::grant::{Grant, StoredToken, TokenHistory, TokenPointer};
use rules::ports::Unavailable;
use rules::session::Interruption;
use rules::tokens::{Memory, TokenFailure};
use serde_json::Value;
use xero::{AccessToken, AppCredentials, RefreshToken, Secret, TokenError};
use xero_stand_in::control::{Fault, FaultKind};

use crate::inside::{CLIENT_SECRET, Inside};
use crate::stage::{Stage, new_name};

/// What access tokens begin with: a JWT's header, `{"typ":` or `{"alg":`. Less of it may be in any random text.
const JWT: [&str; 2] = ["eyJ0eXAiOi", "eyJhbGciOi"];

fn assert_clean(what: &str, text: &str, planted: &[String]) {
    for (number, secret) in planted.iter().enumerate() {
        assert!(!text.contains(secret.as_str()), "secret {number} is in {what}");
    }
}

#[test]
fn no_type_that_holds_a_secret_prints_it() {
    let planted = "pl4nted".to_owned();
    let secret = Secret::from(planted.clone());
    let access = AccessToken::new(planted.clone(), Timestamp::UNIX_EPOCH);
    let refresh = RefreshToken::new(planted.clone());
    let credentials = AppCredentials { client_id: "id".to_owned(), client_secret: planted.clone().into() };
    let printed = [format!("{secret:?}"), format!("{access:?}"), format!("{refresh:?}"), format!("{credentials:#?}")];
    for text in printed {
        assert_clean("Debug", &text, std::slice::from_ref(&planted));
    }
}

#[tokio::test]
async fn no_error_of_tokens_and_connections_prints_what_it_is_about() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let connection = inside.connected(&account, &person, person.tenants[0]).await?;
    let Grant { token, .. } = inside.grant(person.user).await?.unwrap();
    let stored = inside.vault.stored(&token, &account).await?.unwrap().token.expose().to_owned();
    let planted = [CLIENT_SECRET, &stored, JWT[0], JWT[1]].map(str::to_owned);

    // Xero answers with our own secrets in its error.
    let mut printed = Vec::new();
    for (status, body) in [
        (400, format!(r#"{{"error":"{stored}","error_description":"{CLIENT_SECRET}"}}"#)),
        (400, format!(r#"{{"error":"invalid_grant","error_description":"{stored}"}}"#)),
        (500, stored.clone()),
        (200, format!(r#"{{"access_token":"{stored}"}}"#)),
    ] {
        let answer = FaultKind::Answer { status, content_type: "application/json".to_owned(), body };
        inside.xero().fault(&Fault::once("token.refresh_token", answer.clone())).await?;
        let memory = Memory::default();
        if let Err(failure) = inside.tokens(&memory).access(&connection).await {
            printed.push(format!("{failure} {failure:?}"));
            let interruption = Interruption::from(failure);
            printed.push(format!("{interruption} {interruption:?}"));
        }
        inside.xero().fault(&Fault::once("token.authorization_code", answer)).await?;
        if let Err(refusal) = inside.consent(&account, person.allows(&person.tenants)).await? {
            printed.push(format!("{refusal} {refusal:?}"));
        }
    }
    let operator = || TokenFailure::Operator(TokenError::InvalidClient);
    printed.push(format!("{:?} {}", operator(), ConnectError::from(operator())));
    // A store that does not know the place, and one whose value is no token.
    let nowhere = TokenPointer(format!("{}x", token.0));
    let history = TokenHistory::first(Vec::new());
    let kept = StoredToken { token: RefreshToken::new(stored.clone()), stored_at: Timestamp::UNIX_EPOCH, history };
    let error: Unavailable = inside.vault.replace(&nowhere, &kept).await.unwrap_err();
    printed.push(format!("{error} {error:?} {}", error.source));
    let changed =
        serde_json::json!({ "SecretId": token.0, "SecretString": format!("{{\"refresh_token\":\"{stored}\"}}") });
    inside.aws()?.call("secretsmanager.PutSecretValue", &changed).await?;
    let Err(error) = inside.vault.stored(&token, &account).await else { anyhow::bail!("a malformed token was read") };
    printed.push(format!("{error} {error:?} {}", error.source));
    printed.push(format!("{connection:?} {:?}", inside.grant(person.user).await?));
    assert!(printed.len() > 8, "{}", printed.len());
    for text in &printed {
        assert_clean("an error", text, &planted);
    }
    Ok(())
}

/// Goes the whole way through the deployed functions and then looks everywhere. The logs are those of every story that
/// has run until now.
#[tokio::test]
async fn no_log_no_answer_no_item_and_no_message_has_a_secret_in_it() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    let stack = stage.stack.clone();
    let aws = stack.aws()?;
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(&stack, &name).await?;
    let mut journey = Journey::prepare(&stack, &name, owner, &mut silence).await?;
    journey.travel().await?;

    let mut planted = vec![stack.app.client_secret.clone(), stack.app.webhook_key.clone()];
    planted.extend(JWT.map(str::to_owned));
    for secret in aws.secrets().await?.iter().filter(|name| name.contains("/tokens/")) {
        let value = aws.call("secretsmanager.GetSecretValue", &serde_json::json!({ "SecretId": secret })).await;
        // A story beside this one cannot be; but what a killed function left may be on its way out.
        let Ok(value) = value else { continue };
        let stored: Value =
            serde_json::from_str(value["SecretString"].as_str().unwrap_or_default()).unwrap_or_default();
        planted.extend(stored["refresh_token"].as_str().map(str::to_owned));
    }
    assert!(planted.len() > 4, "no token was stored");

    let calls = ["/connection", "/accounts", "/account-mapping", "/records", "/connection/organisations"];
    for path in calls {
        let answer = journey.sessional.call("GET", path, None).await?;
        assert_clean(path, &format!("{} {:?}", answer.text, answer.headers), &planted);
    }
    let told = Value::Array(journey.sessional.notifications().await?).to_string();
    assert!(told.contains("invoice.paid"), "{told}");
    assert_clean("the notifications", &told, &planted);
    for item in aws.scan(stack.deployment.resource("Table")?).await? {
        assert_clean("the table", &item.to_string(), &planted);
    }
    let mut read = 0;
    for function in stack.deployment.functions.keys() {
        let log = stack.logs.join(format!("{function}.log"));
        let text = fs::read_to_string(&log).unwrap_or_default();
        read += usize::from(!text.is_empty());
        assert_clean(&log.display().to_string(), &text, &planted);
    }
    assert!(read >= 5, "only {read} functions have written a log");
    Ok(())
}
