//! The kinds of problem: each has a stable address, and the API's document says what the app should show.

/// A kind of problem.
#[derive(Debug)]
pub struct ProblemType {
    /// Stable identifier, a relative URI.
    pub uri: &'static str,
    /// Short summary, the same for every occurrence.
    pub title: &'static str,
    /// HTTP status of the answer.
    pub status: u16,
    /// When it is answered.
    pub meaning: &'static str,
    /// What the app should show or do.
    pub show: &'static str,
}

macro_rules! types {
    ($($name:ident = $uri:literal, $status:literal, $title:literal, $meaning:literal, $show:literal;)*) => {
        $(
            pub(super) const $name: ProblemType =
                ProblemType { uri: $uri, title: $title, status: $status, meaning: $meaning, show: $show };
        )*

        /// Every kind of problem.
        pub const TYPES: &[ProblemType] = &[$($name),*];
    };
}

types! {
    INVALID_REQUEST = "/problems/invalid-request", 400, "The request is not valid",
        "A field of the request is missing or wrong; `field` names it, and `errors` lists all where several are.",
        "The sentence beside each named field.";
    UNAUTHORIZED = "/problems/unauthorized", 401, "Sign in first",
        "The access token names no account.",
        "The sign-in page.";
    NOT_FOUND = "/problems/not-found", 404, "Not found",
        "This account has no such thing; it may be on its way.",
        "The sentence, and the list that the user came from.";
    NOT_CONNECTED = "/problems/not-connected", 409, "No Xero organisation is connected",
        "The call needs a connected organisation and there is none.",
        "The button Connect to Xero.";
    CONNECTION_ERROR = "/problems/connection-error", 409, "The connection to Xero was lost",
        "Xero no longer accepts the connection; `GET /connection` has the reason.",
        "The reason's sentence and the button of its action.";
    ORGANISATION_TAKEN = "/problems/organisation-taken", 409, "The organisation is connected elsewhere",
        "Another Sessional account holds this Xero organisation.",
        "The sentence, and the other organisations to choose from.";
    CONFIRMATION_REFUSED = "/problems/confirmation-refused", 403, "This cannot be confirmed here",
        "The confirmation is not known, was used up, or belongs to a consent that another person, account or browser began. \
         Which of them is not told, and nobody can use it any more.",
        "The sentence and the button Connect to Xero: begin again in this browser.";
    CONNECT_AGAIN = "/problems/connect-again", 409, "Connect again",
        "Nothing was connected and this consent is used up: it came too late, Xero did not take its code or did not \
         answer, or the connection was changed meanwhile. `reason` tells which.",
        "The sentence and the button Connect to Xero.";
    NO_ORGANISATION = "/problems/no-organisation", 409, "No organisation was allowed",
        "The consent covers no organisation that invoices and expenses could go to.",
        "The sentence and the button Connect to Xero.";
    TOO_MANY_CONSENTS = "/problems/too-many-consents", 429, "Too many connections were begun",
        "Five consents of the account wait for their answer at Xero. One that is answered or an hour old makes room.",
        "The sentence.";
    TOO_MANY_CONFIRMATIONS = "/problems/too-many-confirmations", 429, "Too many confirmations were tried",
        "The account has tried ten confirmations within an hour.",
        "The sentence.";
    SECOND_FACTOR = "/problems/second-factor", 403, "Sign in again first",
        "Connecting needs a sign-in with a second factor that is not long ago, and the access token does not say so.",
        "The sentence, then the sign-in with a second factor, then the same again.";
    NOTHING_TO_RETRY = "/problems/nothing-to-retry", 409, "There is nothing to try again",
        "The record is in Xero or on its way there.",
        "The record as it is now.";
    NOT_POSSIBLE = "/problems/not-possible", 409, "This cannot be chosen for the document",
        "The document is not in a state in which this could be done; the sentence says why.",
        "The sentence and the record as it is now.";
    CONTACT_NOT_USABLE = "/problems/contact-not-usable", 409, "This contact cannot be chosen",
        "The contact is archived in Xero, was merged into another there, or belongs to another client of the account; the \
         sentence says which.",
        "The sentence and the search, to choose another.";
    PERMISSION_NEEDED = "/problems/permission-needed", 409, "Xero has to be asked for a permission",
        "A choice needs more of Xero than the consent covers.",
        "The sentence, and a button that calls `POST /connection` with `needed`; the choice is made again afterwards.";
    CONFLICT = "/problems/conflict", 409, "Changed at the same moment",
        "Something else changed the same thing between reading and writing.",
        "What is stored now, and the user's change to repeat.";
    FOREIGN_ACCOUNT = "/problems/foreign-account", 422, "The event belongs to another account",
        "In a result of `POST /events`: the event names another account than the access token.",
        "Nothing to the user: it is a mistake of the sender.";
    INVALID_EVENT = "/problems/invalid-event", 422, "The event is not valid",
        "In a result of `POST /events`: a field of the event is missing or wrong; `field` names it.",
        "Nothing to the user: it is a mistake of the sender.";
    EVENT_TOO_LARGE = "/problems/event-too-large", 413, "The event is too large",
        "In a result of `POST /events`: the event has more than 65,536 bytes.",
        "Nothing to the user: it is a mistake of the sender.";
    EVENT_NOT_SYNCED = "/problems/event-not-synced", 422, "This is not synced to Xero",
        "In a result of `POST /events`: events of this type are never synced.",
        "Nothing: what the event is about stays in Sessional.";
    INTERNAL = "/problems/internal", 500, "Something is wrong on our side",
        "Only the operator of this service can mend it.",
        "The sentence; the user need not do anything.";
    TRY_AGAIN = "/problems/try-again", 503, "Temporarily unavailable",
        "Xero or a part of this service cannot answer just now.",
        "The sentence and the button Try again.";
}
