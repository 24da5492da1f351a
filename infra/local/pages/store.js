// What Sessional itself would keep: the account's customers, invoices and expenses. Here they are in this
// browser, apart for each stack and account.

/** One account's invoices and expenses, newest first. */
export class Store {
  constructor(stack, account) {
    this.name = `sessional:${stack}:${account}`;
    const kept = JSON.parse(localStorage.getItem(this.name) ?? "null");
    this.data = kept ?? { next: 201, customers: [], invoices: [], expenses: [] };
  }

  get invoices() {
    return this.data.invoices;
  }

  get expenses() {
    return this.data.expenses;
  }

  get customers() {
    return this.data.customers;
  }

  invoice = (id) => this.invoices.find((invoice) => invoice.id === id);

  expense = (id) => this.expenses.find((expense) => expense.id === id);

  /** The number that the next invoice gets. */
  get number() {
    return `SES-${String(this.data.next).padStart(6, "0")}`;
  }

  /** A customer by name, remembered so that the next invoice is for the same contact in Xero. */
  customer(name, email) {
    const plain = name.trim().replace(/\s+/g, " ");
    let found = this.customers.find((customer) => customer.name.toLowerCase() === plain.toLowerCase());
    if (!found) {
      found = { id: newId("org"), name: plain };
      this.customers.push(found);
    }
    if (email) found.email = email;
    this.keep();
    return { ...found };
  }

  /** Adds or replaces an invoice. */
  putInvoice(invoice) {
    if (invoice.number === this.number) this.data.next += 1;
    put(this.invoices, invoice);
    this.keep();
  }

  /** Adds or replaces an expense. */
  putExpense(expense) {
    put(this.expenses, expense);
    this.keep();
  }

  /**
   * What Sessional does when it is told of a payment: each notification says where the invoice stands, so the one with the
   * highest number counts, however they arrive. Gives whether anything changed.
   */
  takeNotifications(told) {
    let changed = false;
    for (const one of told) {
      const invoice = one.invoice_id && this.invoice(one.invoice_id);
      if (!invoice || (invoice.order ?? 0) >= one.order) continue;
      invoice.order = one.order;
      const { stands, note } = one;
      const paid_on = one.paid_on ?? one.settled_on;
      if (stands === "paid") invoice.payment = { word: one.type === "invoice.settled_by_credit" ? "Settled" : "Paid", paid_on, note };
      else if (stands === "part_paid") invoice.payment = { word: "Part paid", note };
      else delete invoice.payment;
      changed = true;
    }
    if (changed) this.keep();
    return changed;
  }

  keep() {
    localStorage.setItem(this.name, JSON.stringify(this.data));
  }
}

export const newId = (prefix) => `${prefix}_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;

function put(list, one) {
  const at = list.findIndex((other) => other.id === one.id);
  if (at < 0) list.unshift(one);
  else list[at] = one;
}
