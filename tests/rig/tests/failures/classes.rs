//! The classes, and how each is brought about: by Xero, by the user or by our own stores.

use std::time::Duration;

use jiff::SignedDuration;
use rig::shelf::Trouble;
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::connection::{ErrorReason, Status};
use rules::mapping::ExpenseCategory;
use rules::ports::{Connections as _, Written};
use rules::record::{Kind, Record, RecordKey};
use serde_json::{Value, json};
use xero_stand_in::control::{Fault, FaultKind};

/// A class of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Limit,
    Offline,
    Unavailable,
    NoAnswer,
    LostAnswer,
    SignIn,
    Operator,
    Turn,
    Permission,
    GrantLost,
    AccessLost,
    Disconnected,
    Unmapped,
    NoCategory,
    Refused,
    RefusedAlone,
    Store,
}

/// What came of a class.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) stored: Vec<String>,
    pub(crate) tried_after: Option<i64>,
    pub(crate) told: Vec<String>,
    pub(crate) ends: String,
}

impl Class {
    pub(crate) const ALL: [Self; 17] = [
        Self::Limit,
        Self::Offline,
        Self::Unavailable,
        Self::NoAnswer,
        Self::LostAnswer,
        Self::SignIn,
        Self::Operator,
        Self::Turn,
        Self::Permission,
        Self::GrantLost,
        Self::AccessLost,
        Self::Disconnected,
        Self::Unmapped,
        Self::NoCategory,
        Self::Refused,
        Self::RefusedAlone,
        Self::Store,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Offline => "offline",
            Self::Unavailable => "unavailable",
            Self::NoAnswer => "no answer",
            Self::LostAnswer => "lost answer",
            Self::SignIn => "sign-in",
            Self::Operator => "operator",
            Self::Turn => "turn",
            Self::Permission => "permission",
            Self::GrantLost => "grant lost",
            Self::AccessLost => "access lost",
            Self::Disconnected => "disconnected",
            Self::Unmapped => "not mapped",
            Self::NoCategory => "category not mapped",
            Self::Refused => "refused",
            Self::RefusedAlone => "refused alone",
            Self::Store => "store",
        }
    }

    /// Brings it about for one document, waits a while, lets whoever can mend it do so, and waits for the end.
    pub(crate) async fn observe(self) -> anyhow::Result<Observed> {
        let wishes = Wishes {
            spend_money: self == Self::Permission,
            sales_unmapped: self == Self::Unmapped,
            unmapped: vec![ExpenseCategory::Training],
            without_scope: (self == Self::Permission).then_some("accounting.banktransactions"),
        };
        let mut scene = Scene::open(&wishes).await?;
        scene.prepare(self).await?;
        scene.send(self);
        let began = scene.world.now();
        scene.world.work(&scene.xero, 10).await?;
        let (stored, tried_after) = match scene.record(self) {
            Some(record) => {
                let reason = record.waiting.as_ref().map(|waiting| waiting.reason.word().to_owned());
                let cause = record.failure.as_ref().map(|failure| failure.cause.word().to_owned());
                let tried = record.waiting.as_ref().map(|waiting| rounded(waiting.next_try.duration_since(began)));
                let stored = [Some(record.state().word().to_owned()), reason, cause].into_iter().flatten();
                (stored.collect(), tried)
            }
            None => {
                let again = scene.world.queue.next_at(began);
                (Vec::new(), again.map(|at| rounded(at.duration_since(began))))
            }
        };
        // A look each minute, until the backend would have heard of it; Xero's tries at one document take longer.
        for _ in 0..if self == Self::RefusedAlone { 90 } else { 4 } {
            scene.pass(Duration::from_secs(60)).await?;
            scene.world.tick().await?;
            scene.world.work(&scene.xero, 10).await?;
        }
        scene.mend(self).await?;
        scene.world.drain(&scene.xero).await?;
        let told = scene.world.shelf.notifications().into_iter().skip(scene.told);
        let mut told: Vec<String> = told.map(|notification| notification.details.kind().to_owned()).collect();
        told.retain(|kind| kind != "record.synced");
        told.dedup();
        let ends = scene.record(self).map(|record| record.state().word().to_owned()).unwrap_or_default();
        Ok(Observed { stored, tried_after, told, ends })
    }
}

/// Without the spread that keeps accounts apart, which is a fifth at most.
fn rounded(time: SignedDuration) -> i64 {
    let seconds = time.as_secs();
    let usual = [1, 3, 5, 10, 60, 120, 300];
    usual.into_iter().rev().find(|usual| *usual <= seconds && seconds <= usual + usual / 5).unwrap_or(seconds)
}

pub(crate) struct Scene {
    pub(crate) xero: Xero,
    pub(crate) world: World,
    pub(crate) tenant: Tenant,
    told: usize,
}

impl Scene {
    pub(crate) async fn open(wishes: &Wishes) -> anyhow::Result<Self> {
        let xero = Xero::start().await?;
        let mut world = xero.world().await?;
        let tenant = world.connect(&xero, "class", wishes).await?;
        // What is known of the organisation, of its client and of its supplier is there before anything goes wrong.
        let supplier = Some(expense("first", "fuel")).filter(|_| wishes.without_scope.is_none());
        for first in [Some(invoice("first", "invoice.created")), supplier].into_iter().flatten() {
            let id = first["id"].to_string();
            world.queue.send(tenant.account.as_str(), &id, &first.to_string(), world.now());
            world.drain(&xero).await?;
        }
        let told = world.shelf.notifications().len();
        Ok(Self { xero, world, tenant, told })
    }

    async fn pass(&mut self, time: Duration) -> anyhow::Result<()> {
        self.world.clock.advance(time);
        Ok(self.xero.side.control.set_clock(self.world.now()).await.map(|_| ())?)
    }

    async fn fault(&self, operation: &str, kind: FaultKind) -> anyhow::Result<()> {
        Ok(self.xero.side.control.fault(&Fault::once(operation, kind).times(1_000)).await?)
    }

    async fn prepare(&mut self, class: Class) -> anyhow::Result<()> {
        let answer = |status, body: Value| FaultKind::Answer {
            status,
            content_type: "application/json".to_owned(),
            body: body.to_string(),
        };
        match class {
            Class::Limit => {
                let limit = FaultKind::TooManyRequests { problem: "concurrent".to_owned(), retry_after: None };
                self.fault("createInvoices", limit).await?;
            }
            Class::Offline => self.fault("createInvoices", FaultKind::Offline).await?,
            Class::Unavailable => self.fault("getInvoice", FaultKind::Unavailable).await?,
            Class::NoAnswer => self.fault("getInvoice", FaultKind::DropBefore).await?,
            Class::LostAnswer => self.fault("createInvoices", FaultKind::DropAfter).await?,
            Class::SignIn | Class::Operator | Class::GrantLost => {
                // The token that is known is over.
                self.pass(Duration::from_secs(45 * 60)).await?;
                let kind = match class {
                    Class::SignIn => FaultKind::ServerErrorBefore,
                    Class::Operator => answer(400, json!({ "error": "invalid_client" })),
                    _ => answer(400, json!({ "error": "invalid_grant" })),
                };
                self.fault("token.refresh_token", kind).await?;
            }
            Class::Turn => {
                // Another invoice has the number, and the answer to its giving it up was lost.
                self.fault("updateInvoice", FaultKind::DropBefore).await?;
                let renumbered =
                    with(invoice("first", "invoice.updated"), |invoice| invoice["number"] = json!("SES-9"));
                self.queue(&renumbered);
                self.world.work(&self.xero, 10).await?;
            }
            Class::AccessLost => {
                let control = &self.xero.side.control;
                control.disconnect_app(self.tenant.uuid(), self.xero.side.client_id()).await?;
            }
            Class::Disconnected => {
                let mut connection = self.connection().await?;
                connection.status = Status::Disconnected;
                assert_eq!(self.world.shelf.put_connection(&mut connection).await?, Written::Done);
            }
            Class::Refused => {
                let day = jiff::civil::date(2027, 12, 31);
                self.xero.side.control.lock_period(self.tenant.uuid(), Some(day)).await?;
            }
            Class::RefusedAlone => {
                let kind = FaultKind::Poisoned { text: "Studio session".to_owned(), status: 500, saves_others: false };
                self.fault("createInvoices", kind).await?;
            }
            Class::Permission | Class::Unmapped | Class::NoCategory => {}
            Class::Store => {
                for use_of_a_store in 0..60 {
                    self.world.shelf.order(use_of_a_store, Trouble::FailsBefore);
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, class: Class) {
        let event = match class {
            // These are met by reading: the document is in Xero.
            Class::Unavailable | Class::NoAnswer | Class::Disconnected => {
                with(invoice("first", "invoice.updated"), |invoice| {
                    invoice["lines"][0]["unit_amount"] = json!("200.00");
                    invoice["total"] = json!("240.00");
                })
            }
            Class::Turn => with(invoice("a", "invoice.created"), |invoice| invoice["number"] = json!("SES-first")),
            Class::Permission => expense("a", "fuel"),
            Class::NoCategory => expense("a", "training"),
            _ => invoice("a", "invoice.created"),
        };
        self.queue(&event);
    }

    pub(crate) fn queue(&mut self, event: &Value) {
        let id = event["id"].to_string();
        self.world.queue.send(self.tenant.account.as_str(), &id, &event.to_string(), self.world.now());
    }

    fn record(&self, class: Class) -> Option<Record> {
        match class {
            Class::Unavailable | Class::NoAnswer | Class::Disconnected => self.peek(Kind::Invoice, "first"),
            Class::Permission | Class::NoCategory => self.peek(Kind::Expense, "a"),
            _ => self.peek(Kind::Invoice, "a"),
        }
    }

    pub(crate) fn peek(&self, kind: Kind, id: &str) -> Option<Record> {
        let (account, tenant) = (self.tenant.account.clone(), self.tenant.id);
        self.world.shelf.peek(&RecordKey { account, tenant, kind, id: id.to_owned() })
    }

    pub(crate) async fn connection(&self) -> anyhow::Result<rules::connection::Connection> {
        let found = self.world.shelf.connection(&self.tenant.account).await?;
        found.ok_or_else(|| anyhow::anyhow!("there is a connection"))
    }

    /// What is out comes back. What somebody has to do is theirs to do, and is not done here.
    async fn mend(&mut self, class: Class) -> anyhow::Result<()> {
        self.xero.side.control.clear_faults().await?;
        self.world.shelf.calm();
        let connection = self.connection().await?;
        let reason = connection.error;
        match class {
            Class::GrantLost => assert_eq!(reason, Some(ErrorReason::GrantRevoked)),
            Class::AccessLost => assert_eq!(reason, Some(ErrorReason::OrganisationGone)),
            _ => assert_eq!(reason, None, "{class:?} is no fault of the connection"),
        }
        Ok(())
    }
}

fn with(mut event: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut event["invoice"]);
    event
}

pub(crate) fn invoice(id: &str, of_type: &str) -> Value {
    let hour = if of_type == "invoice.created" { 9 } else { 10 };
    json!({
        "version": 1, "id": format!("evt_{id}_{of_type}"), "type": of_type, "account_id": "acc_class",
        "occurred_at": format!("2026-11-20T{hour:02}:00:00Z"),
        "invoice": {
            "id": id, "number": format!("SES-{id}"), "currency": "GBP", "issued_on": "2026-11-20",
            "due_on": "2026-12-20", "line_amounts": "exclusive", "total": "120.00",
            "organisation": { "id": "org_1", "name": "Harbour Sound Ltd" },
            "lines": [{ "description": format!("Studio session {id}"), "quantity": "1", "unit_amount": "100.00", "tax_rate": "20" }],
        },
    })
}

pub(crate) fn expense(id: &str, category: &str) -> Value {
    json!({
        "version": 1, "id": format!("evt_{id}_{category}"), "type": "expense.logged", "account_id": "acc_class",
        "occurred_at": "2026-11-20T09:00:00Z",
        "expense": { "id": id, "category": category, "description": "Petrol", "incurred_on": "2026-11-20",
            "currency": "GBP", "amount": "60.00", "tax_rate": "20" },
    })
}
