//! What operating it needs of the template: alarms with a page in the runbook, queues that lose nothing, and
//! nothing that is more open than it has to be.

use std::collections::BTreeSet;
use std::fs;

use aws::telemetry::metrics::CATALOGUE;
use local::layout::Layout;
use rules::upkeep::Round;
use serde_json::Value;

use crate::stage::Stage;
use crate::template::{allowed, named, of_type, with};

/// How often longer than its consumer runs AWS advises a queue to wait.
const VISIBILITY: u64 = 6;

fn template() -> anyhow::Result<Value> {
    Ok(Stage::shared()?.stack.deployment.template)
}

#[test]
fn every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() -> anyhow::Result<()> {
    let template = template()?;
    let runbook = fs::read_to_string(Layout::of_this_repository().root().join("infra/runbook.md"))?;
    let alarms: BTreeSet<String> =
        of_type(&template, "AWS::CloudWatch::Alarm").into_keys().map(str::to_owned).collect();
    let mut sections = BTreeSet::new();
    for section in runbook.split("\n## ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        if title == "Without an alarm" {
            continue;
        }
        sections.insert(title.to_owned());
        for part in ["**Means:**", "**Look:**", "**Do:**", "**Redrive:**"] {
            assert!(text.contains(part), "{title} does not say {part}");
        }
    }
    assert_eq!(sections, alarms);
    Ok(())
}

#[test]
fn every_alarm_tells_the_topic_and_watches_a_metric_that_there_is() -> anyhow::Result<()> {
    let template = template()?;
    for (name, alarm) in of_type(&template, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        assert_eq!(alarm["AlarmActions"]["Fn::If"][0], "HasAlarmTopic", "{name}");
        let metric = alarm["MetricName"].as_str().expect("a metric");
        let by = alarm["Dimensions"][0]["Name"].as_str();
        if named(&alarm["Namespace"]) == "AWS::StackName" {
            let known = CATALOGUE.iter().find(|known| known.name == metric);
            let known = known.unwrap_or_else(|| panic!("{name} watches {metric}, which nobody writes"));
            assert!(by.is_none() || by == known.by, "{name} asks for {metric} by {by:?}");
        }
    }
    Ok(())
}

#[test]
fn the_dashboard_shows_every_metric_of_ours_and_no_other() -> anyhow::Result<()> {
    let template = template()?;
    let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let board: Value = serde_json::from_str(body)?;
    let mut shown = BTreeSet::new();
    for widget in board["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            if let Some(search) = metric[0]["expression"].as_str() {
                let name = search.split("MetricName=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
                let by = CATALOGUE.iter().find(|known| known.name == name).and_then(|known| known.by);
                assert!(by.is_some_and(|by| search.contains(&format!("\"{by}\""))), "{search}");
                shown.insert(name);
            } else if metric[0] == "${AWS::StackName}" {
                shown.insert(metric[1].as_str().unwrap());
            }
        }
    }
    assert_eq!(shown, CATALOGUE.iter().map(|metric| metric.name).collect());
    Ok(())
}

#[test]
fn every_queue_is_encrypted_outlived_by_its_dead_letters_and_watched_by_two_alarms() -> anyhow::Result<()> {
    let template = template()?;
    let queues = of_type(&template, "AWS::SQS::Queue");
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    let watched = |metric: &str, queue: &str| {
        alarms.values().any(|alarm| {
            let alarm = &alarm["Properties"];
            alarm["MetricName"] == metric && named(&alarm["Dimensions"][0]["Value"]) == queue
        })
    };
    let default = template["Parameters"]["QueueVisibilityTimeout"]["Default"].as_u64().unwrap();
    let longest = of_type(&template, "AWS::Lambda::EventSourceMapping");
    let timeout = |function: &str| template["Resources"][function]["Properties"]["Timeout"].as_u64().unwrap();
    let longest = longest.values().filter_map(|mapping| {
        let function = named(&mapping["Properties"]["FunctionName"]);
        assert!(mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"].is_u64(), "{function}");
        (function != "SyncFunction").then(|| timeout(&function))
    });
    assert!(default >= longest.max().unwrap() * VISIBILITY);
    // A batch of the sync that was killed is back within half a minute: Lambda refuses a shorter visibility.
    let sync = template["Parameters"]["SyncVisibilityTimeout"]["Default"].as_u64().unwrap();
    assert!((timeout("SyncFunction")..=30).contains(&sync));
    for (name, queue) in &queues {
        let queue = &queue["Properties"];
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{name}");
        if name.ends_with("DeadLetterQueue") {
            assert!(watched("ApproximateNumberOfMessagesVisible", name), "{name} has no alarm");
            continue;
        }
        let letters = named(&queue["RedrivePolicy"]["deadLetterTargetArn"]);
        let kept = |queue: &Value| queue["MessageRetentionPeriod"].as_u64().unwrap();
        let (own, theirs) = (kept(queue), kept(&queues[letters.as_str()]["Properties"]));
        // In a first-in-first-out queue a dead letter's age begins anew.
        assert!(theirs > own || (queue["FifoQueue"] == true && theirs == own), "{letters} forgets before {name}");
        assert!(watched("ApproximateAgeOfOldestMessage", name), "nobody sees how long {name} waits");
    }
    assert_eq!(queues.len(), 8);
    Ok(())
}

#[test]
fn every_schedule_begins_a_round_that_upkeep_knows() -> anyhow::Result<()> {
    // EventBridge Scheduler puts the time in, in this form.
    const DUE: (&str, &str) = ("<aws.scheduler.scheduled-time>", "2026-11-20T09:15:00Z");
    let template = template()?;
    let mut rounds = Vec::new();
    for schedule in of_type(&template, "AWS::Scheduler::Schedule").into_values() {
        let schedule = &schedule["Properties"];
        let input = schedule["Target"]["Input"].as_str().expect("an input").replace(DUE.0, DUE.1);
        rounds.push((serde_json::from_str::<Round>(&input)?, schedule["ScheduleExpression"].as_str().unwrap()));
    }
    rounds.sort_by_key(|(_, schedule)| *schedule);
    let quarter = Round::Quarter { at: DUE.1.parse()? };
    // On the quarter by the clock: whose turn it is follows from that.
    let expected = [
        (quarter, "cron(0/15 * * * ? *)"),
        (Round::Wake, "rate(1 minute)"),
        (Round::Refreshes, "rate(10 minutes)"),
        (Round::Orphans, "rate(6 hours)"),
    ];
    assert_eq!(rounds, expected);
    Ok(())
}

#[test]
fn no_role_has_a_wildcard_resource_but_for_traces() -> anyhow::Result<()> {
    for store in ["secrets-manager", "kms-table"] {
        let template = with(&template()?, &[("TokenStore", store)]);
        for name in of_type(&template, "AWS::IAM::Role").into_keys().filter(|name| name.ends_with("Role")) {
            for (action, resource) in allowed(&template, name) {
                assert!(!action.contains('*'), "{name} may {action}");
                assert!(resource != "*" || action.starts_with("xray:"), "{name} may {action} on everything");
            }
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_made_again_outlives_the_stack_and_logs_do_not_outlive_their_use() -> anyhow::Result<()> {
    let template = template()?;
    for name in ["Table", "Key"] {
        let resource = &template["Resources"][name];
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&"Retain".into(), &"Retain".into())
        );
    }
    let table = &template["Resources"]["Table"]["Properties"];
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    let functions = of_type(&template, "AWS::Lambda::Function");
    for (name, function) in &functions {
        assert_eq!(function["Properties"]["TracingConfig"]["Mode"], "Active", "{name}");
        let group = named(&function["Properties"]["LoggingConfig"]["LogGroup"]);
        let kept = &template["Resources"][group]["Properties"]["RetentionInDays"];
        assert_eq!(named(kept), "LogRetentionDays", "{name}");
    }
    assert_eq!(functions.len(), 8);
    Ok(())
}

#[test]
fn each_stage_sets_what_has_no_default_and_nothing_that_is_not_there() -> anyhow::Result<()> {
    let template = template()?;
    let known = template["Parameters"].as_object().unwrap();
    let stages = fs::read_to_string(Layout::of_this_repository().root().join("infra/samconfig.toml"))?;
    let overrides: Vec<&str> = stages.split("parameter_overrides = [").skip(1).collect();
    assert_eq!(overrides.len(), 2);
    for stage in overrides {
        let lines = stage.lines().map(|line| line.trim().trim_start_matches('"'));
        let set: BTreeSet<&str> = lines
            .take_while(|line| *line != "]")
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name)
            .collect();
        for name in &set {
            assert!(known.contains_key(*name), "template.yaml has no parameter {name}");
            assert!(!name.contains("Secret") && !name.contains("Key"), "{name} looks like a secret");
        }
        for (name, parameter) in known {
            assert!(parameter.get("Default").is_some() || set.contains(name.as_str()), "{name} is not set");
        }
    }
    Ok(())
}
