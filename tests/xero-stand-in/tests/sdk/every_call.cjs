// Xero's own SDK for Node against the stand-in: every operation that it serves, once at least.
'use strict';

const assert = require('node:assert');
const axios = require('axios');
const { XeroClient } = require('xero-node');

const env = process.env;
// What the SDK calls by its full address.
axios.interceptors.request.use((request) => {
  request.url = request.url.replace('https://api.xero.com', env.BASE);
  return request;
});
const day = (date) => new Date(date).toISOString().slice(0, 10);

async function main() {
  const xero = new XeroClient({
    clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET, redirectUris: [env.REDIRECT_URI], scopes: env.SCOPES.split(' '),
  });
  const api = xero.accountingApi;
  api.basePath = `${env.BASE}/api.xro/2.0`;
  await xero.setTokenSet({ access_token: env.ACCESS_TOKEN, token_type: 'Bearer', expires_in: 1800 });
  const [connection] = await xero.updateTenants(false);
  const tenant = connection.tenantId;
  const first = async (call, collection) => (await call).body[collection][0];

  const organisation = await first(api.getOrganisations(tenant), 'organisations');
  assert.strictEqual(organisation.name, 'Harbour Sound Ltd');
  await first(api.getOrganisationActions(tenant), 'actions');
  const account = await first(api.getAccounts(tenant), 'accounts');
  await api.getAccount(tenant, account.accountID);
  await first(api.getTaxRates(tenant), 'taxRates');
  const rate = await first(api.getTaxRateByTaxType(tenant, 'OUTPUT2'), 'taxRates');
  assert.strictEqual(String(rate.reportTaxType), 'OUTPUT');
  await first(api.getCurrencies(tenant), 'currencies');

  const notes = { historyRecords: [{ details: 'From the SDK' }] };
  const contact = (await first(api.createContacts(tenant, { contacts: [{ name: 'Harbour Hall' }] }), 'contacts')).contactID;
  await api.updateOrCreateContacts(tenant, { contacts: [{ name: 'Quay House' }] });
  await api.updateContact(tenant, contact, { contacts: [{ emailAddress: 'hall@harbour.example' }] });
  assert.strictEqual((await first(api.getContact(tenant, contact), 'contacts')).emailAddress, 'hall@harbour.example');
  assert.strictEqual((await api.getContacts(tenant)).body.contacts.length, 3);
  await api.createContactHistory(tenant, contact, notes);
  await first(api.getContactHistory(tenant, contact), 'historyRecords');

  const lines = (accountCode = '200', unitAmount = 150) => [{ description: 'Session', quantity: 3, unitAmount, accountCode }];
  const invoice = (invoiceNumber, contactID) => ({
    type: 'ACCREC', status: 'AUTHORISED', invoiceNumber, contact: { contactID }, date: '2026-11-20', dueDate: '2026-12-20',
    lineAmountTypes: 'Exclusive', lineItems: lines(),
  });
  const made = await first(api.createInvoices(tenant, { invoices: [invoice('SDK-1', contact)] }), 'invoices');
  assert.deepStrictEqual([made.total, day(made.date)], [540, '2026-11-20']);
  const sale = made.invoiceID;
  await api.updateOrCreateInvoices(tenant, { invoices: [invoice('SDK-2', contact)] });
  await api.updateInvoice(tenant, sale, { invoices: [{ reference: 'PO 78' }] });
  assert.strictEqual((await first(api.getInvoice(tenant, sale), 'invoices')).reference, 'PO 78');
  const listed = (await api.getInvoices(tenant, undefined, undefined, 'Date')).body.invoices;
  assert.deepStrictEqual(listed.map((one) => one.amountDue), [540, 540]);
  await api.emailInvoice(tenant, sale, {});
  await first(api.getOnlineInvoice(tenant, sale), 'onlineInvoices');
  await api.createInvoiceHistory(tenant, sale, notes);
  await first(api.getInvoiceHistory(tenant, sale), 'historyRecords');
  await api.createInvoiceAttachmentByFileName(tenant, sale, 'receipt.png', Buffer.from('not really a picture'));
  assert.strictEqual((await first(api.getInvoiceAttachments(tenant, sale), 'attachments')).fileName, 'receipt.png');

  const draft = { type: 'ACCRECCREDIT', status: 'DRAFT', contact: { contactID: contact }, date: '2026-11-20', lineItems: lines('200', 10) };
  const note = (await first(api.createCreditNotes(tenant, { creditNotes: [draft] }), 'creditNotes')).creditNoteID;
  await api.updateOrCreateCreditNotes(tenant, { creditNotes: [{ creditNoteID: note, status: 'DRAFT' }] });
  await api.updateCreditNote(tenant, note, { creditNotes: [{ status: 'AUTHORISED' }] });
  assert.strictEqual((await first(api.getCreditNote(tenant, note), 'creditNotes')).remainingCredit, 36);
  await first(api.getCreditNotes(tenant), 'creditNotes');
  const part = (invoiceID) => ({ allocations: [{ amount: 5, date: '2026-11-20', invoice: { invoiceID } }] });
  const allocated = await first(api.createCreditNoteAllocation(tenant, note, part(sale)), 'allocations');
  assert.strictEqual((await first(api.getInvoice(tenant, sale), 'invoices')).amountCredited, 5);
  await api.deleteCreditNoteAllocations(tenant, note, allocated.allocationID);
  await api.createCreditNoteHistory(tenant, note, notes);
  await first(api.getCreditNoteHistory(tenant, note), 'historyRecords');

  const payment = (amount) => ({ invoice: { invoiceID: sale }, account: { accountID: env.BANK }, date: '2026-11-21', amount });
  const paid = (await first(api.createPayments(tenant, { payments: [payment(40)] }), 'payments')).paymentID;
  await api.createPayment(tenant, payment(500));
  const whole = await first(api.getInvoice(tenant, sale), 'invoices');
  assert.deepStrictEqual([String(whole.status), day(whole.fullyPaidOnDate)], ['PAID', '2026-11-21']);
  assert.strictEqual((await first(api.getPayment(tenant, paid), 'payments')).amount, 40);
  assert.strictEqual((await api.getPayments(tenant)).body.payments.length, 2);
  await api.deletePayment(tenant, paid, { status: 'DELETED' });

  const other = (await first(api.createInvoices(tenant, { invoices: [invoice('SDK-3', env.CONTACT)] }), 'invoices')).invoiceID;
  const [over, pre] = [env.OVERPAYMENT, env.PREPAYMENT];
  assert.strictEqual((await first(api.getOverpayments(tenant), 'overpayments')).remainingCredit, 100);
  let gone = (await first(api.createOverpaymentAllocations(tenant, over, part(other)), 'allocations')).allocationID;
  assert.strictEqual((await first(api.getOverpayment(tenant, over), 'overpayments')).remainingCredit, 95);
  await api.deleteOverpaymentAllocations(tenant, over, gone);
  assert.strictEqual((await first(api.getPrepayments(tenant), 'prepayments')).remainingCredit, 100);
  gone = (await first(api.createPrepaymentAllocations(tenant, pre, part(other)), 'allocations')).allocationID;
  assert.strictEqual((await first(api.getPrepayment(tenant, pre), 'prepayments')).remainingCredit, 95);
  await api.deletePrepaymentAllocations(tenant, pre, gone);

  const spend = (reference) => ({
    type: 'SPEND', contact: { contactID: contact }, bankAccount: { accountID: env.BANK }, date: '2026-11-20', reference,
    lineItems: lines('429', 12),
  });
  const spent = (await first(api.createBankTransactions(tenant, { bankTransactions: [spend('one')] }), 'bankTransactions')).bankTransactionID;
  await api.updateOrCreateBankTransactions(tenant, { bankTransactions: [spend('two')] });
  await api.updateBankTransaction(tenant, spent, { bankTransactions: [spend('three')] });
  assert.strictEqual((await first(api.getBankTransaction(tenant, spent), 'bankTransactions')).reference, 'three');
  assert.strictEqual((await api.getBankTransactions(tenant)).body.bankTransactions.length, 2);
  await api.createBankTransactionHistoryRecord(tenant, spent, notes);
  await first(api.getBankTransactionsHistory(tenant, spent), 'historyRecords');
  await api.createBankTransactionAttachmentByFileName(tenant, spent, 'receipt.png', Buffer.from('not really a picture'));
  await first(api.getBankTransactionAttachments(tenant, spent), 'attachments');

  await xero.disconnect(connection.id);
  assert.deepStrictEqual(await xero.updateTenants(false), []);
}

main().then(
  () => console.log('ok'),
  (error) => {
    console.error(typeof error === 'string' ? error : error.response?.body ?? error);
    process.exit(1);
  },
);
