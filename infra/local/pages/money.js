// Money as exact decimals in strings; never as a floating-point number.

const PLACES = 4;
const UNIT = 10n ** BigInt(PLACES);

/** A decimal with at most four places as an integer of ten-thousandths; undefined if it is none. */
export function exact(text) {
  const found = /^(-?)(\d{1,12})(?:\.(\d{1,4}))?$/.exec(String(text).trim());
  if (!found) return undefined;
  const [, sign, whole, fraction = ""] = found;
  const value = BigInt(whole) * UNIT + BigInt(fraction.padEnd(PLACES, "0"));
  return sign ? -value : value;
}

/** Halves go away from zero. */
function divided(value, by) {
  const half = by / 2n;
  return value < 0n ? -((-value + half) / by) : (value + half) / by;
}

const pence = (tenThousandths) => divided(tenThousandths, UNIT / 100n);

function text(pennies) {
  const digits = String(pennies < 0n ? -pennies : pennies).padStart(3, "0");
  return `${pennies < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * What the lines come to: `{net, tax, gross}` as strings, in pounds. Tax is rounded for each line, as Xero does.
 * Undefined while a line is not complete; where there is tax, its rate belongs to it.
 */
export function totals(lines, lineAmounts) {
  let [net, tax] = [0n, 0n];
  for (const line of lines) {
    const [quantity, unit] = [exact(line.quantity), exact(line.unit_amount)];
    const rate = lineAmounts === "no_tax" ? 0n : exact(line.tax_rate);
    if (quantity === undefined || unit === undefined || rate === undefined) return undefined;
    const amount = pence(divided(quantity * unit, UNIT));
    const full = 100n * UNIT;
    const part = lineAmounts === "inclusive" ? divided(amount * rate, full + rate) : divided(amount * rate, full);
    tax += part;
    net += lineAmounts === "inclusive" ? amount - part : amount;
  }
  return { net: text(net), tax: text(tax), gross: text(net + tax) };
}

/** A sum as people read it. The formatter takes the decimal as a string, digit by digit. */
export function shown(amount, currency = "GBP") {
  if (amount === undefined || amount === null || amount === "") return "–";
  return new Intl.NumberFormat("en-GB", { style: "currency", currency }).format(String(amount));
}
