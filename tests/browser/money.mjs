// The console's arithmetic: exact decimals, tax for each line, halves away from zero.

import assert from "node:assert/strict";
import test from "node:test";

import { exact, totals } from "../../infra/local/pages/money.js";

const line = (quantity, unit_amount, tax_rate) => ({ quantity, unit_amount, tax_rate });

test("tax comes on top of exclusive prices and out of inclusive ones", () => {
  assert.deepEqual(totals([line("3", "150.00", "20")], "exclusive"), { net: "450.00", tax: "90.00", gross: "540.00" });
  assert.deepEqual(totals([line("1", "120", "20")], "inclusive"), { net: "100.00", tax: "20.00", gross: "120.00" });
  assert.deepEqual(totals([line("3", "150", "20")], "no_tax"), { net: "450.00", tax: "0.00", gross: "450.00" });
});

test("tax is rounded line by line, not over the sum", () => {
  const thrice = [1, 2, 3].map(() => line("1", "0.13", "20"));
  assert.equal(totals(thrice, "exclusive").tax, "0.09");
  assert.equal(totals([line("1", "0.39", "20")], "exclusive").tax, "0.08");
});

test("no sum passes through a floating-point number", () => {
  assert.equal(totals([line("1", "0.1", "0"), line("1", "0.2", "0")], "exclusive").gross, "0.30");
  assert.equal(totals([line("1.5", "0.03", "0")], "exclusive").gross, "0.05", "a half goes up");
  assert.equal(totals([line("-1", "0.045", "0")], "exclusive").gross, "-0.05", "and away from zero");
  assert.equal(totals([line("99999999", "99999999.99", "0")], "exclusive").gross, "9999999899000000.01");
});

test("an unfinished line says nothing, and where there is tax a line without its rate is unfinished", () => {
  assert.equal(totals([line("1", "10", "")], "exclusive"), undefined);
  assert.equal(totals([line("1", "10", undefined)], "inclusive"), undefined);
  assert.equal(totals([line("1", "10", undefined)], "no_tax").gross, "10.00");
  assert.equal(totals([line("1", "", "20")], "exclusive"), undefined);
});

test("only plain decimals of at most four places are numbers", () => {
  for (const wrong of ["", "1e3", "1,5", "0.00001", "--1", "one"]) assert.equal(exact(wrong), undefined, wrong);
  assert.equal(exact("1.5"), 15_000n);
});
