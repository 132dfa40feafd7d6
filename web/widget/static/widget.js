// The Answerback chat widget: <script src="https://…/widget.js" defer></script> adds it to a page.
//
// data-title, data-greeting   the title of the chat, and its first message
// data-language               the language of the chat's own texts; without it, the `lang` of the page
// data-session                URL on your own server that identifies the customer and returns {conversation_id, token}
//
// All content is set as text of DOM nodes; messages are never parsed as HTML.
(() => {
  if (customElements.get("answerback-chat")) return; // the page includes the script twice
  const script = document.currentScript;
  const server = new URL(script.src).origin;
  const own = script.dataset.session; // called on every page, so that the next customer does not continue the session of the one before
  const sessions = own || `${server}/widget/sessions`;
  const storageKey = `answerback ${own ? new URL(own, location.href) : server}`;
  const TRANSLATED = ["de", "fr", "es", "it", "nl", "pt", "pl"];
  const wanted = (script.dataset.language || document.documentElement.lang).toLowerCase().split("-")[0];
  const language = TRANSLATED.includes(wanted) ? wanted : "en";
  let translations = {}; // by English text
  const translate = (text, values = {}) => (
    (translations[text] || text).replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder)
  );
  const PERMANENT = ["invalid", "malformed", "forbidden", "too_large"]; // error codes that a retry cannot fix
  const MAX_LENGTH = 20_000; // characters of a message
  const RENEW_BEFORE_MS = 3_600_000; // before expiry; or in the last quarter of the lifetime, if that is shorter
  const RETRY_MS = 5000;
  const RECONNECT_MS = 500; // doubles with each attempt, up to a few seconds; up to half a minute in a long outage
  const MAX_RECONNECT_MS = 4_000;
  const LONG_OUTAGE_MS = 30_000;
  const LONG_OUTAGE_ATTEMPTS = 20;

  const STYLE = `
    :host { all: initial; position: fixed; right: 1rem; bottom: 1rem; z-index: 2147483000; color-scheme: light dark;
      --text: light-dark(#1b1f24, #e6e8eb); --ground: light-dark(#fff, #14171a); --raised: light-dark(#f0f3f6, #22282e);
      --line: light-dark(#d0d7de, #3a424a); --accent: light-dark(#0550ae, #79b8ff); --faint: light-dark(#57606a, #9aa4af);
      font: 15px/1.45 system-ui, sans-serif; color: var(--text); }
    * { box-sizing: border-box; }
    button { font: inherit; cursor: pointer; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .open[data-unread]::after { content: attr(data-unread); display: inline-block; margin-left: 0.5rem; min-width: 1.4em; padding: 0 0.3em;
      border-radius: 1em; background: light-dark(#a40e26, #ff9aa8); color: var(--ground); text-align: center; }
    .open { background: var(--accent); color: var(--ground); border: 0; border-radius: 2rem; padding: 0.7rem 1.2rem; font-weight: 600; }
    .panel { display: flex; flex-direction: column; width: min(24rem, calc(100vw - 2rem)); height: min(36rem, calc(100vh - 2rem));
      background: var(--ground); border: 1px solid var(--line); border-radius: 0.8rem; overflow: hidden; box-shadow: 0 8px 30px #0004; }
    [hidden] { display: none !important; }
    header { display: flex; align-items: center; justify-content: space-between; padding: 0.6rem 0.9rem; border-bottom: 1px solid var(--line); }
    h2 { font-size: 1rem; margin: 0; }
    .about { font-size: 0.8rem; color: var(--faint); margin: 0; }
    .mark { background: none; border: 0; padding: 0.1rem 0.15rem; min-width: 24px; min-height: 24px; color: var(--accent); text-decoration: underline; }
    .quote { margin: 0.4rem 0 0; padding: 0.2rem 0 0.2rem 0.6rem; border-left: 3px solid var(--accent); font-size: 0.9rem; white-space: pre-wrap; }
    .message pre { margin: 0.3rem 0 0; overflow-x: auto; font-size: 0.85rem; }
    .message code { font-family: ui-monospace, monospace; font-size: 0.9em; background: #8883; border-radius: 0.2rem; padding: 0 0.2em; }
    .message pre code { background: none; padding: 0; }
    .message .scroll { overflow-x: auto; }
    .close { background: none; border: 0; color: var(--text); font-size: 1.2rem; line-height: 1; padding: 0.3rem 0.5rem; }
    .log { flex: 1; overflow-y: auto; padding: 0.8rem; display: flex; flex-direction: column; gap: 0.6rem; }
    .message { max-width: 88%; padding: 0.5rem 0.8rem; border-radius: 0.8rem; background: var(--raised); align-self: flex-start; overflow-wrap: anywhere; }
    .message.customer { align-self: flex-end; background: var(--accent); color: var(--ground); }
    .message p { margin: 0; white-space: pre-wrap; }
    .label { font-size: 0.8rem; color: var(--faint); display: block; }
    .message.customer .label { color: inherit; }
    .message p + *, .message ul, .message ol, .message table { margin: 0.3rem 0 0; }
    .message ul, .message ol { padding-left: 1.3rem; }
    .message table { border-collapse: collapse; overflow-wrap: break-word; }
    .message th, .message td { font-weight: inherit; text-align: left; vertical-align: top; padding: 0.2rem 0.6rem 0.2rem 0; border-top: 1px solid var(--line); }
    .message .sources { margin-top: 0.4rem; padding-left: 0; list-style: none; font-size: 0.85rem; }
    a { color: var(--accent); }
    .notice { font-size: 0.9rem; color: var(--faint); border-left: 3px solid var(--accent); padding-left: 0.6rem; margin: 0; }
    .status { min-height: 1.3em; margin: 0; padding: 0 0.9rem; font-size: 0.85rem; color: var(--faint); }
    .rate { margin-top: 0.3rem; font-size: 0.85rem; color: var(--faint); }
    .rate button { background: none; border: 1px solid var(--line); border-radius: 0.4rem; color: inherit; padding: 0.1rem 0.5rem; margin-left: 0.3rem; }
    .message ol + p, .message .options + p { margin-top: 0.5rem; }
    .options { display: flex; flex-direction: column; align-items: flex-start; gap: 0.35rem; margin-top: 0.5rem; }
    .options button { background: var(--ground); color: var(--accent); border: 1px solid var(--accent); border-radius: 1rem; padding: 0.3rem 0.8rem; text-align: left; }
    form { display: flex; gap: 0.5rem; padding: 0.6rem; border-top: 1px solid var(--line); }
    textarea { flex: 1; font: inherit; font-size: 16px; color: inherit; background: var(--ground); border: 1px solid var(--faint); border-radius: 0.5rem; padding: 0.4rem 0.6rem; resize: none; height: 3.2rem; }
    form button { background: var(--accent); color: var(--ground); border: 0; border-radius: 0.5rem; padding: 0 1rem; font-weight: 600; }
    @media (max-width: 30rem) { .panel { position: fixed; inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; } }
  `;

  const element = (name, properties = {}, ...children) => {
    const { class: className, ...rest } = properties;
    const node = document.createElement(name);
    if (className) node.className = className;
    for (const [key, value] of Object.entries(rest)) {
      if (key in node) node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };

  // A subset of Markdown as DOM nodes: lists, tables, code, links, **bold** and *italic* text. `cite` makes the node of
  // the number of a citation.
  const LIST_ITEM = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
  const RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$/; // below the head of a table
  const ADDRESS = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'*]/.source;
  const INLINE = new RegExp(
    `(\`[^\`\n]+\`|\\*\\*[^*\n]+\\*\\*|\\*[^*\\s](?:[^*\n]*[^*\\s])?\\*(?![\\w*])|\\[[^\\]\n]+\\]\\(${ADDRESS}\\)|${ADDRESS}|\\[\\d{1,4}\\])`,
  );
  const link = (href, text) => element("a", { href, target: "_blank", rel: "noopener noreferrer", textContent: text });
  const inline = (text, cite = (mark) => mark) => text.split(INLINE).map((piece, index, pieces) => {
    if (index % 2 === 0) return piece;
    if (piece.startsWith("`")) return element("code", { textContent: piece.slice(1, -1) });
    if (piece.startsWith("**")) return element("strong", { textContent: piece.slice(2, -2) });
    if (piece.startsWith("*") && /[\w*]$/.test(pieces[index - 1])) return piece; // 2*3*4; older Safari knows no (?<!)
    if (piece.startsWith("*")) return element("em", { textContent: piece.slice(1, -1) });
    if (!piece.startsWith("[")) return link(piece, piece);
    const [, label, href] = piece.match(/^\[([^\]]+)\]\((.*)\)$/) || [];
    return href ? link(href, label) : cite(piece);
  });
  const cells = (row, isHead, cite) => row.trim().replace(/^\||\|$/g, "").split("|").map((text, index) => {
    const scope = isHead ? "col" : index ? null : "row";
    return element(scope ? "th" : "td", scope ? { scope } : {}, ...inline(text.trim(), cite));
  });
  const blocks = (text, cite) => {
    const nodes = [];
    let afterBlank = true; // whether the line before is blank
    const within = (name, properties) => {
      if (nodes.at(-1)?.localName !== name || (afterBlank && name === "p")) nodes.push(element(name, properties));
      return nodes.at(-1);
    };
    const lines = text.split(/\r?\n/);
    let code = null; // the block of code that is being read
    for (const [index, line] of lines.entries()) {
      const [, number, item] = line.match(LIST_ITEM) || [];
      const isRow = line.includes(" | ") || /^\s*\|.*\|\s*$/.test(line);
      if (/^\s*```/.test(line)) {
        code = code ? null : element("code");
        if (code) nodes.push(element("pre", { tabIndex: 0 }, code));
      } else if (code) code.append(code.hasChildNodes() ? "\n" : "", line);
      else if (number) within("ol", { start: Number(number) }).append(element("li", {}, ...inline(item, cite)));
      else if (item) within("ul").append(element("li", {}, ...inline(item, cite)));
      else if (RULE.test(line) && nodes.at(-1)?.localName === "table") continue;
      else if (isRow) within("table").append(element("tr", {}, ...cells(line, RULE.test(lines[index + 1] || ""), cite)));
      else if (line.trim()) {
        const paragraph = within("p");
        paragraph.append(paragraph.hasChildNodes() ? "\n" : "", ...inline(line, cite));
      }
      afterBlank = !line.trim();
    }
    return nodes;
  };

  class Session {
    // The visitor's conversation and its token, in local storage. With `data-session`, local storage only records that
    // there is a session.
    constructor() {
      this.data = null;
      this.started = false;
      try {
        const found = JSON.parse(localStorage.getItem(storageKey));
        this.started = Boolean(found);
        if (found && !own) this.data = found;
      } catch { /* storage is disabled, or its content is not valid */ }
    }

    get expiresSoon() {
      const expires = Date.parse(this.data.expires_at); // NaN without an expiry, which compares as false
      return expires - Date.now() < Math.min(RENEW_BEFORE_MS, (expires - (this.data.received || 0)) / 4);
    }

    async start() {
      if (this.data && !this.expiresSoon) return;
      const headers = this.data ? { Authorization: `Bearer ${this.data.token}` } : {};
      const response = await fetch(sessions, { method: "POST", headers });
      if (response.status === 401 && this.data) {
        this.forget();
        await this.start();
        return;
      }
      if (!response.ok) throw new Error(`the session was refused (${response.status})`);
      this.data = { ...(await response.json()), received: Date.now() };
      this.started = true;
      try {
        localStorage.setItem(storageKey, JSON.stringify(own ? true : this.data));
      } catch { /* storage is disabled; the session lasts as long as the page */ }
    }

    forget() {
      this.data = null;
      this.started = Boolean(own); // your server is called again, and knows the conversation
      try {
        localStorage.removeItem(storageKey);
      } catch { /* storage is disabled */ }
    }

    async call(method, path, body) {
      const response = await fetch(server + path, {
        method,
        headers: { Authorization: `Bearer ${this.data.token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
        body: body ? JSON.stringify(body) : undefined,
      });
      if (!response.ok) throw Object.assign(new Error(`refused (${response.status})`), { status: response.status });
      return response.json();
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
      this.name = script.dataset.title || translate("Ask us");
      this.ended = { cancelled: translate("This message was not answered."), failed: translate("Something went wrong. Please ask again.") };
      this.session = new Session();
      this.messages = new Map(); // by id
      this.pending = new Map(); // messages that are not accepted yet, by `ref`: {text, rejected}
      this.nodes = new Map(); // the nodes in the log, by key
      this.rated = new Set();
      this.live = null; // the answer that is being written
      this.awaitsHuman = false; // whether the conversation is handed off and no agent has replied
      this.early = null; // events that arrived before the history was loaded
      this.attempts = 0; // to connect
      this.ownTitle = null; // of the page, while it shows the number of unread messages
      this.seen = Number(this.stored("seen")) || 0; // the `seq` of the last message that the visitor saw
    }

    stored(name) {
      try {
        return localStorage.getItem(`${storageKey} ${name}`);
      } catch {
        return null; // storage is disabled
      }
    }

    keep(name, value) {
      try {
        if (value) localStorage.setItem(`${storageKey} ${name}`, value);
        else localStorage.removeItem(`${storageKey} ${name}`);
      } catch { /* storage is disabled */ }
    }

    connectedCallback() {
      this.lang = language;
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      this.opener = element("button", { class: "open", type: "button", textContent: this.name, "aria-expanded": "false" });
      this.log = element("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": translate("Conversation"), tabIndex: 0 });
      this.status = element("p", { class: "status", role: "status" });
      this.field = element("textarea", { "aria-label": translate("Your message"), placeholder: translate("Your message"), required: true });
      const form = element("form", {}, this.field, element("button", { type: "submit", textContent: translate("Send") }));
      const close = element("button", { class: "close", type: "button", "aria-label": translate("Close the chat"), textContent: "×" });
      this.panel = element("section", { class: "panel", role: "dialog", "aria-label": this.name, hidden: true },
        element("header", {}, element("div", {}, element("h2", { textContent: this.name }),
          element("p", { class: "about", textContent: translate("An assistant answers; people help when it cannot.") })), close),
        this.log, this.status, form);
      root.append(this.opener, this.panel);
      this.render();
      if (this.session.started && this.stored("human")) this.connect(); // a reply may have come since
      const again = () => {
        if (this.socket || this.connecting || !this.attempts || document.hidden) return;
        clearTimeout(this.timer);
        this.connect();
      };
      window.addEventListener("online", again);
      document.addEventListener("visibilitychange", again);
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
        const over = [...text].length - MAX_LENGTH;
        if (over > 0) this.showStatus(translate("The message is too long by {count} characters.", { count: over }));
        if (!text || over > 0) return;
        this.field.value = "";
        this.submit(text);
      });
    }

    open() {
      this.panel.hidden = false;
      this.opener.hidden = true;
      this.opener.setAttribute("aria-expanded", "true");
      this.field.focus();
      this.render();
      this.log.scrollTop = this.log.scrollHeight;
      if (this.session.started) this.connect();
    }

    close() {
      this.panel.hidden = true;
      this.opener.hidden = false;
      this.opener.setAttribute("aria-expanded", "false");
      this.opener.focus();
    }

    submit(text) {
      const ref = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
      this.pending.set(ref, { text });
      this.offersHuman = false;
      this.showStatus(translate("Sending …"));
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
        await this.session.start();
        const socket = this.session.socket();
        let opened = false;
        this.socket = socket;
        this.early = [];
        socket.addEventListener("open", () => {
          opened = true;
          this.opened(socket);
        });
        socket.addEventListener("message", (event) => {
          const received = JSON.parse(event.data);
          if (this.early) this.early.push(received);
          else this.receive(received);
        });
        socket.addEventListener("close", () => {
          if (this.socket === socket) this.reconnect(opened);
        });
      } catch {
        this.reconnect(true);
      } finally {
        this.connecting = false;
      }
    }

    async reconnect(opened) {
      this.socket = null;
      this.live = null;
      this.attempts += 1;
      if (this.attempts > 1) this.showStatus(translate("Connection lost. Reconnecting …"));
      this.render();
      if (!opened) await this.load().catch((error) => this.checkSession(error)); // find out why the socket was refused
      const most = this.attempts > LONG_OUTAGE_ATTEMPTS ? LONG_OUTAGE_MS : MAX_RECONNECT_MS;
      const delay = Math.min(most, RECONNECT_MS * 2 ** (this.attempts - 1)) * (0.5 + Math.random() / 2);
      this.timer = setTimeout(() => this.connect(), delay);
    }

    checkSession({ status }) {
      if (![401, 404].includes(status)) return;
      this.session.forget(); // the conversation was erased, or access has ended: the next message starts a new one
      this.seen = 0;
      this.keep("seen", null);
      this.keep("human", null);
      this.messages.clear();
      this.render();
    }

    async opened(socket) {
      try {
        await this.load();
        const early = this.early || [];
        this.early = null;
        early.forEach((received) => this.receive(received));
        this.flush();
        if (this.attempts > 1) this.showStatus("");
        this.attempts = 0;
      } catch (error) {
        this.checkSession(error);
        socket.close();
      }
    }

    async load() {
      const found = await this.session.messages();
      this.messages = new Map(found.map((message) => [message.id, message]));
      const last = found.at(-1);
      this.awaitsHuman = last?.role === "customer" && last.state === "handed_off";
      if (this.awaitsHuman) this.keep("human", "1");
      this.render();
    }

    // Sends pending messages once the history is loaded; otherwise the history could show them a second time.
    flush() {
      if (this.early) return;
      for (const [ref, { text, rejected }] of this.pending) {
        if (!rejected) this.socket?.send(JSON.stringify({ type: "message", content: text, ref }));
      }
    }

    receive({ type, data }) {
      if (type === "accepted") {
        this.pending.delete(data.ref);
        this.store(data.message);
        if (["queued", "running"].includes(data.message.state)) this.showStatus(translate("Looking for an answer …"));
      } else if (type === "error") {
        this.fail(data);
      } else if (type === "delta") {
        if (data.offset <= (this.live || "").length) this.live = (this.live || "").slice(0, data.offset) + data.text;
      } else if (type === "conversation.handed_off") {
        this.awaitsHuman = true;
        this.keep("human", "1");
      } else if (type === "conversation.resumed" || type === "conversation.closed") {
        this.awaitsHuman = false;
        this.keep("human", null);
      } else if (data.role) {
        this.store(data);
      }
      this.render();
    }

    fail({ ref, code, detail }) {
      const message = this.pending.get(ref);
      if (message && PERMANENT.includes(code)) message.rejected = true;
      else if (message) setTimeout(() => this.connect(), RETRY_MS);
      this.showStatus(message?.rejected
        ? translate("The message was not sent: {detail}", { detail })
        : translate("Not sent yet. Trying again …"));
    }

    store(message) {
      this.messages.set(message.id, message);
      if (message.role === "agent") this.awaitsHuman = false;
      if (message.role !== "customer" || ["queued", "running"].includes(message.state)) return;
      this.live = null;
      if (message.state === "handed_off") this.awaitsHuman = true;
      if (message.reply) this.awaitsHuman = false;
      if (!this.pending.size) this.showStatus("");
    }

    // The entries of the log, in order: [key, version of its content, function that creates its node].
    *entries() {
      yield ["greeting", "", () => this.box("assistant", script.dataset.greeting || translate("Hello! How can we help?"))];
      const messages = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
      const answered = new Map(); // the last message that each reply answers, by the id of the reply
      for (const message of messages) if (message.reply) answered.set(message.reply.id, message);
      const lastAsked = messages.findLast(({ role }) => role === "customer");
      for (const message of messages) {
        const { id, reply } = message;
        if (message.role === "assistant" && answered.has(id)) continue;
        yield [id, message.state, () => this.message(message)];
        if (reply && answered.get(reply.id) === message) {
          const rateable = reply.kind === "answer" && !message.feedback && !this.rated.has(id);
          const open = reply.kind === "clarification" && message === lastAsked && !this.pending.size && !this.awaitsHuman;
          yield [reply.id, `${rateable} ${open}`, () => this.reply(reply, rateable ? id : null, open)];
        }
      }
      if (this.live) yield ["live", this.live, () => this.liveAnswer(this.live)];
      if (this.awaitsHuman) yield ["notice", "", () => this.notice()];
      else if (this.offersHuman && !this.pending.size) yield ["offer", "", () => this.offer()];
      for (const [ref, { text, rejected }] of this.pending) {
        yield [ref, rejected, () => this.box("customer", text, rejected ? translate("Not sent.") : "")];
      }
    }

    render() {
      const before = this.nodes;
      const wasAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
      this.nodes = new Map();
      let index = 0;
      for (const [key, version, create] of this.entries()) {
        const previous = before.get(key);
        const node = previous && previous.version === version ? previous.node : create();
        if (previous && previous.node !== node) previous.node.replaceWith(node);
        this.nodes.set(key, { version, node });
        if (this.log.children[index] !== node) this.log.insertBefore(node, this.log.children[index] || null);
        index += 1;
      }
      while (this.log.children.length > index) this.log.lastChild.remove();
      if (wasAtEnd) this.log.scrollTop = this.log.scrollHeight;
      this.showUnread();
    }

    // Humans' messages that came while the chat was closed are counted on its button and in the title of the page.
    showUnread() {
      const messages = [...this.messages.values()];
      if (!this.panel.hidden) {
        const last = Math.max(this.seen, ...messages.map(({ seq }) => seq));
        if (last > this.seen) this.keep("seen", String(last));
        this.seen = last;
      }
      const unread = messages.filter(({ role, seq }) => role === "agent" && seq > this.seen).length;
      if (unread) {
        this.ownTitle ??= document.title;
        document.title = `(${unread}) ${this.ownTitle}`;
        this.opener.dataset.unread = unread;
        this.opener.setAttribute("aria-label", `${this.name}: ${translate("{count} unread", { count: unread })}`);
      } else if (this.ownTitle !== null) {
        document.title = this.ownTitle;
        this.ownTitle = null;
        delete this.opener.dataset.unread;
        this.opener.removeAttribute("aria-label");
      }
    }

    message(message) {
      const { role, content } = message;
      if (role === "customer") return this.box("customer", content, this.ended[message.state] || "");
      if (role === "agent") return this.box("agent", content, "", message.author || translate("Agent"));
      return this.reply(message, null);
    }

    // `open`: whether the options of a clarification can still be chosen, as buttons.
    reply(reply, ratedId, open = false) {
      const { citations, greeting, signature } = reply;
      const style = reply.citation_style || "numbers";
      const cite = (mark) => this.citation(mark, citations, () => box);
      const box = this.box("assistant", [greeting, this.content(reply, open)].filter(Boolean).join("\n\n"), "", "", cite);
      if (citations.length && style !== "none") {
        box.append(element("ol", { class: "sources", "aria-label": translate("Sources") }, ...this.sources(citations, style)));
      }
      if (open) box.append(this.choices(reply.options));
      if (signature) box.append(...blocks(signature));
      if (ratedId) box.append(this.rating(ratedId));
      return box;
    }

    // The text of a reply: without the numbers of citations where its channel shows none, and without buttons' labels.
    content({ content, citations, citation_style: style, options = [] }, open) {
      const labels = new Set(open ? options.map((option) => `- ${option}`) : []);
      const text = content.split("\n").filter((line) => !labels.has(line)).join("\n");
      if (!style || style === "numbers") return text;
      const numbers = new Set(citations.map(({ number }) => String(number)));
      return text.replace(/ ?\[(\d+)\]/g, (mark, number) => (numbers.has(number) ? "" : mark));
    }

    // The number of a citation as a button that shows what its source says, below the message.
    citation(mark, citations, box) {
      const source = citations.find(({ number }) => mark === `[${number}]`);
      if (!source) return mark;
      const button = element("button", { class: "mark", type: "button", textContent: mark, "aria-expanded": "false" });
      button.addEventListener("click", () => {
        const isOpen = button.getAttribute("aria-expanded") === "true";
        box().querySelector(".quote")?.remove();
        for (const other of box().querySelectorAll(".mark")) other.setAttribute("aria-expanded", "false");
        if (isOpen) return;
        button.setAttribute("aria-expanded", "true");
        const quote = element("blockquote", { class: "quote" }, element("strong", { textContent: source.title }), `\n${source.quote}`);
        button.closest("p, ul, ol, table").after(quote);
      });
      return button;
    }

    choices(options) {
      const group = element("div", { class: "options", role: "group", "aria-label": translate("Choose one, or write your own answer") });
      for (const option of options) {
        const button = element("button", { type: "button", textContent: option });
        button.addEventListener("click", () => {
          this.submit(option);
          this.field.focus(); // the button is gone
        });
        group.append(button);
      }
      return group;
    }

    // One line per document, with the numbers of its citations.
    *sources(citations, style) {
      const documents = new Map();
      for (const citation of citations) {
        const key = `${citation.title} ${(citation.url || "").split("#")[0]}`;
        documents.set(key, [...(documents.get(key) || []), citation]);
      }
      for (const group of documents.values()) {
        const [{ title: name, url }] = group;
        const safe = /^https?:\/\//i.test(url || "");
        const link = safe ? element("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: name }) : name;
        const quotes = group.map(({ number, quote }) => `[${number}] ${quote}`).join("\n");
        const marks = style === "numbers" ? `${group.map(({ number }) => `[${number}]`).join("")} ` : "";
        if (safe || style === "numbers") yield element("li", { title: quotes }, marks, link);
      }
    }

    rating(id) {
      const line = element("div", { class: "rate" }, translate("Did this help?"));
      for (const [label, rating] of [[translate("Yes"), "good"], [translate("No"), "bad"]]) {
        const button = element("button", { type: "button", textContent: label });
        button.addEventListener("click", async () => {
          try {
            await this.session.call("PUT", `/v1/messages/${id}/feedback`, { rating });
            this.rated.add(id);
            this.offersHuman = rating === "bad" && !this.awaitsHuman;
            this.render();
            this.showStatus(rating === "bad" ? "" : translate("Thank you."));
          } catch { /* the buttons stay, so that the visitor can try again */ }
        });
        line.append(button);
      }
      return line;
    }

    // After "No": a human may help.
    offer() {
      const button = element("button", { type: "button", textContent: translate("Talk to a human") });
      button.addEventListener("click", () => {
        this.submit(translate("I want to talk to a human."));
        this.field.focus(); // the button is gone
      });
      return element("div", { class: "message assistant" }, element("p", { textContent: translate("Sorry that this did not help.") }),
        element("div", { class: "options" }, button));
    }

    notice() {
      const text = translate("A member of our team will answer here. You can close this page and come back later.");
      return element("p", { class: "notice", textContent: text });
    }

    // Inert, so that screen readers announce the complete answer and not every delta.
    liveAnswer(text) {
      const box = this.box("assistant", text);
      box.inert = true;
      return box;
    }

    box(role, text, note = "", author = "", cite = undefined) {
      const box = element("div", { class: `message ${role}` });
      if (author) box.append(element("span", { class: "label", textContent: author }));
      box.append(...(role === "customer" ? [element("p", { textContent: text })] : blocks(text, cite)));
      if (note) box.append(element("span", { class: "label", textContent: note }));
      return box;
    }

    showStatus(text) {
      this.status.textContent = text;
    }
  }

  customElements.define("answerback-chat", Chat);
  const load = async () => {
    if (language === "en") return;
    try {
      const response = await fetch(`${server}/widget/texts/${language}.json`);
      if (response.ok) translations = await response.json();
    } catch { /* the texts stay English */ }
  };
  const add = () => load().then(() => document.body.append(document.createElement("answerback-chat")));
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
})();
