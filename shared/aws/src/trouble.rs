//! What goes wrong at AWS, told without values: the operation and AWS's own error code.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use rules::ports::Unavailable;
use std::fmt;

/// An error of AWS by its code alone; messages of AWS can quote what was sent.
#[derive(Debug)]
pub(crate) struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// An error of the SDK.
pub(crate) fn unavailable(what: &'static str, error: &impl ProvideErrorMetadata) -> Unavailable {
    because(what, error.code().unwrap_or("no answer"))
}

/// An error of another kind.
pub(crate) fn because(what: &'static str, reason: impl fmt::Display) -> Unavailable {
    Unavailable { what, source: Box::new(Trouble(reason.to_string())) }
}
