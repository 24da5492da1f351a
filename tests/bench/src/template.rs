//! The few figures of `template.yaml` that the sums and the model need, read from its text so that they cannot differ.

use anyhow::Context as _;

/// What the template says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Batches that the sync works at once.
    pub sync: u64,
    /// The same of payments.
    pub payments: u64,
    /// The same of upkeep.
    pub upkeep: u64,
    /// Deliveries of the webhook a second.
    pub webhook_rate: u64,
    /// Requests to any other route a second.
    pub route_rate: u64,
    /// Alarms.
    pub alarms: u32,
}

impl Template {
    /// Reads the template's text.
    ///
    /// # Errors
    /// When it no longer says something.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let concurrency = |function: &str| number(after(text, &format!("\n  {function}:\n"))?, "MaximumConcurrency: ");
        let alarms = text.matches("Type: AWS::CloudWatch::Alarm\n").count();
        Ok(Self {
            sync: concurrency("SyncFunction")?,
            payments: concurrency("PaymentsFunction")?,
            upkeep: concurrency("UpkeepFunction")?,
            webhook_rate: number(after(text, "\"POST /webhooks/accounting\": {")?, "ThrottlingRateLimit: ")?,
            route_rate: number(after(text, "DefaultRouteSettings: {")?, "ThrottlingRateLimit: ")?,
            alarms: u32::try_from(alarms)?,
        })
    }
}

fn after<'a>(text: &'a str, mark: &str) -> anyhow::Result<&'a str> {
    let (_, rest) = text.split_once(mark).with_context(|| format!("template.yaml has no {mark:?}"))?;
    Ok(rest)
}

fn number(text: &str, mark: &str) -> anyhow::Result<u64> {
    let digits: String = after(text, mark)?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().with_context(|| format!("{mark:?} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_read_from_its_own_place() {
        let text = "      DefaultRouteSettings: { ThrottlingRateLimit: 100 }\n\
            \"POST /webhooks/accounting\": { ThrottlingRateLimit: 50 }\n\
            \n  SyncFunction:\n ScalingConfig: { MaximumConcurrency: 6 }\n  PaymentsFunction:\n { MaximumConcurrency: 2 }\
            \n  UpkeepFunction:\n { MaximumConcurrency: 3 }\n  A:\n    Type: AWS::CloudWatch::Alarm\n";
        let read = Template::parse(text).unwrap();
        assert_eq!((read.sync, read.payments, read.upkeep), (6, 2, 3));
        assert_eq!((read.webhook_rate, read.route_rate, read.alarms), (50, 100, 1));
        assert!(Template::parse("nothing").is_err());
    }
}
