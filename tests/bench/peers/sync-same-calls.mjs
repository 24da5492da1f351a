// The sync with every call that the service makes: token under a lease; connection, cool-down, mapping, organisation,
// record and contact read at once where the account was met before; the intent written before the call to Xero and the
// result after it.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { BatchGetCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { randomUUID } from "node:crypto";
import { XeroClient } from "xero-node";
import { batch } from "./batch.mjs";
import { toXero } from "./invoice.mjs";

const { APP_CREDENTIALS_SECRET, TABLE_NAME: TableName, XERO_API_URL, XERO_IDENTITY_URL } = process.env;
// The SDK has Xero's address for tokens built in; `require` gives the very copy of axios that the SDK has.
const axios = require("axios");
axios.interceptors.request.use((sent) => {
  sent.url = sent.url.replace("https://identity.xero.com", XERO_IDENTITY_URL);
  return sent;
});
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
const secrets = new SecretsManagerClient({});
const secret = async (id) => JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId: id }))).SecretString);
const app = await secret(APP_CREDENTIALS_SECRET);
const xero = new XeroClient();
xero.accountingApi.basePath = `${XERO_API_URL}/api.xro/2.0`;
const EARLY = 120;
const usual = new Map();
const decoder = new TextDecoder();

const get = async (pk, sk) => (await table.send(new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }))).Item;
const read = async (pk, sk) => {
  const item = await get(pk, sk);
  return item && JSON.parse(item.body);
};

/** Several items in one call; they come in any order. */
async function readAll(keys) {
  const wanted = keys.map(([pk, sk]) => ({ pk, sk }));
  const { Responses } = await table.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: wanted, ConsistentRead: true } } }));
  const found = new Map(Responses[TableName].map((item) => [`${item.pk} ${item.sk}`, item]));
  return keys.map(([pk, sk]) => found.get(`${pk} ${sk}`));
}

/** A new pair of tokens, by one refresher at a time. */
async function refresh(user) {
  const [pk, owner, now] = [`XERO-USER#${user}`, randomUUID(), Date.now()];
  await table.send(new PutCommand({
    TableName, Item: { pk, sk: "LEASE", kind: "token lease", version: 1, owner, until: now + 60_000 },
    ConditionExpression: "attribute_not_exists(pk) OR #until < :now",
    ExpressionAttributeNames: { "#until": "until" }, ExpressionAttributeValues: { ":now": now },
  }));
  const { token } = await read(pk, "GRANT");
  const stored = await secret(token);
  const { refresh_token } = await xero.refreshWithRefreshToken(app.client_id, app.client_secret, stored.refresh_token);
  const lease = await get(pk, "LEASE");
  if (lease?.owner !== owner) throw new Error("the lease was lost");
  const value = { ...stored, refresh_token, rotations: stored.rotations + 1, stored_at: new Date().toISOString() };
  await secrets.send(new PutSecretValueCommand({ SecretId: token, SecretString: JSON.stringify(value) }));
  await table.send(new DeleteCommand({
    TableName, Key: { pk, sk: "LEASE" }, ConditionExpression: "#owner = :owner",
    ExpressionAttributeNames: { "#owner": "owner" }, ExpressionAttributeValues: { ":owner": owner },
  }));
}

async function put(record, revision) {
  const { account_id, tenant, id } = record;
  const condition = revision === 0
    ? { ConditionExpression: "attribute_not_exists(pk)" }
    : { ConditionExpression: "revision = :read", ExpressionAttributeValues: { ":read": revision } };
  const Item = {
    pk: `ACCOUNT#${account_id}`, sk: `RECORD#${tenant}#invoice#${id}`, kind: "record", version: 1, revision: revision + 1,
    body: JSON.stringify(record), xero_tenant: tenant, xero_id: record.xero_id,
    log: `LOG#${account_id}#${tenant}`, changed_at: `${Date.now()}#${id}`,
  };
  await table.send(new PutCommand({ TableName, Item, ...condition }));
}

async function work({ id, account_id, invoice }) {
  const partition = `ACCOUNT#${account_id}`;
  // Where it went the last time; the connection that is read says whether it still does.
  const tenant = usual.get(account_id) ?? (await read(partition, "CONNECTION"))?.organisation.tenant;
  const [connected, cooling, known, ...needed] = await readAll([
    [partition, "CONNECTION"],
    [`TENANT#${tenant}`, "COOLDOWN"],
    [partition, `RECORD#${tenant}#invoice#${invoice.id}`],
    [partition, `MAPPING#${tenant}`],
    [partition, `ORGANISATION#${tenant}`],
    [partition, `CONTACT#${tenant}#${invoice.organisation.id}`],
  ]);
  if (cooling !== undefined || known !== undefined) throw new Error("not now, or not again");
  const connection = JSON.parse(connected.body);
  usual.set(account_id, connection.organisation.tenant);
  if (connection.status !== "connected" || connection.organisation.tenant !== tenant) throw new Error("elsewhere");
  const parse = ({ body }) => JSON.parse(typeof body === "string" ? body : decoder.decode(body));
  const [mapping, organisation, contact] = needed.map(parse);
  const [, code] = organisation.accounts.find(([id]) => id === mapping.sales.account_id);
  const drawn = toXero(invoice, { contactID: contact.contact }, { accountCode: code });
  const record = { account_id, tenant, id: invoice.id, state: "intent", request: drawn, idempotency_key: id };
  await put(record, 0);
  if (!xero.readTokenSet().access_token || xero.readTokenSet().expires_in < EARLY) await refresh(connection.xero_user);
  const { body } = await xero.accountingApi.createInvoices(tenant, { invoices: [drawn] }, false, 4, id);
  const [made] = body.invoices;
  if (made.hasErrors) throw new Error(`Xero refused ${invoice.number}`);
  const result = { state: "synced", xero_id: made.invoiceID, number: made.invoiceNumber, total: String(made.total) };
  await put({ ...record, ...result, request: undefined }, 1);
  console.log(JSON.stringify({ level: "INFO", message: "an invoice is in Xero", tenant }));
}

export const handler = batch(work);
