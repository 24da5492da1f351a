//! The support desk releases an organisation that an account holds: two persons, a line for each, and another account can
//! connect it then.

use std::process::Output;

use anyhow::Context as _;
use local::layout::Layout;
use local::narrator::Silence;
use local::progress::Progress;
use local::python::Python;
use serde_json::Value;
use tokio::process::Command;

use crate::desk::Desk;
use crate::stage::Stage;

/// A person at the desk: credentials that AWS (the emulator) knows them by.
struct Person {
    key: String,
    secret: String,
}

/// The desk's command, run by somebody against the running stack.
async fn run(stage: &Stage, python: &Python, person: &Person, arguments: &[&str]) -> anyhow::Result<Output> {
    let script = Layout::of_this_repository().root().join("infra/support-desk.py");
    let mut command = Command::new(python.interpreter());
    command.arg(script).args(arguments).env("AWS_ENDPOINT_URL", &stage.stack.aws).env("AWS_REGION", local::aws::REGION);
    command.env("AWS_ACCESS_KEY_ID", &person.key).env("AWS_SECRET_ACCESS_KEY", &person.secret);
    command.output().await.context("failed to run the support desk's command")
}

fn said(output: &Output) -> anyhow::Result<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).with_context(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Somebody new of the AWS account.
async fn somebody(stage: &Stage, python: &Python, name: &str) -> anyhow::Result<Person> {
    const MAKE: &str = "import boto3,json,sys\niam=boto3.client('iam')\niam.create_user(UserName=sys.argv[1])\n\
                        key=iam.create_access_key(UserName=sys.argv[1])['AccessKey']\n\
                        print(json.dumps([key['AccessKeyId'],key['SecretAccessKey']]))";
    let mut command = Command::new(python.interpreter());
    command.args(["-c", MAKE, name]).env("AWS_ENDPOINT_URL", &stage.stack.aws).env("AWS_REGION", local::aws::REGION);
    command.env("AWS_DEFAULT_REGION", local::aws::REGION);
    command.env("AWS_ACCESS_KEY_ID", "000000000000").env("AWS_SECRET_ACCESS_KEY", "test");
    let output = command.output().await.context("failed to make a person")?;
    let (key, secret) =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(Person { key, secret })
}

#[tokio::test]
async fn two_persons_release_what_an_account_holds_and_each_leaves_a_line() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let python = Python::ensure(&Layout::of_this_repository(), None, &Progress::begin())?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let (account, tenant) = (desk.journey.sessional.account.clone(), desk.journey.owner.tenant.to_string());
    let first = somebody(&stage, &python, &format!("first-{}", desk.name)).await?;
    let second = somebody(&stage, &python, &format!("second-{}", desk.name)).await?;

    let shown = said(&run(&stage, &python, &first, &["holder", &tenant]).await?)?;
    assert_eq!((&shown["account"], &shown["status"]), (&Value::from(account.clone()), &Value::from("connected")));
    let refused = refusal(&run(&stage, &python, &first, &["release", &tenant]).await?);
    assert!(refused.contains("nobody has asked"), "{refused}");
    let asked = said(&run(&stage, &python, &first, &["ask", &tenant, "--ticket", "T-1"]).await?)?;
    assert!(asked["asked_by"].as_str().is_some_and(|arn| arn.contains(&format!("first-{}", desk.name))), "{asked}");
    let refused = refusal(&run(&stage, &python, &first, &["release", &tenant]).await?);
    assert!(refused.contains("two persons"), "{refused}");
    assert_eq!(desk.journey.sessional.call("GET", "/connection", None).await?.json()["status"], "connected");

    let released = said(&run(&stage, &python, &second, &["release", &tenant]).await?)?;
    assert_ne!(released["asked_by"], released["released_by"]);
    assert_eq!(desk.journey.sessional.call("GET", "/connection", None).await?.json()["status"], "disconnected");
    desk.journey.wait_for_notification("connection.disconnected").await?;
    let refused = refusal(&run(&stage, &python, &second, &["holder", &tenant]).await?);
    assert!(refused.contains("no account holds"), "{refused}");

    let kept = stage.written_about(&tenant).await?;
    let lines: Vec<&str> = kept.iter().filter_map(|item| item["line"]["S"].as_str()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("T-1") && line.contains(&account)), "{lines:?}");
    assert!(!kept.iter().any(|item| item["sk"]["S"] == "RELEASE"), "it is used up");

    // Whoever connects now gets it.
    let mut silence = Silence;
    let owner = desk.journey.owner.clone();
    let name = format!("next{}", desk.name);
    let mut next = local::journey::Journey::prepare(&stage.stack, &name, owner, &mut silence).await?;
    next.connect().await
}
