//! The table: every field of an event, with everything that somebody may write into it.

use rules::event::RefusalDetail;
use serde_json::{Value, json};

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is taken, and its document is in Xero.
    Taken,
    /// It is taken without something, which the remark of its record says.
    LeftOut,
    /// It is taken, and what keeps its document out is not its form: a currency, a tax rate, a total.
    Kept,
    /// It is refused for this field.
    Refused(RefusalDetail),
}

/// One way to write an event.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What is written where.
    pub(crate) name: String,
    /// The field, as the contract names it.
    pub(crate) field: String,
    /// The event.
    pub(crate) event: Value,
    /// What becomes of it.
    pub(crate) verdict: Verdict,
}

/// Characters that are no content.
const CONTROLS: &str = "\u{0}\u{1}\u{b}\u{1f}\u{7f}\u{85}\u{fffe}\u{ffff}";
/// Characters of more than one byte, of more than one unit of UTF-16, and composed ones.
const WORLD: &str = "Zo\u{eb} \u{6771}\u{4eac} \u{1f3b7} e\u{301}";

use RefusalDetail::{
    Missing, TooLittle, WrongCount, WrongDate, WrongDecimal, WrongNumber, WrongText, WrongType, WrongWord,
};
use Verdict::{Kept, LeftOut, Refused, Taken};

/// The events that the cases change; the number keeps them apart.
fn base(kind: &str, number: usize) -> Value {
    let (word, body) = match kind {
        "invoice" => (
            "invoice.created",
            json!({
                "id": format!("inv_{number}"), "number": format!("EDGE-{number}"), "reference": "PO 77", "currency": "GBP",
                "issued_on": "2026-11-20", "due_on": "2026-12-20", "line_amounts": "exclusive", "total": "540.00",
                "url": format!("https://app.sessional.example/invoices/{number}"),
                "organisation": {
                    "id": format!("org_{number}"), "name": format!("Client {number} Ltd"),
                    "email": "accounts@client.example", "phone": "020 7946 0000",
                    "address": { "line1": "1 Quay Street", "line2": "Floor 2", "city": "Bristol", "region": "Avon",
                                 "postal_code": "BS1 1AA", "country": "United Kingdom" },
                },
                "lines": [{ "description": "Session", "quantity": "3", "unit_amount": "150.00", "tax_rate": "20" }],
            }),
        ),
        _ => (
            "expense.logged",
            json!({
                "id": format!("exp_{number}"), "category": "fuel", "description": "Petrol", "incurred_on": "2026-11-20",
                "currency": "GBP", "amount": "36.00", "tax_rate": "20", "paid_with": "business", "home_amount": "36.00",
                "url": format!("https://app.sessional.example/expenses/{number}"),
                "supplier": { "id": format!("sup_{number}"), "name": format!("Garage {number}") },
                "receipt": { "url": "https://files.sessional.example/r.jpg", "file_name": "r.jpg",
                             "content_type": "image/jpeg", "size": 52_000 },
            }),
        ),
    };
    json!({
        "version": 1, "id": format!("evt_{number}"), "type": word, "account_id": "acc_edge",
        "occurred_at": "2026-11-20T09:30:00Z", "revision": 1, kind: body,
    })
}

/// Gathers cases.
#[derive(Default)]
struct Table {
    cases: Vec<Case>,
}

impl Table {
    /// The event with other members: each by its path; null is null, and none takes the member away.
    fn with(&mut self, kind: &str, field: &str, what: &str, changes: &[(&str, Option<Value>)], verdict: Verdict) {
        let mut event = base(kind, self.cases.len());
        for (path, value) in changes {
            let pointer = format!("/{}", path.replace("[0]", "/0").replace('.', "/"));
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let parent = event.pointer_mut(parent).unwrap();
            match (value, parent.as_object_mut()) {
                (Some(value), Some(members)) => drop(members.insert(name.to_owned(), value.clone())),
                (None, Some(members)) => drop(members.remove(name)),
                _ => panic!("{path} is no member of an object"),
            }
        }
        self.cases.push(Case { name: format!("{kind}, {field}: {what}"), field: field.to_owned(), event, verdict });
    }

    fn set(&mut self, field: &str, what: &str, value: Value, verdict: Verdict) {
        let kind = if field.starts_with("expense") { "expense" } else { "invoice" };
        self.with(kind, field, what, &[(field, Some(value))], verdict);
    }

    /// A member that must be there.
    fn required(&mut self, field: &str, wrong: &[Value]) {
        let kind = if field.starts_with("expense") { "expense" } else { "invoice" };
        self.with(kind, field, "missing", &[(field, None)], Refused(Missing));
        // What must be there and is null is told by its type, or as missing.
        self.set(field, "null", Value::Null, Refused(WrongType));
        self.types(field, wrong);
    }

    /// A member that may be missing.
    fn optional(&mut self, field: &str, wrong: &[Value]) {
        let kind = if field.starts_with("expense") { "expense" } else { "invoice" };
        self.with(kind, field, "missing", &[(field, None)], Taken);
        self.set(field, "null", Value::Null, Taken);
        self.types(field, wrong);
    }

    fn types(&mut self, field: &str, wrong: &[Value]) {
        for value in wrong {
            self.set(field, &format!("of another type: {value}"), value.clone(), Refused(WrongType));
        }
    }

    fn each(&mut self, field: &str, values: &[&str], verdict: &Verdict) {
        for value in values {
            let shown: String = value.chars().take(24).collect();
            self.set(
                field,
                &format!("{shown:?} ({} characters)", value.chars().count()),
                json!(value),
                verdict.clone(),
            );
        }
    }
}

fn no_text() -> Vec<Value> {
    vec![json!(5), json!(true), json!(["a"]), json!({ "a": "b" })]
}

fn no_object() -> Vec<Value> {
    vec![json!(5), json!("text"), json!(true)]
}

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let mut table = Table::default();
    table.with("invoice", "", "as it should be", &[], Taken);
    table.with("expense", "", "as it should be", &[], Taken);
    envelope(&mut table);
    ids(&mut table);
    texts(&mut table);
    usable(&mut table);
    words(&mut table);
    dates(&mut table);
    decimals(&mut table);
    removals(&mut table);
    shapes(&mut table);
    table.cases
}

fn envelope(table: &mut Table) {
    for field in ["version", "id", "type", "account_id", "occurred_at"] {
        table.with("invoice", field, "missing", &[(field, None)], Refused(Missing));
        table.set(field, "null", Value::Null, Refused(Missing));
    }
    table.set("version", "one, spelled 1.0", json!(1.0), Taken);
    table.set("version", "another", json!(2), Refused(RefusalDetail::UnknownVersion));
    for value in [json!("1"), json!(true), json!(-1), json!(1.5), json!([])] {
        table.set("version", &format!("no version: {value}"), value.clone(), Refused(WrongNumber));
    }
    table.types("type", &no_text());
    table.each("type", &["", "invoice.create", "INVOICE.CREATED", "invoice"], &Refused(RefusalDetail::UnknownType));
    for kind in ["booking.created", "availability.changed", "document.uploaded", "profile.updated", "mileage.logged"] {
        table.set("type", kind, json!(kind), Refused(RefusalDetail::NeverSynced));
    }
    for kind in ["invoice.sent", "invoice.updated"] {
        table.set("type", kind, json!(kind), Taken);
    }
    table.with("expense", "type", "expense.updated", &[("type", Some(json!("expense.updated")))], Taken);
    // An event of an expense that has an invoice in it.
    table.with("invoice", "expense", "absent", &[("type", Some(json!("expense.logged")))], Refused(Missing));
    table.types("account_id", &no_text());
    let long = "a".repeat(129);
    table.each("account_id", &["", " ", "acc#edge", " acc_edge", "acc\u{e9}", &long], &Refused(WrongText));
    table.optional("revision", &[]);
    table.set("revision", "nothing", json!(0), Taken);
    table.set("revision", "as large as it may be", json!(9_007_199_254_740_991_u64), Taken);
    table.set("revision", "spelled 7.0", json!(7.0), Taken);
    for value in [json!(9_007_199_254_740_992_u64), json!(-1), json!(1.5), json!("1"), json!(true), json!({})] {
        table.set("revision", &format!("no revision: {value}"), value.clone(), Refused(WrongNumber));
    }
}

fn ids(table: &mut Table) {
    for (field, most) in [
        ("id", 128),
        ("invoice.id", 50),
        ("invoice.organisation.id", 50),
        ("expense.id", 50),
        ("expense.supplier.id", 50),
    ] {
        if field == "id" {
            table.types(field, &no_text());
        } else {
            table.required(field, &no_text());
        }
        let kind = field.replace('.', "_");
        let at_limit = format!("{kind}_{}", "x".repeat(most - kind.len() - 1));
        table.set(field, "as long as it may be", json!(at_limit), Taken);
        table.set(field, "a character longer", json!(format!("{at_limit}x")), Refused(WrongText));
        table.set(field, "of every character that it may have", json!(format!("{kind}-AZaz09_.:")), Taken);
        table.each(
            field,
            &["", " ", "a b", " inv", "inv\n", "inv/1", "inv#1", "\u{e9}", "a\u{0}"],
            &Refused(WrongText),
        );
    }
}

fn texts(table: &mut Table) {
    for (field, most) in [
        ("invoice.number", 255),
        ("invoice.organisation.name", 255),
        ("invoice.lines[0].description", 4_000),
        ("expense.description", 4_000),
        ("expense.supplier.name", 255),
    ] {
        table.required(field, &no_text());
        let long = "n".repeat(most);
        let wide: String = std::iter::repeat_n('\u{1f3b7}', most).collect();
        let padded = format!(" {} ", "p".repeat(most - 2));
        table.each(field, &[&long, &wide, &padded, WORLD, "a", "\"quoted\" \\ & co", "tab\tand\nline\r\nends"], &Taken);
        table.set(field, "with control characters", json!(format!("{CONTROLS}Sound{CONTROLS}check{CONTROLS}")), Taken);
        table.set(field, "with blanks around", json!(format!(" \t\u{a0}around {field}\u{3000}\n")), Taken);
        let (longer, blanks) = (format!("{long}n"), " ".repeat(most + 1));
        table.each(
            field,
            &["", " ", "\t\n\r", "\u{a0}\u{2003}\u{3000}", CONTROLS, &longer, &blanks],
            &Refused(WrongText),
        );
        if field.ends_with("name") {
            table.each(field, &["<Sound>", "a > b", "a<b"], &Refused(WrongText));
        }
    }
    for (field, most) in [
        ("invoice.reference", 255),
        ("invoice.organisation.address.line1", 500),
        ("invoice.organisation.address.line2", 500),
        ("invoice.organisation.address.city", 255),
        ("invoice.organisation.address.region", 255),
        ("invoice.organisation.address.postal_code", 50),
    ] {
        table.optional(field, &no_text());
        let long = "n".repeat(most);
        table.each(field, &[&long, WORLD, "", " ", "\t\n", CONTROLS, "<b>", " around "], &Taken);
        table.set(field, "with control characters", json!(format!("a{CONTROLS}b")), Taken);
        table.set(field, "a character longer", json!(format!("{long}n")), Refused(WrongText));
    }
}

/// What a document can do without.
fn usable(table: &mut Table) {
    for field in ["invoice.url", "expense.url"] {
        table.optional(field, &no_text());
        table.each(
            field,
            &["", "  ", "https://app.example/1", " https://app.example/1\n", "https://app.example/1?a=b#c"],
            &Taken,
        );
        let long = format!("https://app.example/{}", "a".repeat(2_048));
        let unusable = [
            "http://app.example/1",
            "/invoices/1",
            "app.example/1",
            "https://",
            "https://xero.example/1",
            "https://app.example/Xero/1",
            "mailto:a@app.example",
            "javascript:alert(1)",
            "not a link",
            &long,
        ];
        table.each(field, &unusable, &LeftOut);
    }
    let field = "invoice.organisation.email";
    table.optional(field, &no_text());
    let (longest, longer) =
        (format!("{}@client.example", "a".repeat(240)), format!("{}@client.example", "a".repeat(241)));
    table.each(
        field,
        &["", " ", "a@client.example", " ada@client.example \n", "a.b+c@one.two.example", &longest],
        &Taken,
    );
    let unusable = [
        "ada",
        "ada@client",
        "ada@one.example; bob@two.example",
        "ada@one.example, bob@two.example",
        "Ada <ada@one.example>",
        "m\u{fc}ller@one.example",
        "ada@m\u{fc}nchen.example",
        "o\u{fb01}ce@one.example",
        "ada@@one.example",
        "a b@one.example",
        "@one.example",
        "ada@",
        "ada@.example",
        "ada@one..example",
        "a..b@one.example",
        &longer,
    ];
    table.each(field, &unusable, &LeftOut);
    let field = "invoice.organisation.phone";
    table.optional(field, &no_text());
    let (longest, longer) = ("1".repeat(50), "1".repeat(51));
    table.each(field, &["", " ", "+44 (0)20 7946 0000 ext. 5", "call after six", &longest], &Taken);
    table.each(field, &[&longer], &LeftOut);
    let field = "invoice.organisation.address.country";
    table.optional(field, &no_text());
    let (longest, longer) = ("u".repeat(50), "u".repeat(51));
    table.each(field, &["", " ", "United Kingdom", "\u{d6}sterreich", "GB", &longest], &Taken);
    table.each(field, &["UK (GB)", "C\u{f4}te d'Ivoire", "U.K.", "GB1", &longer], &LeftOut);
    receipts(table);
}

fn receipts(table: &mut Table) {
    for name in ["url", "file_name", "content_type"] {
        table.required(&format!("expense.receipt.{name}"), &no_text());
    }
    table.each("expense.receipt.url", &["", "http://files.example/r", "r.jpg", "ftp://files.example/r"], &LeftOut);
    let (longest, longer) = ("f".repeat(255), "f".repeat(256));
    table.each("expense.receipt.file_name", &["r.jpg", "a/b\\c.pdf", WORLD, &longest], &Taken);
    table.each("expense.receipt.file_name", &["", " ", CONTROLS, &longer], &LeftOut);
    table.each("expense.receipt.content_type", &["application/pdf", "IMAGE/PNG", " image/heic "], &Taken);
    table.each("expense.receipt.content_type", &["", "image", "image/", "a b/c", "image/jpeg; q=1"], &LeftOut);
    let size = "expense.receipt.size";
    table.with("expense", size, "missing", &[(size, None)], Refused(Missing));
    for value in [json!(1), json!(10_485_760), json!(52_000.0)] {
        table.set(size, &format!("{value}"), value.clone(), Taken);
    }
    for value in [json!(0), json!(10_485_761), json!(9_007_199_254_740_991_u64)] {
        table.set(size, &format!("{value}"), value.clone(), LeftOut);
    }
    for value in [Value::Null, json!(-1), json!(1.5), json!("52000"), json!(9_007_199_254_740_992_u64)] {
        table.set(size, &format!("no size: {value}"), value.clone(), Refused(WrongNumber));
    }
}

fn words(table: &mut Table) {
    for field in ["invoice.currency", "expense.currency"] {
        table.required(field, &no_text());
        table.each(field, &["", "gbp", "GB", "GBPP", " GBP", "\u{a3}", "G\u{42f}P", "GB1"], &Refused(WrongText));
        table.each(field, &["ZZZ", "XAU"], &Kept);
    }
    for (field, known, wrong) in [
        ("invoice.line_amounts", "exclusive", ["", "Exclusive", "EXCLUSIVE", "tax", " exclusive"]),
        ("expense.category", "fuel", ["", "Fuel", "sales", "petrol", "fuel "]),
        ("expense.paid_with", "personal", ["", "cash", "Business", "card", " business"]),
    ] {
        if field == "expense.paid_with" {
            table.optional(field, &[json!(5), json!(true)]);
        } else {
            table.required(field, &[json!(5), json!(true)]);
        }
        table.set(field, known, json!(known), Taken);
        table.each(field, &wrong, &Refused(WrongWord));
    }
    let line_amounts = "invoice.line_amounts";
    table.with(
        "invoice",
        line_amounts,
        "no_tax",
        &[(line_amounts, Some(json!("no_tax"))), ("invoice.total", Some(json!("450.00")))],
        Taken,
    );
    table.with(
        "invoice",
        line_amounts,
        "inclusive",
        &[(line_amounts, Some(json!("inclusive"))), ("invoice.total", Some(json!("450.00")))],
        Taken,
    );
    for category in ["mileage", "equipment", "training", "insurance", "subscriptions", "professional_fees", "other"] {
        let no_rate = ("expense.tax_rate", None);
        table.with(
            "expense",
            "expense.category",
            category,
            &[("expense.category", Some(json!(category))), no_rate],
            Taken,
        );
    }
}

fn dates(table: &mut Table) {
    let wrong = [
        "",
        " ",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "20/11/2026",
        "20261120",
        "2026-11-20T00:00:00Z",
        " 2026-11-20",
        "2026-1-2",
        "1999-12-31",
        "2100-01-01",
        "0000-01-01",
        "12026-11-20",
        "-2026-11-20",
        "2026-11-20\n",
        "today",
        "\u{0662}026-11-20",
    ];
    for field in ["invoice.issued_on", "invoice.due_on", "expense.incurred_on"] {
        let kind = if field.starts_with("expense") { "expense" } else { "invoice" };
        table.with(kind, field, "missing", &[(field, None)], Refused(Missing));
        for value in [Value::Null, json!(20_261_120), json!(true), json!(["2026-11-20"])] {
            table.set(field, &format!("no text: {value}"), value.clone(), Refused(WrongDate));
        }
        table.each(field, &wrong, &Refused(WrongDate));
        table.each(field, &["2000-01-01", "2099-12-31", "2028-02-29", "2000-02-29"], &Taken);
    }
    let field = "occurred_at";
    table.each(
        field,
        &[
            "2026-11-20T09:30:00Z",
            "2026-11-20T09:30:00.123456789Z",
            "2026-11-20T09:30:00+01:00",
            "2026-11-20T00:00:00-23:59",
        ],
        &Taken,
    );
    let wrong = [
        "",
        "2026-11-20",
        "2026-11-20T09:30Z",
        "2026-11-20 09:30:00Z",
        "2026-11-20T09:30:00",
        "2026-11-20t09:30:00z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T09:60:00Z",
        "2026-11-20T09:30:60Z",
        "2026-11-20T09:30:00.Z",
        "2026-11-20T09:30:00.1234567890Z",
        "2026-11-20T09:30:00+1:00",
        "2026-11-20T09:30:00+24:00",
        "2026-02-30T09:30:00Z",
        "1999-12-31T23:59:59Z",
        "1763631000",
        "2026-11-20T09:30:00Z[Europe/London]",
        " 2026-11-20T09:30:00Z",
    ];
    table.each(field, &wrong, &Refused(WrongDate));
    for value in [json!(1_763_631_000), json!(true), json!({})] {
        table.set(field, &format!("no text: {value}"), value.clone(), Refused(WrongDate));
    }
}

fn decimals(table: &mut Table) {
    let never = [
        "",
        " ",
        "1e3",
        "1,000.00",
        "1.2.3",
        "--1",
        "+1",
        "0x10",
        "NaN",
        "Infinity",
        "\u{a3}5",
        " 5",
        "5 ",
        "5.",
        ".5",
        "007",
        "10000000000",
        "\u{0665}",
        "five",
        "1_000",
    ];
    let no_text = [json!(5), json!(5.5), json!(true), json!([]), json!({})];
    for (field, required) in [
        ("invoice.total", true),
        ("invoice.lines[0].quantity", true),
        ("invoice.lines[0].unit_amount", true),
        ("invoice.lines[0].tax_rate", false),
        ("expense.amount", true),
        ("expense.tax_rate", false),
        ("expense.home_amount", false),
    ] {
        let kind = if field.starts_with("expense") { "expense" } else { "invoice" };
        table.with(kind, field, "missing", &[(field, None)], if required { Refused(Missing) } else { Taken });
        table.set(field, "null", Value::Null, if required { Refused(WrongDecimal) } else { Taken });
        for value in &no_text {
            table.set(field, &format!("no text: {value}"), value.clone(), Refused(WrongDecimal));
        }
        table.each(field, &never, &Refused(WrongDecimal));
        let places =
            if field.contains("amount") && !field.contains("unit") || field.ends_with("total") { 2 } else { 4 };
        let more = format!("1.{}1", "0".repeat(places));
        let noughts = format!("1.{}", "0".repeat(places + 9));
        table.each(field, &[&more, &noughts], &Refused(WrongDecimal));
    }
    let total = "invoice.total";
    table.each(total, &["540", "540.0", "540.00", "540.0000000000"], &Taken);
    table.each(total, &["-1", "-0.01", "-0.00", "-540.00"], &Refused(TooLittle));
    let (quantity, unit) = ("invoice.lines[0].quantity", "invoice.lines[0].unit_amount");
    for (how_many, each, sum) in [
        ("1", "0", "0.00"),
        ("0", "150.00", "0.00"),
        ("-0", "150.00", "0.00"),
        ("-1", "-150.00", "180.00"),
        ("0.0001", "10000", "1.20"),
        ("1.5000", "0.0333", "0.06"),
        ("1", "9999999.9999", "12000000.00"),
        ("9999999999.9999", "0.0001", "1200000.00"),
        ("1", "8333333333.32", "9999999999.98"),
    ] {
        let changes = [(quantity, Some(json!(how_many))), (unit, Some(json!(each))), (total, Some(json!(sum)))];
        table.with("invoice", quantity, &format!("{how_many} for {each} each"), &changes, Taken);
    }
    // What Xero would not make of it, or would make something else of, is found before it is asked.
    table.each(total, &["0", "539.99", "541", "9999999999.99"], &Kept);
    for (how_many, each, sum) in
        [("9999999999", "150.00", "540.00"), ("-3", "150.00", "540.00"), ("1", "-0.01", "0.00")]
    {
        let changes = [(quantity, Some(json!(how_many))), (unit, Some(json!(each))), (total, Some(json!(sum)))];
        table.with("invoice", quantity, &format!("{how_many} for {each} each"), &changes, Kept);
    }
    for field in ["invoice.lines[0].tax_rate", "expense.tax_rate"] {
        table.each(field, &["-1", "-0", "100.0001", "101", "1000"], &Refused(WrongDecimal));
        table.each(field, &["7.5", "100", "99.9999", "17.5000"], &Kept);
        table.set(field, "with noughts", json!("20.000000000000"), Taken);
    }
    for field in ["expense.amount", "expense.home_amount"] {
        table.each(field, &["0", "0.00", "-1", "-36.00", "-0.01"], &Refused(TooLittle));
        table.each(field, &["0.01", "0.1", "0.10", "0.50000", "36", "9999999999.99"], &Taken);
    }
}

/// What a void or a deletion says: the id is enough.
fn removals(table: &mut Table) {
    let (voided, number) = (("type", Some(json!("invoice.voided"))), "invoice.number");
    let whole = ("invoice", Some(json!({ "id": "inv_never_made" })));
    table.with("invoice", "invoice", "the id of a void", &[voided.clone(), whole], Taken);
    let longest = "9".repeat(255);
    for value in [Value::Null, json!(""), json!(" "), json!("SES-1"), json!(longest)] {
        table.with("invoice", number, &format!("of a void: {value}"), &[voided.clone(), (number, Some(value))], Taken);
    }
    for (value, detail) in [(json!(format!("{longest}9")), WrongText), (json!(5), WrongType)] {
        table.with("invoice", number, "wrong in a void", &[voided.clone(), (number, Some(value))], Refused(detail));
    }
    table.with("invoice", "invoice.id", "missing in a void", &[voided, ("invoice.id", None)], Refused(Missing));
    let deleted = ("type", Some(json!("expense.deleted")));
    table.with("expense", "expense.id", "the id of a deletion", std::slice::from_ref(&deleted), Taken);
    table.with("expense", "expense.id", "missing in a deletion", &[deleted, ("expense.id", None)], Refused(Missing));
}

fn shapes(table: &mut Table) {
    for field in ["invoice", "expense"] {
        table.with(field, field, "missing", &[(field, None)], Refused(Missing));
        table.set(field, "null", Value::Null, Refused(Missing));
        table.types(field, &no_object());
    }
    table.required("invoice.organisation", &no_object());
    table.optional("invoice.organisation.address", &no_object());
    table.set("invoice.organisation.address", "empty", json!({}), Taken);
    table.optional("expense.supplier", &no_object());
    table.optional("expense.receipt", &no_object());
    let lines = "invoice.lines";
    table.required(lines, &[json!(5), json!("text"), json!({})]);
    table.set(lines, "none", json!([]), Refused(WrongCount));
    let line =
        |price: &str| json!({ "description": "Session", "quantity": "1", "unit_amount": price, "tax_rate": "20" });
    let many = |count: usize| Value::Array(vec![line("1.00"); count]);
    table.with(
        "invoice",
        lines,
        "as many as it may have",
        &[(lines, Some(many(200))), ("invoice.total", Some(json!("240.00")))],
        Taken,
    );
    table.set(lines, "one more", many(201), Refused(WrongCount));
    let changes = [(lines, Some(json!([line("100.00"), line("-12.50")]))), ("invoice.total", Some(json!("105.00")))];
    table.with("invoice", lines, "a discount", &changes, Taken);
    for (field, extra) in
        [("later", json!("of a later version")), ("invoice.later", json!([1])), ("expense.later", Value::Null)]
    {
        table.set(field, "a member that nobody knows", extra, Taken);
    }
}
