// Makes signatures.json with Node's crypto, an implementation that has nothing to do with ours:
//   node tests/vectors/signatures.mjs > tests/vectors/signatures.json
// signatures.sh checks the same file with OpenSSL.
import { createHmac } from "node:crypto";

// Looks like base64, as Xero's keys do; its characters are the key.
const literal = "YJcN9dlRNjlkWz0kMk1yzDNlE2hrn8qmq7CvrQ2N6Zk4qS0N0n9dPp0y3W4v5u6t7s8r9q0p1o2n3m4l5k6j7g==";
const intent = '{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QWERTYUIOPASDFGHJKLZ"}';
const unicode = '{ "entropy": "café € \u{1f980} \u0000 \\u00e9", "events" : [ ] }\r\n';

// A body is its text, or base64 where it is no text, repeated.
const bodies = [
  ["intent to receive", Buffer.from(intent), 1],
  ["unicode, odd spaces, a line end", Buffer.from(unicode), 1],
  ["nothing", Buffer.alloc(0), 1],
  ["one byte", Buffer.from("{"), 1],
  ["one byte that is no text", Buffer.from([0xff]), 1],
  ["bytes that are no text", Buffer.from([0xff, 0x00, 0xfe, 0x80]), 1],
  ["one block of the hash", Buffer.from("0123456789abcdef"), 4],
  ["one megabyte", Buffer.from("0123456789abcdef"), 65536],
];
const keys = [
  ["looks like base64", literal],
  ["short", "k"],
  ["unicode", "clé-ü-鍵"],
  ["longer than a block of the hash", "0123456789".repeat(20)],
];

const vectors = keys.flatMap(([keyName, key]) =>
  bodies.map(([bodyName, body, times]) => {
    const whole = Buffer.concat(Array(times).fill(body));
    const signature = createHmac("sha256", Buffer.from(key, "utf8")).update(whole).digest("base64");
    return { name: `${bodyName}, key ${keyName}`, key, body_base64: body.toString("base64"), times, signature };
  }),
);
// What a mistaken implementation would make of the literal key.
const decoded = createHmac("sha256", Buffer.from(literal, "base64")).update(intent).digest("base64");
console.log(JSON.stringify({ made_by: "Node crypto", under_the_decoded_key: decoded, vectors }, null, 1));
