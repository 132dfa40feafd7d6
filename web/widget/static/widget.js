// The Answerback chat widget: <script src="https://…/widget.js" defer></script> adds it to a page.
//
// data-title, data-greeting   the title of the chat, and its first message
// data-language               the language of the chat's own texts; without it, the `lang` of the page
// data-texts                  URL of a JSON file with texts of your own, by English text
// data-color                  a colour as #rrggbb for buttons and links; darkened or lightened until it is readable
// data-position               `left`: the chat stands at the lower left
// data-logo                   URL of a picture beside the title
// data-theme                  `light` or `dark`; without it, what the visitor's system prefers
// data-session                URL on your own server that identifies the customer and returns {conversation_id, token}
//
// window.Answerback           open(), close(), identify({email}), on(event, listener); events: open, close, message, unread, handoff
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
  const MAX_FILES = 10; // with one message
  const MAX_FILE_BYTES = 10 * 1024 * 1024;
  const PAST_MS = 30 * 86_400_000; // how long an earlier conversation can be opened again
  const RTL = ["ar", "fa", "he", "ur"];
  const RENEW_BEFORE_MS = 3_600_000; // before expiry; or in the last quarter of the lifetime, if that is shorter
  const RETRY_MS = 5000;
  const RECONNECT_MS = 500; // doubles with each attempt, up to a few seconds; up to half a minute in a long outage
  const MAX_RECONNECT_MS = 4_000;
  const LONG_OUTAGE_MS = 30_000;
  const LONG_OUTAGE_ATTEMPTS = 20;

  const STYLE = `
    :host { all: initial; position: fixed; inset-inline-end: 1rem; bottom: 1rem; z-index: 2147483000; color-scheme: light dark;
      --text: light-dark(#1b1f24, #e6e8eb); --ground: light-dark(#fff, #14171a); --raised: light-dark(#f0f3f6, #22282e);
      --line: light-dark(#d0d7de, #3a424a); --accent: light-dark(#0550ae, #79b8ff); --faint: light-dark(#57606a, #9aa4af);
      font: 15px/1.45 system-ui, sans-serif; color: var(--text); }
    :host([data-position="left"]) { right: auto; left: 1rem; }
    :host([data-theme="light"]) { color-scheme: light; }
    :host([data-theme="dark"]) { color-scheme: dark; }
    * { box-sizing: border-box; }
    button { font: inherit; cursor: pointer; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .open[data-unread]::after { content: attr(data-unread); display: inline-block; margin-inline-start: 0.5rem; min-width: 1.4em; padding: 0 0.3em;
      border-radius: 1em; background: light-dark(#a40e26, #ff9aa8); color: var(--ground); text-align: center; }
    .open { background: var(--accent); color: var(--ground); border: 0; border-radius: 2rem; padding: 0.7rem 1.2rem; font-weight: 600; }
    .panel { display: flex; flex-direction: column; width: min(24rem, calc(100vw - 2rem)); height: min(36rem, calc(100vh - 2rem));
      background: var(--ground); border: 1px solid var(--line); border-radius: 0.8rem; overflow: hidden; box-shadow: 0 8px 30px #0004; }
    [hidden] { display: none !important; }
    header { display: flex; align-items: center; gap: 0.5rem; padding: 0.6rem 0.9rem; border-bottom: 1px solid var(--line); }
    h2 { font-size: 1rem; margin: 0; }
    .about { font-size: 0.8rem; color: var(--faint); margin: 0; }
    .mark { background: none; border: 0; padding: 0.1rem 0.15rem; min-width: 24px; min-height: 24px; color: var(--accent); text-decoration: underline; }
    .quote { margin: 0.4rem 0 0; padding-block: 0.2rem; padding-inline-start: 0.6rem; border-inline-start: 3px solid var(--accent); font-size: 0.9rem; white-space: pre-wrap; }
    .message pre { margin: 0.3rem 0 0; overflow-x: auto; font-size: 0.85rem; }
    .message code { font-family: ui-monospace, monospace; font-size: 0.9em; background: #8883; border-radius: 0.2rem; padding: 0 0.2em; }
    .message pre code { background: none; padding: 0; }
    .message .scroll { overflow-x: auto; }
    header img { width: 2rem; height: 2rem; border-radius: 0.4rem; object-fit: cover; }
    header > div { flex: 1; min-width: 0; }
    .icon { background: none; border: 0; border-radius: 0.4rem; color: var(--text); font-size: 1.2rem; line-height: 1; min-width: 2.2rem; min-height: 2.2rem; padding: 0.3rem; }
    .icon svg { width: 1.25rem; height: 1.25rem; vertical-align: middle; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    .icon:hover { background: var(--raised); }
    .menu { border-bottom: 1px solid var(--line); padding: 0.5rem 0.9rem; max-height: 60%; overflow-y: auto; display: flex; flex-direction: column; align-items: stretch; gap: 0.1rem; }
    .menu button, .menu label { display: flex; gap: 0.5rem; align-items: center; background: none; border: 0; border-radius: 0.4rem; color: var(--text); text-align: start; padding: 0.45rem 0.4rem; font: inherit; cursor: pointer; }
    .menu button:hover, .menu label:hover { background: var(--raised); }
    .menu h3 { font-size: 0.8rem; font-weight: 600; color: var(--faint); margin: 0.5rem 0.4rem 0.1rem; }
    .menu .past span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 1; }
    .menu .past time { color: var(--faint); font-size: 0.8rem; }
    .menu input { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--accent); }
    .card { border: 1px solid var(--line); border-radius: 0.8rem; padding: 0.6rem 0.8rem; }
    .card p { margin: 0; }
    .card .row { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.5rem; padding: 0; border: 0; }
    .card input { flex: 1 1 10rem; min-width: 0; font: inherit; font-size: 16px; color: inherit; background: var(--ground); border: 1px solid var(--faint); border-radius: 0.5rem; padding: 0.4rem 0.6rem; }
    .card .row button { padding: 0.4rem 0.9rem; }
    .plain { background: none; border: 0; color: var(--accent); text-decoration: underline; padding: 0.1rem 0.2rem; min-height: 24px; }
    .files { list-style: none; display: flex; flex-wrap: wrap; gap: 0.35rem; margin: 0; padding: 0; font-size: 0.85rem; }
    .files li { display: flex; align-items: center; gap: 0.3rem; border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.1rem 0.5rem; max-width: 100%; min-height: 24px; overflow-wrap: anywhere; }
    .files .plain { text-decoration: none; font-size: 1rem; min-width: 24px; }
    .message .files { margin-top: 0.3rem; }
    .message .files li { border-color: currentcolor; }
    .composer > .files:not(:empty) { padding: 0.5rem 0.6rem 0; }
    .composer { border-top: 1px solid var(--line); }
    .dropping .log { outline: 2px dashed var(--accent); outline-offset: -6px; }
    .log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 0.8rem; display: flex; flex-direction: column; gap: 0.6rem; }
    .message { max-width: 88%; padding: 0.5rem 0.8rem; border-radius: 0.8rem; background: var(--raised); align-self: flex-start; overflow-wrap: anywhere; }
    .message.customer { align-self: flex-end; background: var(--accent); color: var(--ground); }
    .message p { margin: 0; white-space: pre-wrap; }
    .label { font-size: 0.8rem; color: var(--faint); display: block; }
    .message.customer .label { color: inherit; }
    .message p + *, .message ul, .message ol, .message table { margin: 0.3rem 0 0; }
    .message ul, .message ol { padding-inline-start: 1.3rem; }
    .message table { border-collapse: collapse; overflow-wrap: break-word; }
    .message th, .message td { font-weight: inherit; text-align: start; vertical-align: top; padding-block: 0.2rem; padding-inline-end: 0.6rem; border-top: 1px solid var(--line); }
    .message .sources { margin-top: 0.4rem; padding-inline-start: 0; list-style: none; font-size: 0.85rem; }
    a { color: var(--accent); }
    .notice { font-size: 0.9rem; color: var(--faint); border-inline-start: 3px solid var(--accent); padding-inline-start: 0.6rem; margin: 0; }
    .status { min-height: 1.3em; margin: 0; padding: 0 0.9rem 0.2rem; font-size: 0.85rem; color: var(--faint); }
    .rate { margin-top: 0.3rem; font-size: 0.85rem; color: var(--faint); }
    .rate button { background: none; border: 1px solid var(--line); border-radius: 0.4rem; color: inherit; padding: 0.1rem 0.6rem; margin-inline-start: 0.3rem; min-height: 24px; }
    .message ol + p, .message .options + p { margin-top: 0.5rem; }
    .options { display: flex; flex-direction: column; align-items: flex-start; gap: 0.35rem; margin-top: 0.5rem; }
    .options button { background: var(--ground); color: var(--accent); border: 1px solid var(--accent); border-radius: 1rem; padding: 0.3rem 0.8rem; text-align: start; }
    form { display: flex; gap: 0.5rem; padding: 0.6rem; }
    .composer form { align-items: center; }
    textarea { flex: 1; font: inherit; font-size: 16px; color: inherit; background: var(--ground); border: 1px solid var(--faint); border-radius: 0.5rem; padding: 0.4rem 0.6rem; resize: none; height: 3.2rem; }
    form button[type=submit] { background: var(--accent); color: var(--ground); border: 0; border-radius: 0.5rem; padding: 0 1rem; font-weight: 600; }
    .composer button[type=submit] { min-height: 3.2rem; }
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

  // The icon `paperclip` of Feather (MIT licence).
  const paperclip = () => {
    const [icon, line] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    line.setAttribute("d", "M21.44 11.05l-9.19 9.19a6 6 0 0 1-8.49-8.49l9.19-9.19a4 4 0 0 1 5.66 5.66l-9.2 9.19a2 2 0 0 1-2.83-2.83l8.49-8.48");
    for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"]]) icon.setAttribute(name, value);
    icon.append(line);
    return icon;
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

  // A style with a colour of the shop's, mixed with black or white until text in it is readable (WCAG: 4.5 to 1).
  const luminance = (color) => color
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const readable = (color, ground, toward) => {
    for (let share = 0; share <= 1; share += 0.05) {
      const mixed = color.map((part) => Math.round(part + (toward - part) * share));
      const [dark, light] = [luminance(mixed), luminance(ground)].sort((a, b) => a - b);
      if ((light + 0.05) / (dark + 0.05) >= 4.5) return `rgb(${mixed})`;
    }
    return `rgb(${[toward, toward, toward]})`;
  };
  const accent = (given) => {
    const color = given.match(/^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i)?.slice(1).map((part) => parseInt(part, 16));
    if (!color) return "";
    return `:host { --accent: light-dark(${readable(color, [240, 243, 246], 0)}, ${readable(color, [34, 40, 46], 255)}); }`;
  };

  // What the page asked for before the chat was there, and who listens to it.
  const calls = [];
  const listeners = new Map();
  const tell = (event, detail = {}) => {
    for (const listener of listeners.get(event) || []) {
      try {
        listener(detail);
      } catch (error) {
        setTimeout(() => { throw error; }); // the page's own fault, for its console
      }
    }
  };
  window.Answerback = Object.freeze({
    open: () => calls.push(["open"]),
    close: () => calls.push(["close"]),
    identify: (who) => calls.push(["identify", who]),
    on: (event, listener) => {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(listener);
      return () => listeners.get(event).delete(listener);
    },
  });

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

    // One at a time: a message and a file of it must not open a conversation each.
    start() {
      this.starting ??= this.begin().finally(() => { this.starting = null; });
      return this.starting;
    }

    async begin() {
      if (this.data && !this.expiresSoon) return;
      const headers = this.data ? { Authorization: `Bearer ${this.data.token}` } : {};
      const response = await fetch(sessions, { method: "POST", headers });
      if (response.status === 401 && this.data) {
        this.forget();
        await this.begin();
        return;
      }
      if (!response.ok) throw new Error(`the session was refused (${response.status})`);
      const since = this.data?.since || Date.now();
      this.data = { ...(await response.json()), received: Date.now(), since };
      this.started = true;
      this.save();
    }

    save() {
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

    // The visitor's earlier conversations, newest first: [{title, session}].
    get past() {
      try {
        const found = JSON.parse(localStorage.getItem(`${storageKey} past`)) || [];
        return found.filter(({ session }) => Date.now() - (session.since || 0) < PAST_MS);
      } catch {
        return [];
      }
    }

    // Puts the conversation among the earlier ones, and continues one of these, or none: the next message opens one.
    change(title, next = null) {
      const others = this.past.filter(({ session }) => session.conversation_id !== next?.conversation_id);
      const kept = this.data && title ? [{ title, session: this.data }, ...others] : others;
      this.forget();
      try {
        localStorage.setItem(`${storageKey} past`, JSON.stringify(kept.slice(0, 20)));
      } catch { /* storage is disabled */ }
      if (!next) return;
      this.data = next;
      this.started = true;
      this.save();
    }

    async upload(file) {
      const form = new FormData();
      form.append("file", file, file.name);
      const headers = { Authorization: `Bearer ${this.data.token}` };
      const response = await fetch(`${server}/v1/attachments`, { method: "POST", headers, body: form });
      const found = await response.json();
      if (!response.ok) throw new Error(found.errors?.[0]?.detail || found.detail);
      return found;
    }

    // At worst the file stays for a day.
    remove(id) {
      this.call("DELETE", `/widget/conversations/${this.data?.conversation_id}/files/${id}`).catch(() => {});
    }

    // `owner`, `email` that the visitor left, whether mail reaches it, and the files of the conversation.
    state() {
      return this.call("GET", `/widget/conversations/${this.data.conversation_id}`);
    }

    put(name, body) {
      return this.call("PUT", `/widget/conversations/${this.data.conversation_id}/${name}`, body);
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
      this.pending = new Map(this.keptPending); // messages that are not accepted yet, by `ref`: {text, rejected}
      this.nodes = new Map(); // the nodes in the log, by key
      this.rated = new Set();
      this.live = null; // the answer that is being written
      this.awaitsHuman = false; // whether the conversation is handed off and no agent has replied
      this.owner = "bot"; // bot, human or closed
      this.email = null; // that the visitor left
      this.canMail = false;
      this.editsEmail = false;
      this.sendsLater = false; // whether the message waits for its files
      this.files = []; // of the message that is being written: {name, id}, without an id while it is uploaded
      this.names = new Map(); // of the conversation's files, by id
      this.announced = null; // the ids of the replies that the page was told of; null before the history is loaded
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

    // Messages that are not accepted yet outlive a reload of the page; the server takes each `ref` once.
    // With `data-session` they do not: the next customer must not send them.
    keepPending() {
      if (own) return;
      const kept = { id: this.session.data?.conversation_id, messages: [...this.pending].filter(([, { rejected }]) => !rejected) };
      try {
        if (kept.messages.length) sessionStorage.setItem(`${storageKey} pending`, JSON.stringify(kept));
        else sessionStorage.removeItem(`${storageKey} pending`);
      } catch { /* storage is disabled */ }
    }

    get keptPending() {
      try {
        const { id, messages } = JSON.parse(sessionStorage.getItem(`${storageKey} pending`)) || {};
        return own || !messages || (id && id !== this.session.data?.conversation_id) ? [] : messages;
      } catch {
        return [];
      }
    }

    connectedCallback() {
      this.lang = language;
      this.dir = RTL.includes(wanted) || (!script.dataset.language && document.documentElement.dir === "rtl") ? "rtl" : "ltr";
      for (const name of ["position", "theme"]) if (script.dataset[name]) this.dataset[name] = script.dataset[name];
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE + (script.dataset.color ? accent(script.dataset.color) : ""));
      root.adoptedStyleSheets = [sheet];
      this.opener = element("button", { class: "open", type: "button", textContent: this.name, "aria-expanded": "false" });
      this.log = element("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": translate("Conversation"), tabIndex: 0 });
      this.status = element("p", { class: "status", role: "status" });
      this.field = element("textarea", { "aria-label": translate("Your message"), placeholder: translate("Your message"), required: true });
      this.picker = element("input", { type: "file", multiple: true, hidden: true });
      const attach = element("button", { class: "icon", type: "button", "aria-label": translate("Attach files"), title: translate("Attach files") }, paperclip());
      this.chips = element("ul", { class: "files", "aria-label": translate("Files") });
      const form = element("form", {}, attach, this.field, element("button", { type: "submit", textContent: translate("Send") }));
      const composer = element("div", { class: "composer" }, this.chips, form, this.picker);
      const close = element("button", { class: "icon", type: "button", "aria-label": translate("Close the chat"), textContent: "×" });
      this.menuButton = element("button", { class: "icon", type: "button", "aria-label": translate("Menu"), "aria-expanded": "false", textContent: "⋯" });
      this.menu = element("div", { class: "menu", hidden: true });
      const logo = script.dataset.logo ? [element("img", { src: script.dataset.logo, alt: "" })] : [];
      this.panel = element("section", { class: "panel", role: "dialog", "aria-label": this.name, hidden: true },
        element("header", {}, ...logo, element("div", {}, element("h2", { textContent: this.name }),
          element("p", { class: "about", dir: "auto", textContent: translate("An assistant answers; people help when it cannot.") })), this.menuButton, close),
        this.menu, this.log, this.status, composer);
      root.append(this.opener, this.panel);
      this.render();
      if (this.pending.size || (this.session.started && this.stored("human"))) this.connect(); // a reply may have come since
      const again = () => {
        if (this.socket || this.connecting || !this.attempts || document.hidden) return;
        clearTimeout(this.timer);
        this.connect();
      };
      window.addEventListener("online", again);
      document.addEventListener("visibilitychange", again);
      document.addEventListener("visibilitychange", () => this.showUnread());
      this.opener.addEventListener("click", () => this.open());
      close.addEventListener("click", () => this.close());
      this.panel.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !this.menu.hidden) this.toggleMenu(false);
        else if (event.key === "Escape") this.close();
        else if (event.key === "Tab" && matchMedia("(max-width: 30rem)").matches) this.stayInside(event);
      });
      this.menuButton.addEventListener("click", () => this.toggleMenu(this.menu.hidden));
      attach.addEventListener("click", () => this.picker.click());
      this.picker.addEventListener("change", () => {
        this.attach([...this.picker.files]);
        this.picker.value = "";
      });
      this.field.addEventListener("paste", (event) => {
        if (!event.clipboardData.files.length) return;
        event.preventDefault();
        this.attach([...event.clipboardData.files]);
      });
      for (const type of ["dragover", "dragleave", "drop"]) {
        this.panel.addEventListener(type, (event) => {
          if (!event.dataTransfer?.types.includes("Files")) return;
          event.preventDefault();
          this.panel.classList.toggle("dropping", type === "dragover");
          if (type === "drop") this.attach([...event.dataTransfer.files]);
        });
      }
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
        this.sendsLater = this.files.some(({ id }) => !id); // once they are uploaded
        if (this.sendsLater) return;
        const files = this.files;
        if ((!text && !files.length) || over > 0) return;
        this.field.value = "";
        this.files = [];
        this.showFiles();
        this.submit(text || files.map(({ name }) => name).join(", "), files.map(({ id }) => id));
      });
      for (const [action, given] of calls.splice(0)) this.do(action, given);
      calls.push = (...all) => all.forEach(([action, given]) => this.do(action, given));
    }

    // What the page asks for with `window.Answerback`.
    do(action, given) {
      if (action === "open" && this.panel.hidden) this.open();
      else if (action === "close" && !this.panel.hidden) this.close();
      else if (action === "identify" && given?.email) {
        this.identified = given.email;
        this.leaveIdentified();
      }
    }

    // The address that the page knows, once the conversation is loaded; the one that the visitor chose stays.
    leaveIdentified() {
      if (this.identified && this.canMail && !this.email) this.leave(this.identified).catch(() => {});
    }

    // On a phone the chat covers the page, so the focus must not leave it.
    stayInside(event) {
      const all = [...this.panel.querySelectorAll("button, textarea, input, a[href], [tabindex='0']")].filter((node) => node.offsetParent);
      const edge = event.shiftKey ? all[0] : all.at(-1);
      if (this.shadowRoot.activeElement !== edge) return;
      event.preventDefault();
      (event.shiftKey ? all.at(-1) : all[0]).focus();
    }

    // A message that waits for its files is not sent without one of them: the visitor sees why it is missing.
    async attach(files) {
      const problems = [];
      const refuse = (problem) => {
        problems.push(problem);
        this.sendsLater = false;
      };
      for (const file of files) {
        if (this.files.length >= MAX_FILES) {
          refuse(translate("At most {count} files fit in one message.", { count: MAX_FILES }));
          break;
        }
        if (file.size > MAX_FILE_BYTES) {
          refuse(translate("{name} is larger than {count} MB.", { name: file.name, count: MAX_FILE_BYTES >> 20 }));
          continue;
        }
        const entry = { name: file.name, id: null };
        this.files.push(entry);
        this.showFiles();
        this.showStatus(translate("Uploading {name} …", { name: file.name }));
        try {
          await this.session.start();
          entry.id = (await this.session.upload(file)).id;
          this.names.set(entry.id, entry.name);
          if (!this.files.includes(entry)) this.session.remove(entry.id); // taken out in the meantime
        } catch (error) {
          if (this.files.includes(entry)) refuse(translate("{name} was not added: {detail}", { name: file.name, detail: error.message }));
          this.files = this.files.filter((other) => other !== entry);
        }
        this.showFiles();
      }
      this.showStatus(problems.join(" "));
      if (this.sendsLater) this.field.form.requestSubmit();
      this.field.focus();
    }

    showFiles() {
      this.chips.replaceChildren(...this.files.map((file) => {
        const button = element("button", { class: "plain", type: "button", textContent: "×", "aria-label": translate("Remove {name}", { name: file.name }) });
        button.addEventListener("click", () => {
          this.files = this.files.filter((other) => other !== file);
          if (file.id) this.session.remove(file.id);
          this.showFiles();
          this.field.focus();
        });
        return element("li", {}, `${file.name}${file.id ? "" : " …"}`, button);
      }));
      this.field.required = !this.files.length;
    }

    toggleMenu(open) {
      this.menu.hidden = !open;
      this.menuButton.setAttribute("aria-expanded", String(open));
      if (!open) return this.menuButton.focus();
      const item = (text, act) => {
        const button = element("button", { type: "button", textContent: text });
        button.addEventListener("click", () => {
          this.toggleMenu(false);
          act();
        });
        return button;
      };
      const sound = element("input", { type: "checkbox", checked: Boolean(this.stored("sound")) });
      sound.addEventListener("change", () => {
        this.keep("sound", sound.checked ? "1" : null);
        if (sound.checked) this.ring(); // which also asks the browser for leave
      });
      const said = [...this.messages.values()].some(({ role }) => role === "customer");
      const past = own ? [] : this.session.past;
      this.menu.replaceChildren(
        ...(said && !own ? [item(translate("New conversation"), () => this.change())] : []),
        ...(said ? [item(translate("Save the conversation"), () => this.download())] : []),
        element("label", {}, sound, translate("Sound when an answer comes")),
        ...(past.length ? [element("h3", { textContent: translate("Earlier conversations") })] : []),
        ...past.map(({ title, session }) => {
          const at = new Date(session.since);
          const button = item("", () => this.change(session));
          button.className = "past";
          button.append(element("span", { textContent: title, dir: "auto" }), element("time", { dateTime: at.toISOString(), textContent: at.toLocaleDateString(language) }));
          return button;
        }),
      );
      this.menu.querySelector("button, input").focus();
    }

    change(next = null) {
      const first = [...this.messages.values()].find(({ role }) => role === "customer");
      this.session.change(first?.content.slice(0, 80), next);
      const socket = this.socket;
      this.socket = null; // so that its end is no lost connection
      socket?.close();
      clearTimeout(this.timer);
      this.reset();
      this.pending.clear();
      this.keepPending();
      this.files = [];
      this.showFiles();
      this.showStatus("");
      this.render();
      this.field.focus();
      if (next) this.connect();
    }

    // Forgets what was shown of a conversation.
    reset() {
      this.messages.clear();
      this.seen = 0;
      this.keep("seen", null);
      this.keep("human", null);
      Object.assign(this, { live: null, awaitsHuman: false, offersHuman: false, owner: "bot", email: null, canMail: false, announced: null });
    }

    download() {
      const lines = [...this.messages.values()].sort((a, b) => a.seq - b.seq).map((message) => {
        const who = { customer: translate("You"), agent: message.author || translate("Agent") }[message.role] || this.name;
        return `${new Date(message.created_at).toLocaleString(language)} ${who}\n${message.content}`;
      });
      const href = URL.createObjectURL(new Blob([lines.join("\n\n")], { type: "text/plain" }));
      element("a", { href, download: `${this.name}.txt` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 10_000);
    }

    ring() {
      const audio = this.audio ??= new AudioContext();
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      tone.frequency.value = 660;
      volume.gain.setValueAtTime(0.08, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.3);
    }

    async leave(email) {
      await this.session.put("contact", { email });
      this.email = email;
      this.editsEmail = false;
      this.render();
    }

    open() {
      this.panel.hidden = false;
      this.opener.hidden = true;
      this.opener.setAttribute("aria-expanded", "true");
      this.field.focus();
      this.render();
      this.log.scrollTop = this.log.scrollHeight;
      if (this.session.started) this.connect();
      tell("open");
    }

    close() {
      this.panel.hidden = true;
      this.opener.hidden = false;
      this.opener.setAttribute("aria-expanded", "false");
      this.opener.focus();
      tell("close");
    }

    submit(text, attachments = []) {
      const ref = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
      this.pending.set(ref, { text, attachments });
      this.keepPending();
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
      this.reset();
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
      const [found, state] = await Promise.all([this.session.messages(), this.session.state()]);
      this.owner = state.owner;
      this.email = state.email;
      this.canMail = state.can_mail;
      for (const { id, name } of state.files) this.names.set(id, name);
      this.leaveIdentified();
      this.messages = new Map(found.map((message) => [message.id, message]));
      const last = found.at(-1);
      this.awaitsHuman = last?.role === "customer" && last.state === "handed_off";
      if (this.awaitsHuman) this.keep("human", "1");
      this.render();
    }

    // Sends pending messages once the history is loaded; otherwise the history could show them a second time.
    flush() {
      if (this.early) return;
      for (const [ref, { text, attachments, rejected }] of this.pending) {
        if (!rejected) this.socket?.send(JSON.stringify({ type: "message", content: text, ref, attachments }));
      }
    }

    receive({ type, data }) {
      if (type === "accepted") {
        this.pending.delete(data.ref);
        this.keepPending();
        if (this.owner === "closed") this.owner = "bot";
        this.store(data.message);
        if (["queued", "running"].includes(data.message.state)) this.showStatus(translate("Looking for an answer …"));
      } else if (type === "error") {
        this.fail(data);
      } else if (type === "delta") {
        if (data.offset <= (this.live || "").length) this.live = (this.live || "").slice(0, data.offset) + data.text;
      } else if (type === "conversation.handed_off") {
        this.awaitsHuman = true;
        this.owner = "human";
        this.keep("human", "1");
        tell("handoff");
      } else if (type === "conversation.resumed" || type === "conversation.closed") {
        this.awaitsHuman = false;
        this.owner = type === "conversation.closed" ? "closed" : "bot";
        this.keep("human", null);
      } else if (data.role) {
        this.store(data);
      }
      this.render();
    }

    fail({ ref, code, detail }) {
      const message = this.pending.get(ref);
      if (message && PERMANENT.includes(code)) {
        message.rejected = true;
        this.keepPending();
      }
      else if (message) setTimeout(() => this.connect(), RETRY_MS);
      this.showStatus(message?.rejected
        ? translate("The message was not sent: {detail}", { detail })
        : translate("Not sent yet. Trying again …"));
    }

    store(message) {
      this.messages.set(message.id, message);
      if (message.role === "agent") {
        this.awaitsHuman = false;
        this.owner = "human";
      }
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
          const ends = this.owner === "closed" && message === lastAsked; // it is asked for below
          const rateable = reply.kind === "answer" && !message.feedback && !this.rated.has(id) && !ends;
          const open = reply.kind === "clarification" && message === lastAsked && !this.pending.size && !this.awaitsHuman;
          yield [reply.id, `${rateable} ${open}`, () => this.reply(reply, rateable ? id : null, open)];
        }
      }
      if (this.live) yield ["live", this.live, () => this.liveAnswer(this.live)];
      if (this.awaitsHuman) yield ["notice", "", () => this.notice()];
      else if (this.offersHuman && !this.pending.size) yield ["offer", "", () => this.offer()];
      if (this.owner === "human" && this.canMail) {
        const asks = !this.email || this.editsEmail;
        yield ["contact", `${asks} ${this.email}`, () => (asks ? this.askEmail() : this.showEmail())];
      }
      if (this.owner === "closed" && lastAsked && !this.pending.size) {
        const asks = !lastAsked.feedback && !this.rated.has(lastAsked.id);
        yield ["end", `${lastAsked.id} ${asks}`, () => this.end(lastAsked.id, asks)];
      }
      for (const [ref, { text, attachments, rejected }] of this.pending) {
        yield [ref, rejected, () => this.question(text, attachments, rejected ? translate("Not sent.") : "")];
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
      this.announce(messages);
      if (!this.panel.hidden && !document.hidden) {
        const last = Math.max(this.seen, ...messages.map(({ seq }) => seq));
        if (last > this.seen) {
          this.keep("seen", String(last));
          if (this.email) this.session.put("seen", { seq: last }).catch(() => {}); // at worst it comes by mail as well
        }
        this.seen = last;
      }
      const unread = messages.filter(({ role, seq }) => role === "agent" && seq > this.seen).length;
      if (unread !== this.unread) tell("unread", { count: unread });
      this.unread = unread;
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

    // Tells the page of replies that came since the history was loaded, and rings.
    announce(messages) {
      const all = messages.flatMap((message) => (message.role === "customer" ? message.reply || [] : message));
      const replies = [...new Map(all.map((reply) => [reply.id, reply])).values()]; // an answer is there as a message, too
      const came = replies.filter(({ id }) => !this.announced?.has(id));
      if (this.announced) {
        for (const { role, author, content } of came) tell("message", { role: role || "assistant", author, text: content });
        if (came.length && this.stored("sound")) this.ring();
      }
      if (messages.length) this.announced = new Set(replies.map(({ id }) => id));
    }

    message(message) {
      const { role, content } = message;
      if (role === "customer") return this.question(content, message.attachments, this.ended[message.state] || "");
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

    rating(id, question = translate("Did this help?")) {
      const line = element("div", { class: "rate" }, question);
      for (const [label, rating] of [[translate("Yes"), "good"], [translate("No"), "bad"]]) {
        const button = element("button", { type: "button", textContent: label });
        button.addEventListener("click", async () => {
          try {
            await this.session.call("PUT", `/v1/messages/${id}/feedback`, { rating });
            this.rated.add(id);
            this.offersHuman = rating === "bad" && this.owner === "bot";
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

    question(text, attachments, note) {
      const names = attachments.map((id) => this.names.get(id) || translate("File"));
      const box = this.box("customer", names.length && text === names.join(", ") ? "" : text, note);
      if (names.length) {
        box.append(element("ul", { class: "files", "aria-label": translate("Files") }, ...names.map((name) => element("li", { textContent: name }))));
      }
      return box;
    }

    // At a handoff: the answer may come when the visitor has gone.
    askEmail() {
      const field = element("input", { type: "email", required: true, autocomplete: "email", maxLength: 254, placeholder: translate("E-mail address"), "aria-label": translate("E-mail address"), value: this.email || "" });
      const form = element("form", { class: "row" }, field, element("button", { type: "submit", textContent: translate("Save") }));
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        try {
          await this.leave(field.value.trim());
          this.showStatus("");
          this.field.focus(); // the form is gone
        } catch {
          this.showStatus(translate("The address was not saved. Please check it and try again."));
          field.focus();
        }
      });
      return element("div", { class: "card" },
        element("p", { textContent: translate("Are you leaving? With your e-mail address the answer reaches you anyway.") }), form);
    }

    showEmail() {
      const button = element("button", { class: "plain", type: "button", textContent: translate("Change") });
      button.addEventListener("click", () => {
        this.editsEmail = true;
        this.render();
        this.log.querySelector(".card input").focus();
      });
      const text = translate("If you leave, the answer goes to {email}.", { email: this.email });
      return element("div", { class: "card" }, element("p", {}, `${text} `, button));
    }

    // A conversation that a human closed: whether it helped, and what was lacking.
    end(id, asks) {
      const card = element("div", { class: "card" }, element("p", { textContent: translate("This conversation has ended. Write again whenever you like.") }));
      if (asks) card.append(this.rating(id, translate("Did we help you?")));
      return card;
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
      const box = element("div", { class: `message ${role}`, dir: "auto" });
      if (author) box.append(element("span", { class: "label", textContent: author }));
      if (text) box.append(...(role === "customer" ? [element("p", { textContent: text })] : blocks(text, cite)));
      if (note) box.append(element("span", { class: "label", textContent: note }));
      return box;
    }

    showStatus(text) {
      this.status.textContent = text;
    }
  }

  customElements.define("answerback-chat", Chat);
  const load = async () => {
    const sources = [language !== "en" && `${server}/widget/texts/${language}.json`, script.dataset.texts];
    for (const source of sources.filter(Boolean)) {
      try {
        const response = await fetch(source);
        if (response.ok) translations = { ...translations, ...(await response.json()) };
      } catch { /* the texts stay as they are */ }
    }
  };
  const add = () => load().then(() => document.body.append(document.createElement("answerback-chat")));
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
})();
