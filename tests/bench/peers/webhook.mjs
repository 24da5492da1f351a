// The webhook's job: verify the signature over the raw body, keep invoice events, put one hint per tenant and up to
// 100 invoices into the queue, answer. The key is read before the first delivery.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createHmac, timingSafeEqual } from "node:crypto";

const { PAYMENT_QUEUE_URL, WEBHOOK_KEY_SECRET } = process.env;
// Without MD5 of every message: the stub that plays SQS has none, and it spares Node a little.
const sqs = new SQSClient({ md5: false });
const secrets = new SecretsManagerClient({});
const { SecretString: key } = await secrets.send(new GetSecretValueCommand({ SecretId: WEBHOOK_KEY_SECRET }));

function isGenuine(raw, signature) {
  const given = Buffer.from(signature ?? "", "base64");
  const expected = createHmac("sha256", key).update(raw).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function hints({ events, firstEventSequence, lastEventSequence }) {
  const invoices = new Map();
  for (const { eventCategory, tenantId, resourceId } of events) {
    if (eventCategory !== "INVOICE") continue;
    if (!invoices.has(tenantId)) invoices.set(tenantId, new Set());
    invoices.get(tenantId).add(resourceId);
  }
  const entries = [];
  for (const [tenant, ids] of invoices) {
    const all = [...ids];
    for (let at = 0; at < all.length; at += 100) {
      entries.push({ version: 1, tenant_id: tenant, invoice_ids: all.slice(at, at + 100) });
    }
  }
  const sequence = { first: firstEventSequence, last: lastEventSequence };
  if (entries.length > 0) entries[0].sequence = sequence;
  return entries.length > 0 ? entries : [{ version: 1, sequence }];
}

export async function handler(event) {
  const raw = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
  if (!isGenuine(raw, event.headers["x-xero-signature"])) {
    console.log(JSON.stringify({ level: "INFO", message: "a delivery without a valid signature was refused" }));
    return { statusCode: 401 };
  }
  const delivery = JSON.parse(raw);
  const entries = hints(delivery);
  for (let at = 0; at < entries.length; at += 10) {
    const batch = entries.slice(at, at + 10);
    const Entries = batch.map((entry, index) => ({ Id: String(index), MessageBody: JSON.stringify(entry) }));
    const { Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: PAYMENT_QUEUE_URL, Entries }));
    if (Failed?.length > 0) return { statusCode: 500 };
  }
  const count = delivery.events.length;
  console.log(JSON.stringify({ level: "INFO", message: "a delivery was accepted", events: count, entries: entries.length }));
  return { statusCode: 200 };
}
