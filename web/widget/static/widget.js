// Answerback's chat: <script src="https://…/widget.js" defer></script> puts it on a page.
//
// data-title, data-greeting   what it is called, and what it says first
// data-session                address on your own server, which knows who is there, and returns {conversation_id, token}
//
// Everything that is shown is set as text in nodes of our own: nothing that anybody writes becomes markup.
(() => {
  if (customElements.get("answerback-chat")) return; // the tag is on the page twice
  const script = document.currentScript;
  const server = new URL(script.src).origin;
  const own = script.dataset.session; // it is asked on every page, so that nobody goes on as who was there before
  const sessions = own || `${server}/widget/sessions`;
  const title = script.dataset.title || "Ask us";
  const greeting = script.dataset.greeting || "Hello! How can we help?";
  const kept = `answerback ${own ? new URL(own, location.href) : server}`;
  const HANDED_OVER = "A person will answer this here. You can close the page and come back.";
  const ENDED = { cancelled: "This was not answered.", failed: "Something went wrong. Please ask again." };
  const REFUSED = ["invalid", "malformed", "forbidden", "too_large"]; // everything else may work later
  const LONGEST = 20_000; // characters of a message
  const RENEWED_BEFORE_MS = 3_600_000; // or in the last quarter of its life, if that is shorter
  const AGAIN_MS = 5000;

  const STYLE = `
    :host { all: initial; position: fixed; right: 1rem; bottom: 1rem; z-index: 2147483000; color-scheme: light dark;
      --text: light-dark(#1b1f24, #e6e8eb); --ground: light-dark(#fff, #14171a); --raised: light-dark(#f0f3f6, #22282e);
      --line: light-dark(#d0d7de, #3a424a); --accent: light-dark(#0550ae, #79b8ff); --faint: light-dark(#57606a, #9aa4af);
      font: 15px/1.45 system-ui, sans-serif; color: var(--text); }
    * { box-sizing: border-box; }
    button { font: inherit; cursor: pointer; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .open { background: var(--accent); color: var(--ground); border: 0; border-radius: 2rem; padding: 0.7rem 1.2rem; font-weight: 600; }
    .panel { display: flex; flex-direction: column; width: min(24rem, calc(100vw - 2rem)); height: min(36rem, calc(100vh - 2rem));
      background: var(--ground); border: 1px solid var(--line); border-radius: 0.8rem; overflow: hidden; box-shadow: 0 8px 30px #0004; }
    [hidden] { display: none !important; }
    header { display: flex; align-items: center; justify-content: space-between; padding: 0.6rem 0.9rem; border-bottom: 1px solid var(--line); }
    h2 { font-size: 1rem; margin: 0; }
    .close { background: none; border: 0; color: var(--text); font-size: 1.2rem; line-height: 1; padding: 0.3rem 0.5rem; }
    .log { flex: 1; overflow-y: auto; padding: 0.8rem; display: flex; flex-direction: column; gap: 0.6rem; }
    .said { max-width: 88%; padding: 0.5rem 0.8rem; border-radius: 0.8rem; background: var(--raised); align-self: flex-start; overflow-wrap: anywhere; }
    .said.customer { align-self: flex-end; background: var(--accent); color: var(--ground); }
    .said p { margin: 0; white-space: pre-wrap; }
    .who { font-size: 0.8rem; color: var(--faint); display: block; }
    .said.customer .who { color: inherit; }
    .said p + *, .said ul, .said ol, .said table { margin: 0.3rem 0 0; }
    .said ul, .said ol { padding-left: 1.3rem; }
    .said table { border-collapse: collapse; overflow-wrap: break-word; }
    .said th, .said td { font-weight: inherit; text-align: left; vertical-align: top; padding: 0.2rem 0.6rem 0.2rem 0; border-top: 1px solid var(--line); }
    .said .sources { margin-top: 0.4rem; padding-left: 0; list-style: none; font-size: 0.85rem; }
    a { color: var(--accent); }
    .notice { font-size: 0.9rem; color: var(--faint); border-left: 3px solid var(--accent); padding-left: 0.6rem; margin: 0; }
    .state { min-height: 1.3em; margin: 0; padding: 0 0.9rem; font-size: 0.85rem; color: var(--faint); }
    .rate { margin-top: 0.3rem; font-size: 0.85rem; color: var(--faint); }
    .rate button { background: none; border: 1px solid var(--line); border-radius: 0.4rem; color: inherit; padding: 0.1rem 0.5rem; margin-left: 0.3rem; }
    form { display: flex; gap: 0.5rem; padding: 0.6rem; border-top: 1px solid var(--line); }
    textarea { flex: 1; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--faint); border-radius: 0.5rem; padding: 0.4rem 0.6rem; resize: none; height: 3.2rem; }
    form button { background: var(--accent); color: var(--ground); border: 0; border-radius: 0.5rem; padding: 0 1rem; font-weight: 600; }
    @media (max-width: 30rem) { .panel { position: fixed; inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; } }
  `;

  const element = (name, properties = {}, ...children) => {
    const { class: style, ...rest } = properties;
    const made = document.createElement(name);
    if (style) made.className = style;
    for (const [key, value] of Object.entries(rest)) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };

  // What is written as a list or a table is shown as one, links can be followed, **this** is bold. Made of nodes.
  const LISTED = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
  const MARKED = /(\*\*[^*\n]+\*\*|https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'*])/;
  const inline = (text) => text.split(MARKED).map((piece, place) => {
    if (place % 2 === 0) return piece;
    if (piece.startsWith("**")) return element("strong", { textContent: piece.slice(2, -2) });
    return element("a", { href: piece, target: "_blank", rel: "noopener noreferrer", textContent: piece });
  });
  const cells = (row) => row.split(" | ").map((text, place) => (
    element(place ? "td" : "th", place ? {} : { scope: "row" }, ...inline(text))
  ));
  const blocks = (text) => {
    const made = [];
    let apart = true; // from the line before
    const within = (name, properties) => {
      if (made.at(-1)?.localName !== name || (apart && name === "p")) made.push(element(name, properties));
      return made.at(-1);
    };
    for (const line of text.split(/\r?\n/)) {
      const [, number, item] = line.match(LISTED) || [];
      if (number) within("ol", { start: Number(number) }).append(element("li", {}, ...inline(item)));
      else if (item) within("ul").append(element("li", {}, ...inline(item)));
      else if (line.includes(" | ")) within("table").append(element("tr", {}, ...cells(line)));
      else if (line.trim()) {
        const paragraph = within("p");
        paragraph.append(paragraph.hasChildNodes() ? "\n" : "", ...inline(line));
      }
      apart = !line.trim();
    }
    return made;
  };

  class Session {
    // Who this visitor is: a conversation and the token that opens it, kept for as long as the browser keeps it. Where
    // your own server makes them, the browser keeps only that there is one.
    constructor() {
      this.data = null;
      this.begun = false;
      try {
        const found = JSON.parse(localStorage.getItem(kept));
        this.begun = Boolean(found);
        if (found && !own) this.data = found;
      } catch { /* nothing is kept, or nothing of ours */ }
    }

    get ends_soon() {
      const ends = Date.parse(this.data.expires_at); // NaN, of one that does not say, is not soon
      return ends - Date.now() < Math.min(RENEWED_BEFORE_MS, (ends - (this.data.received || 0)) / 4);
    }

    async begin() {
      if (this.data && !this.ends_soon) return;
      const headers = this.data ? { Authorization: `Bearer ${this.data.token}` } : {};
      const answer = await fetch(sessions, { method: "POST", headers });
      if (answer.status === 401 && this.data) {
        this.forget();
        await this.begin();
        return;
      }
      if (!answer.ok) throw new Error(`the session was refused (${answer.status})`);
      this.data = { ...(await answer.json()), received: Date.now() };
      this.begun = true;
      try {
        localStorage.setItem(kept, JSON.stringify(own ? true : this.data));
      } catch { /* the visitor's browser keeps nothing; the session lasts as long as the page */ }
    }

    forget() {
      this.data = null;
      this.begun = Boolean(own); // your server is asked again, and knows which conversation it was
      try {
        localStorage.removeItem(kept);
      } catch { /* nothing was kept */ }
    }

    async call(method, path, body) {
      const answer = await fetch(server + path, {
        method,
        headers: { Authorization: `Bearer ${this.data.token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
        body: body ? JSON.stringify(body) : undefined,
      });
      if (!answer.ok) throw Object.assign(new Error(`refused (${answer.status})`), { status: answer.status });
      return answer.json();
    }

    async messages() {
      const found = [];
      let cursor = null;
      do {
        const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
        const page = await this.call("GET", `/v1/conversations/${this.data.conversation_id}/messages?limit=100${more}`);
        found.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor);
      return found;
    }

    socket() {
      const address = new URL(`/v1/conversations/${this.data.conversation_id}/ws`, server.replace(/^http/, "ws"));
      address.searchParams.set("token", this.data.token);
      return new WebSocket(address);
    }
  }

  class Chat extends HTMLElement {
    constructor() {
      super();
      this.session = new Session();
      this.messages = new Map(); // what was said, by id
      this.waiting = new Map(); // what was written and not yet accepted, by `ref`: {text, refused}
      this.nodes = new Map(); // what is in the log, by what it shows
      this.rated = new Set();
      this.live = null; // the answer that is being written
      this.person = false; // whether a person is needed who has not written yet
      this.early = null; // events that came before the history was there
      this.tries = 0;
    }

    connectedCallback() {
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      this.opener = element("button", { class: "open", type: "button", textContent: title, "aria-expanded": "false" });
      this.log = element("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Conversation", tabIndex: 0 });
      this.state = element("p", { class: "state", role: "status" });
      this.field = element("textarea", { "aria-label": "Your message", placeholder: "Your message", required: true });
      const form = element("form", {}, this.field, element("button", { type: "submit", textContent: "Send" }));
      const close = element("button", { class: "close", type: "button", "aria-label": "Close the chat", textContent: "×" });
      this.panel = element("section", { class: "panel", role: "dialog", "aria-label": title, hidden: true },
        element("header", {}, element("h2", { textContent: title }), close), this.log, this.state, form);
      root.append(this.opener, this.panel);
      this.render();
      this.opener.addEventListener("click", () => this.open());
      close.addEventListener("click", () => this.close());
      this.panel.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.close();
      });
      this.field.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          form.requestSubmit();
        }
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const text = this.field.value.trim();
        const over = [...text].length - LONGEST;
        if (over > 0) this.tell(`This is too long by ${over} characters.`);
        if (!text || over > 0) return;
        this.field.value = "";
        this.say(text);
      });
    }

    open() {
      this.panel.hidden = false;
      this.opener.hidden = true;
      this.opener.setAttribute("aria-expanded", "true");
      this.field.focus();
      if (this.session.begun) this.connect();
    }

    close() {
      this.panel.hidden = true;
      this.opener.hidden = false;
      this.opener.setAttribute("aria-expanded", "false");
      this.opener.focus();
    }

    say(text) {
      const ref = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
      this.waiting.set(ref, { text });
      this.tell("Sending …");
      this.render();
      this.connect();
    }

    async connect() {
      if (this.socket && this.socket.readyState <= WebSocket.OPEN) {
        if (this.socket.readyState === WebSocket.OPEN) this.flush();
        return;
      }
      if (this.connecting) return;
      this.connecting = true;
      try {
        await this.session.begin();
        const socket = this.session.socket();
        let opened = false;
        this.socket = socket;
        this.early = [];
        socket.addEventListener("open", () => {
          opened = true;
          this.opened(socket);
        });
        socket.addEventListener("message", (event) => {
          const heard = JSON.parse(event.data);
          if (this.early) this.early.push(heard);
          else this.hear(heard);
        });
        socket.addEventListener("close", () => {
          if (this.socket === socket) this.again(opened);
        });
      } catch {
        this.again(true);
      } finally {
        this.connecting = false;
      }
    }

    async again(opened) {
      this.socket = null;
      this.live = null;
      this.tries += 1;
      if (this.tries > 1) this.tell("The connection was lost; trying again …");
      this.render();
      if (!opened) await this.load().catch((error) => this.doubt(error)); // why was there no socket?
      setTimeout(() => this.connect(), Math.min(30_000, 500 * 2 ** this.tries) * (0.5 + Math.random() / 2));
    }

    doubt({ status }) {
      if (![401, 404].includes(status)) return;
      this.session.forget(); // it was erased, or may not be read any more: what is written next begins anew
      this.messages.clear();
      this.render();
    }

    async opened(socket) {
      try {
        await this.load();
        const early = this.early || [];
        this.early = null;
        early.forEach((one) => this.hear(one));
        this.flush();
        if (this.tries > 1) this.tell("");
        this.tries = 0;
      } catch (error) {
        this.doubt(error);
        socket.close();
      }
    }

    async load() {
      const found = await this.session.messages();
      this.messages = new Map(found.map((one) => [one.id, one]));
      const last = found.at(-1);
      this.person = last?.role === "customer" && last.state === "handed_off";
      this.render();
    }

    // What was written goes out once the history is there, or it would be shown twice while both are on their way.
    flush() {
      if (this.early) return;
      for (const [ref, { text, refused }] of this.waiting) {
        if (!refused) this.socket?.send(JSON.stringify({ type: "message", content: text, ref }));
      }
    }

    hear({ type, data }) {
      if (type === "accepted") {
        this.waiting.delete(data.ref);
        this.keep(data.message);
        if (["queued", "running"].includes(data.message.state)) this.tell("Looking for an answer …");
      } else if (type === "error") {
        this.refuse(data);
      } else if (type === "delta") {
        if (data.offset <= (this.live || "").length) this.live = (this.live || "").slice(0, data.offset) + data.text;
      } else if (type === "conversation.handed_off") {
        this.person = true;
      } else if (type === "conversation.resumed" || type === "conversation.closed") {
        this.person = false;
      } else if (data.role) {
        this.keep(data);
      }
      this.render();
    }

    refuse({ ref, code, detail }) {
      const one = this.waiting.get(ref);
      if (one && REFUSED.includes(code)) one.refused = true;
      else if (one) setTimeout(() => this.connect(), AGAIN_MS);
      this.tell(one?.refused ? `This could not be sent: ${detail}` : "This could not be sent yet; trying again …");
    }

    keep(message) {
      this.messages.set(message.id, message);
      if (message.role === "agent") this.person = false;
      if (message.role !== "customer" || ["queued", "running"].includes(message.state)) return;
      this.live = null;
      if (message.state === "handed_off") this.person = true;
      if (message.reply) this.person = false;
      if (!this.waiting.size) this.tell("");
    }

    // What is to be seen, in order: [what it is, how it looks now, what makes it].
    *things() {
      yield ["greeting", "", () => this.box("assistant", greeting)];
      const said = [...this.messages.values()].sort((one, other) => one.seq - other.seq);
      const replies = new Map(); // each behind the last message that it answers
      for (const one of said) if (one.reply) replies.set(one.reply.id, one);
      for (const one of said) {
        if (one.role === "assistant" && replies.has(one.id)) continue;
        yield [one.id, one.state, () => this.message(one)];
        if (one.reply && replies.get(one.reply.id) === one) {
          const open = !one.feedback && !this.rated.has(one.id);
          yield [one.reply.id, open, () => this.reply(one.reply, open ? one.id : null)];
        }
      }
      if (this.live) yield ["live", this.live, () => this.writing(this.live)];
      if (this.person) yield ["notice", "", () => element("p", { class: "notice", textContent: HANDED_OVER })];
      for (const [ref, { text, refused }] of this.waiting) {
        yield [ref, refused, () => this.box("customer", text, refused ? "This could not be sent." : "")];
      }
    }

    render() {
      const before = this.nodes;
      const wasAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
      this.nodes = new Map();
      let place = 0;
      for (const [key, look, make] of this.things()) {
        const there = before.get(key);
        const node = there && there.look === look ? there.node : make();
        if (there && there.node !== node) there.node.replaceWith(node);
        this.nodes.set(key, { look, node });
        if (this.log.children[place] !== node) this.log.insertBefore(node, this.log.children[place] || null);
        place += 1;
      }
      while (this.log.children.length > place) this.log.lastChild.remove();
      if (wasAtEnd) this.log.scrollTop = this.log.scrollHeight;
    }

    message(one) {
      if (one.role === "customer") return this.box("customer", one.content, ENDED[one.state] || "");
      if (one.role === "agent") return this.box("agent", one.content, "", one.author || "Agent");
      return this.reply(one, null);
    }

    reply({ content, citations }, question) {
      const box = this.box("assistant", content);
      if (citations.length) {
        box.append(element("ol", { class: "sources", "aria-label": "Sources" }, ...this.sources(citations)));
      }
      if (question) box.append(this.rating(question));
      return box;
    }

    // One line for each document, with the numbers of its sentences.
    *sources(citations) {
      const documents = new Map();
      for (const one of citations) {
        const key = `${one.title} ${(one.url || "").split("#")[0]}`;
        documents.set(key, [...(documents.get(key) || []), one]);
      }
      for (const all of documents.values()) {
        const [{ title: name, url }] = all;
        const safe = /^https?:\/\//i.test(url || "");
        const link = safe ? element("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: name }) : name;
        const quotes = all.map((one) => `[${one.number}] ${one.quote}`).join("\n");
        yield element("li", { title: quotes }, `${all.map((one) => `[${one.number}]`).join("")} `, link);
      }
    }

    rating(id) {
      const line = element("div", { class: "rate" }, "Did this help?");
      for (const [label, rating] of [["Yes", "good"], ["No", "bad"]]) {
        const button = element("button", { type: "button", textContent: label });
        button.addEventListener("click", async () => {
          try {
            await this.session.call("PUT", `/v1/messages/${id}/feedback`, { rating });
            this.rated.add(id);
            this.render();
            this.tell("Thank you.");
          } catch { /* it can be tried again */ }
        });
        line.append(button);
      }
      return line;
    }

    // Read out when it is whole, not with every piece.
    writing(text) {
      const box = this.box("assistant", text);
      box.inert = true;
      return box;
    }

    box(role, text, note = "", who = "") {
      const box = element("div", { class: `said ${role}` });
      if (who) box.append(element("span", { class: "who", textContent: who }));
      box.append(...(role === "customer" ? [element("p", { textContent: text })] : blocks(text)));
      if (note) box.append(element("span", { class: "who", textContent: note }));
      return box;
    }

    tell(text) {
      this.state.textContent = text;
    }
  }

  customElements.define("answerback-chat", Chat);
  const begin = () => document.body.append(document.createElement("answerback-chat"));
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
