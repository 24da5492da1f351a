//! What the functions log, kept so that a test can hold it against what happened: sentences with their fields.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::calendar::Calendar;
use crate::process;

/// A line of a log.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// The function.
    pub function: &'static str,
    /// Whether it is more than a matter of course.
    pub is_grave: bool,
    /// The alarm that it sets off.
    pub alarm: Option<String>,
    /// The sentence and its fields.
    pub text: String,
}

/// All lines. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Vec<Line>>>);

impl Logs {
    /// Begins to keep what is logged in this thread, until the guard is dropped.
    #[must_use]
    pub fn begin(calendar: Calendar) -> (Self, tracing::subscriber::DefaultGuard) {
        let logs = Self::default();
        let layer = Keep { logs: logs.clone(), calendar };
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        (logs, guard)
    }

    /// What was logged since this was last asked.
    #[must_use]
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Keep {
    logs: Logs,
    calendar: Calendar,
}

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(run) = process::current() else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = Line {
            at: self.calendar.now(),
            function: run.function,
            is_grave: *event.metadata().level() <= Level::WARN,
            alarm: fields.alarm,
            text: format!("{}{}", fields.message, fields.rest),
        };
        self.logs.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: String,
    alarm: Option<String>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "alarm" => self.alarm = Some(format!("{value:?}").trim_matches('"').to_owned()),
            name => self.rest.push_str(&format!(" {name}={value:?}")),
        }
    }
}
