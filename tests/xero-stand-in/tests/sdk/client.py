"""Xero's own SDK for Python against the stand-in: every operation that it serves, once at least.

Environment: BASE, CLIENT_ID, CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN, SCOPES, BANK, CONTACT (with an
OVERPAYMENT and a PREPAYMENT).
"""

import datetime
import os
import uuid

import dateutil.tz
from xero_python.accounting import (
    Account, AccountingApi, Allocation, Allocations, BankTransaction, BankTransactions, Contact, Contacts, CreditNote,
    CreditNotes, HistoryRecord, HistoryRecords, Invoice, Invoices, LineAmountTypes, LineItem, Payment, PaymentDelete, Payments,
    RequestEmpty,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.identity import IdentityApi

env = os.environ
base = env["BASE"]
TokenApi.refresh_token_url = base + "/connect/token"
scopes = env["SCOPES"].split()
stored = {"access_token": env["ACCESS_TOKEN"], "refresh_token": env["REFRESH_TOKEN"], "expires_in": 1800,
          "expires_at": 9e9, "token_type": "Bearer", "scope": scopes}
token = OAuth2Token(client_id=env["CLIENT_ID"], client_secret=env["CLIENT_SECRET"])
client = ApiClient(Configuration(oauth2_token=token), pool_threads=1)


@client.oauth2_token_getter
def read_token():
    return stored


@client.oauth2_token_saver
def keep_token(new):
    stored.update(new)


token.update_token(**stored)
client.set_oauth2_token(TokenApi(client, env["CLIENT_ID"], env["CLIENT_SECRET"]).refresh_token(
    env["REFRESH_TOKEN"], scopes) | {"expires_at": 9e9, "scope": scopes})

identity = IdentityApi(client, base_url=base)
api = AccountingApi(client, base_url=base + "/api.xro/2.0")
connection = identity.get_connections()[0]
tenant = str(connection.tenant_id)
day = datetime.date(2026, 11, 20)

organisation = api.get_organisations(tenant).organisations[0]
assert organisation.name == "Harbour Sound Ltd" and organisation.created_date_utc.tzinfo is not None
assert api.get_organisation_actions(tenant).actions
accounts = api.get_accounts(tenant).accounts
assert any(account.code == "200" and account.tax_type == "OUTPUT2" for account in accounts)
api.get_account(tenant, accounts[0].account_id)
assert any(rate.report_tax_type == "OUTPUT" for rate in api.get_tax_rates(tenant).tax_rates)
api.get_tax_rate_by_tax_type(tenant, "OUTPUT2")
assert api.get_currencies(tenant).currencies

notes = HistoryRecords(history_records=[HistoryRecord(details="From the SDK")])
contact = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Harbour Hall")])).contacts[0]
by_id = contact.contact_id
api.update_or_create_contacts(tenant, Contacts(contacts=[Contact(name="Quay House")]))
api.update_contact(tenant, by_id, Contacts(contacts=[Contact(email_address="hall@harbour.example")]))
assert api.get_contact(tenant, by_id).contacts[0].email_address == "hall@harbour.example"
assert len(api.get_contacts(tenant, page=1).contacts) == 3
api.create_contact_history(tenant, by_id, notes)
assert api.get_contact_history(tenant, by_id).history_records[0].details == "From the SDK"


def lines(account="200", amount=150.0):
    return [LineItem(description="Session", quantity=3.0, unit_amount=amount, account_code=account)]


def invoice(number, who, **more):
    return Invoice(type="ACCREC", status="AUTHORISED", invoice_number=number, contact=Contact(contact_id=who),
                   date=day, due_date=datetime.date(2026, 12, 20), line_amount_types=LineAmountTypes.EXCLUSIVE, line_items=lines(),
                   **more)


made = api.create_invoices(tenant, Invoices(invoices=[invoice("SDK-1", by_id)])).invoices[0]
assert made.total == 540 and made.date == day, (made.total, made.date)
sale = made.invoice_id
api.update_or_create_invoices(tenant, Invoices(invoices=[invoice("SDK-2", by_id)]))
api.update_invoice(tenant, sale, Invoices(invoices=[Invoice(reference="PO 78")]))
assert api.get_invoice(tenant, sale, unitdp=4).invoices[0].reference == "PO 78"
listed = api.get_invoices(tenant, page=1, order="Date").invoices
assert [one.amount_due for one in listed] == [540, 540]
api.email_invoice(tenant, sale, RequestEmpty())
assert api.get_online_invoice(tenant, sale).online_invoices
api.create_invoice_history(tenant, sale, notes)
assert api.get_invoice_history(tenant, sale).history_records
api.create_invoice_attachment_by_file_name(tenant, sale, "receipt.png", b"not really a picture")
assert api.get_invoice_attachments(tenant, sale).attachments[0].file_name == "receipt.png"

note = CreditNote(type="ACCRECCREDIT", status="DRAFT", contact=Contact(contact_id=by_id), date=day,
                  line_items=lines(amount=10.0))
note = api.create_credit_notes(tenant, CreditNotes(credit_notes=[note])).credit_notes[0].credit_note_id
api.update_or_create_credit_notes(tenant, CreditNotes(credit_notes=[CreditNote(credit_note_id=note, status="DRAFT")]))
api.update_credit_note(tenant, note, CreditNotes(credit_notes=[CreditNote(status="AUTHORISED")]))
assert api.get_credit_note(tenant, note).credit_notes[0].remaining_credit == 36
assert api.get_credit_notes(tenant, page=1).credit_notes
part = Allocations(allocations=[Allocation(amount=5.0, date=day, invoice=Invoice(invoice_id=sale))])
allocated = api.create_credit_note_allocation(tenant, note, part).allocations[0]
assert api.get_invoice(tenant, sale).invoices[0].amount_credited == 5
api.delete_credit_note_allocations(tenant, note, allocated.allocation_id)
api.create_credit_note_history(tenant, note, notes)
assert api.get_credit_note_history(tenant, note).history_records


def payment(amount, of=sale):
    return Payment(invoice=Invoice(invoice_id=of), account=Account(account_id=env["BANK"]), date=day, amount=amount)


paid = api.create_payments(tenant, Payments(payments=[payment(40.0)])).payments[0]
api.create_payment(tenant, payment(500.0))
whole = api.get_invoice(tenant, sale).invoices[0]
assert (whole.status, whole.fully_paid_on_date) == ("PAID", day), whole
assert api.get_payment(tenant, paid.payment_id).payments[0].amount == 40
assert len(api.get_payments(tenant, page=1).payments) == 2
api.delete_payment(tenant, paid.payment_id, PaymentDelete(status="DELETED"))

other = api.create_invoices(tenant, Invoices(invoices=[invoice("SDK-3", env["CONTACT"])])).invoices[0].invoice_id
part = Allocations(allocations=[Allocation(amount=5.0, date=day, invoice=Invoice(invoice_id=other))])
over, pre = env["OVERPAYMENT"], env["PREPAYMENT"]
assert api.get_overpayments(tenant, page=1).overpayments[0].remaining_credit == 100
gone = api.create_overpayment_allocations(tenant, over, part).allocations[0].allocation_id
assert api.get_overpayment(tenant, over).overpayments[0].remaining_credit == 95
api.delete_overpayment_allocations(tenant, over, gone)
assert api.get_prepayments(tenant, page=1).prepayments[0].remaining_credit == 100
gone = api.create_prepayment_allocations(tenant, pre, part).allocations[0].allocation_id
assert api.get_prepayment(tenant, pre).prepayments[0].remaining_credit == 95
api.delete_prepayment_allocations(tenant, pre, gone)


def spend(reference):
    return BankTransaction(type="SPEND", contact=Contact(contact_id=by_id), bank_account=Account(account_id=env["BANK"]),
                           date=day, reference=reference, line_items=lines(account="429", amount=12.0))


spent = api.create_bank_transactions(tenant, BankTransactions(bank_transactions=[spend("one")])).bank_transactions[0]
assert spent.total == 36
spent = spent.bank_transaction_id
api.update_or_create_bank_transactions(tenant, BankTransactions(bank_transactions=[spend("two")]))
api.update_bank_transaction(tenant, spent, BankTransactions(bank_transactions=[spend("three")]))
assert api.get_bank_transaction(tenant, spent).bank_transactions[0].reference == "three"
assert len(api.get_bank_transactions(tenant, page=1).bank_transactions) == 2
api.create_bank_transaction_history_record(tenant, spent, notes)
assert api.get_bank_transactions_history(tenant, spent).history_records
api.create_bank_transaction_attachment_by_file_name(tenant, spent, "receipt.png", b"not really a picture")
assert api.get_bank_transaction_attachments(tenant, spent).attachments

assert uuid.UUID(tenant)
identity.delete_connection(connection.id)
assert identity.get_connections() == []
print("ok")
