// Xero's own SDK against the stand-in: unchanged but for the addresses, which it has built in.
// Called with the stand-in's address; the SDK is found through NODE_PATH.
'use strict';

const assert = require('node:assert');
const axios = require('axios');
const { Issuer } = require('openid-client');
const { XeroClient } = require('xero-node');

const base = process.argv[2];
const BANK = 'acc00000-0000-4000-8000-000000000901';

// The base addresses: discovery, and what the SDK calls by its full address.
const discover = Issuer.discover.bind(Issuer);
Issuer.discover = () => discover(base);
axios.interceptors.request.use((request) => {
  request.url = request.url.replace('https://api.xero.com', base);
  return request;
});

const day = (date) => new Date(date).toISOString().slice(0, 10);

async function allow(consentUrl) {
  const page = await (await fetch(consentUrl)).text();
  const value = (name) => page.match(new RegExp(`name="${name}" value="([^"]*)"`))[1].replaceAll('&amp;', '&');
  const body = new URLSearchParams({
    request: value('request'), user: value('user'), tenant: value('tenant'), decision: 'allow',
  });
  const answer = await fetch(`${base}/identity/connect/authorize`, { method: 'POST', body, redirect: 'manual' });
  return answer.headers.get('location');
}

async function main() {
  const xero = new XeroClient({
    clientId: process.env.CLIENT_ID,
    clientSecret: process.env.CLIENT_SECRET,
    redirectUris: [process.env.REDIRECT_URI],
    scopes: process.env.SCOPES.split(' '),
    state: 'a state',
  });
  await xero.initialize();
  xero.accountingApi.basePath = `${base}/api.xro/2.0`;
  await xero.apiCallback(await allow(await xero.buildConsentUrl()));
  await xero.refreshToken();

  const [tenant] = await xero.updateTenants();
  assert.strictEqual(tenant.orgData.name, 'Harbour Sound Ltd');
  const id = tenant.tenantId;

  const accounts = (await xero.accountingApi.getAccounts(id)).body.accounts;
  assert.ok(accounts.some((account) => account.code === '200' && account.taxType === 'OUTPUT2'));

  const contacts = { contacts: [{ name: 'Harbour Hall', emailAddress: 'hall@harbour.example' }] };
  const contact = (await xero.accountingApi.createContacts(id, contacts)).body.contacts[0];

  const invoice = {
    type: 'ACCREC', status: 'AUTHORISED', invoiceNumber: 'SDK-1', contact: { contactID: contact.contactID },
    date: '2026-11-20', dueDate: '2026-12-20', lineAmountTypes: 'Exclusive',
    lineItems: [{ description: 'Session', quantity: 3, unitAmount: 150, accountCode: '200' }],
  };
  const made = (await xero.accountingApi.createInvoices(id, { invoices: [invoice] })).body.invoices[0];
  assert.strictEqual(made.total, 540);
  assert.strictEqual(day(made.date), '2026-11-20');

  const payment = { invoice: { invoiceID: made.invoiceID }, account: { accountID: BANK }, date: '2026-11-21', amount: 540 };
  await xero.accountingApi.createPayment(id, payment);
  const paid = (await xero.accountingApi.getInvoice(id, made.invoiceID)).body.invoices[0];
  assert.strictEqual(String(paid.status), 'PAID');
  assert.strictEqual(paid.amountDue, 0);
  assert.strictEqual(day(paid.fullyPaidOnDate), '2026-11-21');

  const twice = xero.accountingApi.createInvoices(id, { invoices: [invoice] });
  await assert.rejects(twice, (error) => {
    const told = typeof error === 'string' ? error : JSON.stringify(error.response?.body ?? error);
    return told.includes('Invoice # must be unique.');
  });
  await xero.disconnect(tenant.id);
  assert.deepStrictEqual(await xero.updateTenants(false), []);
}

main().then(
  () => console.log('ok'),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
