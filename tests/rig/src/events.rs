//! Events as Sessional sends them, for subjects that differ in what tests look at.

use rules::event::Event;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What can happen, in the order in which it happens to one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Happening {
    /// `invoice.created`
    Created,
    /// `invoice.sent`, with a changed content
    Sent,
    /// `invoice.voided`
    Voided,
    /// `expense.logged`
    Logged,
    /// `expense.deleted`
    Deleted,
}

impl Happening {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Created, Self::Sent, Self::Voided, Self::Logged, Self::Deleted];

    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "invoice.created",
            Self::Sent => "invoice.sent",
            Self::Voided => "invoice.voided",
            Self::Logged => "expense.logged",
            Self::Deleted => "expense.deleted",
        }
    }

    /// The kind of its record, and the field of the event that holds the subject.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Created | Self::Sent | Self::Voided => "invoice",
            Self::Logged | Self::Deleted => "expense",
        }
    }

    /// Whether the service reads events of this type.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        let event = Subject::new("probe", 0).event("acc_probe", self);
        Event::parse(&event.to_string()).is_ok()
    }

    fn hour(self) -> u8 {
        match self {
            Self::Created | Self::Logged => 9,
            Self::Sent => 10,
            Self::Voided | Self::Deleted => 11,
        }
    }
}

/// An invoice or an expense of an account.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Sessional's id, which every line of its document names.
    pub id: String,
    /// The number of an invoice.
    pub number: String,
    /// Sessional's id of the other side.
    pub party: String,
    /// Its name.
    pub party_name: String,
    /// The expense's category.
    pub category: &'static str,
}

impl Subject {
    /// The `index`-th subject of somebody; every third has the same other side.
    #[must_use]
    pub fn new(name: &str, index: usize) -> Self {
        let party = index % 3;
        Self {
            id: format!("{name}_{index}"),
            number: format!("SES-{}-{index}", name.to_uppercase()),
            party: format!("org_{name}_{party}"),
            party_name: format!("Client {party} of {name} Ltd"),
            category: "fuel",
        }
    }

    /// What the document comes to after this happening.
    #[must_use]
    pub fn total(&self, happening: Happening) -> Decimal {
        match happening {
            Happening::Created | Happening::Voided => Decimal::new(54_000, 2),
            Happening::Sent => Decimal::new(72_000, 2),
            Happening::Logged | Happening::Deleted => Decimal::new(6_000, 2),
        }
    }

    /// The event; its id is the same whenever it is made again.
    #[must_use]
    pub fn event(&self, account: &str, happening: Happening) -> Value {
        let (kind, word) = (happening.kind(), happening.word());
        let body = if kind == "invoice" { self.invoice(happening) } else { self.expense() };
        json!({
            "version": 1,
            "id": format!("evt_{}_{word}", self.id),
            "type": word,
            "account_id": account,
            "occurred_at": format!("2026-11-20T{:02}:00:00Z", happening.hour()),
            kind: body,
        })
    }

    fn invoice(&self, happening: Happening) -> Value {
        let quantity = if happening == Happening::Sent { "4" } else { "3" };
        json!({
            "id": self.id,
            "number": self.number,
            "currency": "GBP",
            "issued_on": "2026-11-20",
            "due_on": "2026-12-20",
            "line_amounts": "exclusive",
            "total": self.total(happening).to_string(),
            "url": format!("https://app.sessional.example/invoices/{}", self.id),
            "organisation": { "id": self.party, "name": self.party_name, "email": "accounts@client.example" },
            "lines": [{
                "description": format!("Studio session of {}", self.id),
                "quantity": quantity, "unit_amount": "150.00", "tax_rate": "20",
            }],
        })
    }

    fn expense(&self) -> Value {
        json!({
            "id": self.id,
            "category": self.category,
            "description": format!("Petrol of {}", self.id),
            "incurred_on": "2026-11-20",
            "currency": "GBP",
            "amount": self.total(Happening::Logged).to_string(),
            "tax_rate": "20",
            "supplier": { "id": self.party, "name": self.party_name },
            "url": format!("https://app.sessional.example/expenses/{}", self.id),
        })
    }
}
