// Sessional's invoice as the invoice of Xero's SDK.
import { Invoice, LineAmountTypes } from "xero-node";

const LINE_AMOUNTS = {
  exclusive: LineAmountTypes.Exclusive, inclusive: LineAmountTypes.Inclusive, none: LineAmountTypes.NoTax,
};

/** The taxes of the organisation, by their rate: Xero's names for them. */
export const TAX_TYPES = { 20: "OUTPUT2", 5: "RROUTPUT", 0: "ZERORATEDOUTPUT" };

export function toXero(invoice, contact, account) {
  return {
    type: Invoice.TypeEnum.ACCREC,
    status: Invoice.StatusEnum.AUTHORISED,
    invoiceNumber: invoice.number,
    reference: invoice.reference,
    contact,
    date: invoice.issued_on,
    dueDate: invoice.due_on,
    currencyCode: invoice.currency,
    lineAmountTypes: LINE_AMOUNTS[invoice.line_amounts],
    url: invoice.url,
    lineItems: invoice.lines.map((line) => ({
      description: line.description,
      quantity: Number(line.quantity),
      unitAmount: Number(line.unit_amount),
      taxType: TAX_TYPES[line.tax_rate],
      ...account,
    })),
  };
}
