// Wires the console: which account, which view, and the live look at the service behind all of them.

import { Api } from "./api.js";
import { begin } from "./connecting.js";
import { drawConnection, showReturn } from "./connection.js";
import { byId, hush, say } from "./dom.js";
import { drawExpenses, mountExpenses } from "./expenses.js";
import { ordered } from "./faults.js";
import { drawInvoices, mountInvoices } from "./invoices.js";
import { drawLog, filter, mountLog } from "./log.js";
import { drawMapping } from "./mapping.js";
import { Poll } from "./poll.js";
import { drawScenes } from "./scenes.js";
import * as session from "./session.js";
import { Store } from "./store.js";
import { drawTold } from "./told.js";

const VIEWS = ["connection", "invoices", "expenses", "log", "told", "xero"];
const NOTHING = { records: [], next: null };

/** Everything the views share: what was read last, and what they may ask for. */
class App {
  records = [];
  log = NOTHING;
  causes = [];
  told = [];
  later = [];

  constructor(account, around) {
    this.around = around;
    this.api = new Api(account);
    this.store = new Store(around.client_id, account);
    this.poll = new Poll(() => this.look());
  }

  connect = () => begin();

  /** Runs once the page is drawn for the first time. */
  after = (work) => this.later.push(work);

  /** The bookkeeper's desk of the connected organisation. */
  desk() {
    const tenant = this.connection?.organisation?.tenant_id;
    return tenant ? `${this.around.xero}/?organisation=${tenant}` : this.around.xero;
  }

  /** Reads what changes by itself. Says whether anything did. */
  async look() {
    const before = JSON.stringify([this.connection, this.records, this.log, this.causes, this.told]);
    try {
      this.connection = await this.api.connection();
      await Promise.all([this.readRecords(), this.readTold(), this.readCauses(), this.readOffered(), this.readChart(), this.readOrdered()]);
      this.reached();
    } catch (error) {
      this.missed(error);
      return false;
    }
    this.store.takeNotifications(this.told);
    this.draw();
    return before !== JSON.stringify([this.connection, this.records, this.log, this.causes, this.told]);
  }

  async readRecords() {
    const wanted = filter();
    const all = this.api.records();
    const filtered = Object.keys(wanted).length > 0 ? this.api.records(wanted) : all;
    this.records = (await all).records;
    this.log = await filtered;
  }

  async readTold() {
    this.told = await this.api.notifications();
  }

  async readCauses() {
    this.causes = (await this.api.causes()).causes;
  }

  async readOffered() {
    const offered = this.connection.status === "choose_organisation";
    this.offered = offered ? (await this.api.organisations()).organisations : undefined;
  }

  /** The chart and the mapping change by the person's hand, so they are read once for each organisation. */
  async readChart() {
    const { status, organisation } = this.connection;
    const of = status === "connected" ? organisation.tenant_id : undefined;
    if (of === this.chartOf) return;
    [this.chart, this.mapping] = of ? await Promise.all([this.api.accounts(), this.api.mapping()]) : [];
    this.chartOf = of;
  }

  /** Only while somebody looks at it. */
  async readOrdered() {
    const tenant = this.connection.organisation?.tenant_id;
    if (tenant && !byId("xero").hidden) this.ordered = await ordered(tenant);
  }

  reached() {
    if (this.unreachable) hush();
    this.unreachable = undefined;
  }

  missed(error) {
    if (this.unreachable === error.message) return;
    this.unreachable = error.message;
    say(error.message, "bad");
  }

  draw() {
    if (!this.connection) return;
    drawConnection(this);
    drawMapping(this);
    drawInvoices(this);
    drawExpenses(this);
    drawLog(this);
    drawTold(this);
    drawScenes(this);
    byId("desk").href = this.desk();
    for (const work of this.later.splice(0)) work();
  }

  /** Shows a view; the focus goes to its heading or to another element of it. */
  go(view, target = `${view}-title`) {
    if (location.hash !== `#${view}`) history.pushState(null, "", `#${view}`);
    show();
    hush();
    byId("returned").replaceChildren();
    byId(target)?.focus();
  }
}

function show() {
  const wanted = location.hash.slice(1);
  const view = VIEWS.includes(wanted) ? wanted : "connection";
  for (const name of VIEWS) byId(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    const current = link.hash === `#${view}`;
    link.toggleAttribute("aria-current", current);
    if (!current) continue;
    link.setAttribute("aria-current", "page");
    // Not `scrollIntoView`: the Tab key would go on from there.
    const list = link.closest("ul");
    list.scrollLeft = link.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
  }
  document.title = `${byId(`${view}-title`).textContent} – Sessional`;
  return view;
}

/** Who is signed in. An account in the address signs in, as whoever of its people is named there. */
function signedIn() {
  const query = new URLSearchParams(location.search);
  const account = query.get("account");
  if (account) {
    session.signIn(account, query.get("user") ?? account);
    for (const name of ["account", "user"]) query.delete(name);
    history.replaceState(null, "", `${location.pathname}${query.size > 0 ? `?${query}` : ""}${location.hash}`);
  }
  return session.person();
}

async function start() {
  const who = signedIn();
  if (!who) return session.askToSignIn("/");
  const { account, user } = who;
  byId("account").value = account;
  byId("who").textContent = user === account ? "" : `Signed in as ${user}.`;
  byId("account-form").addEventListener("submit", (event) => {
    event.preventDefault();
    location.search = `?account=${encodeURIComponent(byId("account").value.trim())}`;
  });
  byId("sign-out").addEventListener("click", () => {
    session.signOut();
    session.askToSignIn("/");
  });
  byId("hush").addEventListener("click", () => {
    hush();
    byId("view").focus();
  });
  const app = new App(account, await session.surroundings());
  for (const mount of [mountInvoices, mountExpenses, mountLog]) mount(app);
  for (const link of document.querySelectorAll("nav a")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      app.go(link.hash.slice(1));
      app.poll.soon();
    });
  }
  addEventListener("popstate", () => byId(`${show()}-title`).focus());
  addEventListener("resize", show);
  show();
  showReturn(app);
  await app.poll.soon();
}

start().catch((error) => say(error.message, "bad"));
