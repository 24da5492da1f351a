// The least that a sync can do: an invoice to Xero, one write to DynamoDB. No lookups, no intent, no refresh: the
// access token is in a secret, ready to use. What the service does beyond that is in `sync-same-calls.mjs`.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { XeroClient } from "xero-node";
import { batch } from "./batch.mjs";
import { toXero } from "./invoice.mjs";

const { TABLE_NAME, TOKEN_SECRET, XERO_API_URL } = process.env;
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
const secrets = new SecretsManagerClient({});
const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: TOKEN_SECRET }));
const { access_token, tenant_id } = JSON.parse(SecretString);
const xero = new XeroClient();
xero.accountingApi.basePath = `${XERO_API_URL}/api.xro/2.0`;
xero.setTokenSet({ access_token });

async function work({ id, account_id, invoice }) {
  const drawn = toXero(invoice, { name: invoice.organisation.name }, { accountCode: "200" });
  const { body } = await xero.accountingApi.createInvoices(tenant_id, { invoices: [drawn] }, false, 4, id);
  const [made] = body.invoices;
  if (made.hasErrors) throw new Error(`Xero refused ${invoice.number}`);
  const record = {
    pk: `ACCOUNT#${account_id}`, sk: `RECORD#${tenant_id}#invoice#${invoice.id}`, kind: "record", state: "synced",
    xero_tenant: tenant_id, xero_id: made.invoiceID, number: made.invoiceNumber, total: String(made.total),
    changed_at: new Date().toISOString(),
  };
  await table.send(new PutCommand({ TableName: TABLE_NAME, Item: record }));
  console.log(JSON.stringify({ level: "INFO", message: "an invoice is in Xero", tenant: tenant_id }));
}

export const handler = batch(work);
