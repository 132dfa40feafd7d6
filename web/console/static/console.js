// Live updates of a conversation: shows the answer while it is written, and refreshes the messages after each event.
(() => {
  const conversation = document.getElementById("conversation");
  if (!conversation) return;
  let answer = "";
  const events = new EventSource(conversation.dataset.events);
  const page = document.documentElement;
  const isAtEnd = () => page.scrollHeight - window.scrollY - window.innerHeight < 120;
  const toEnd = () => window.scrollTo(0, page.scrollHeight);
  if (!window.location.hash) toEnd(); // the newest message comes last
  let wasAtEnd = true;
  conversation.addEventListener("htmx:beforeSwap", () => { wasAtEnd = isAtEnd(); });
  conversation.addEventListener("htmx:afterSwap", () => {
    if (!wasAtEnd) return;
    toEnd();
    // What the customer or the bot wrote has been seen, so a reply answers it; a colleague's reply is worth a warning.
    const seen = document.querySelector("input[name=seen_seq]");
    const { newest, agent } = conversation.querySelector("[data-newest]").dataset;
    if (seen && Number(agent) <= Number(seen.value)) seen.value = newest;
  });
  const refresh = () => {
    answer = "";
    window.htmx.trigger(conversation, "changed");
  };
  events.addEventListener("delta", (event) => {
    const delta = JSON.parse(event.data);
    if (delta.offset > answer.length) return; // a delta is missing; the outcome will include the whole answer
    answer = answer.slice(0, delta.offset) + delta.text;
    const live = document.getElementById("live");
    const follows = isAtEnd();
    live.textContent = answer;
    live.hidden = false;
    if (follows) toEnd();
  });
  for (const type of ["queued", "running", "answered", "handed_off", "cancelled", "failed", "replied",
    "conversation.handed_off", "conversation.resumed", "conversation.closed"]) {
    events.addEventListener(type, refresh);
  }
  // Show what changed between the rendering of the page and the start of the stream.
  events.addEventListener("open", () => window.htmx.trigger(conversation, "changed"));
  window.addEventListener("pagehide", () => events.close());
})();

// A refreshed part is replaced only if it differs; open details and the focus are kept.
(() => {
  let open = [];
  let focused = null;
  const selector = (element) => {
    if (element.id) return `#${CSS.escape(element.id)}`;
    if (element.matches("summary") && element.parentElement.id) return `#${CSS.escape(element.parentElement.id)} > summary`;
    return element.matches("a[href]") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
  };
  const normalized = (element) => {
    for (const details of element.querySelectorAll("details[open]")) details.removeAttribute("open");
    return element.innerHTML.trim();
  };
  const expired = () => document.getElementById("session-expired");
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    const fresh = document.createElement("div");
    fresh.innerHTML = xhr.responseText;
    if (normalized(fresh) === normalized(target.cloneNode(true))) {
      event.detail.shouldSwap = false;
      return;
    }
    open = [...target.querySelectorAll("details[open][id]")].map((details) => details.id);
    focused = target.contains(document.activeElement) ? selector(document.activeElement) : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) event.detail.target.querySelector(focused)?.focus({ preventScroll: true });
    const fresh = event.detail.target.querySelector("input[name=csrf]");
    if (!fresh) return;
    expired().hidden = true; // the user has logged in again in another tab: forms get the new token
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = fresh.value;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const loggedIn = event.detail.xhr.status === 200 && !expired().hidden;
    if (loggedIn && !document.querySelector("textarea")) window.location.reload(); // no text can be lost
  });
  document.addEventListener("loggedOut", () => {
    expired().hidden = false;
  });
})();

// Ask before actions that cannot be undone, and prevent double submission.
(() => {
  const buttons = (form) => [...form.elements].filter((element) => element.type === "submit");
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
    if (event.defaultPrevented || event.target.method !== "post") return;
    setTimeout(() => buttons(event.target).forEach((button) => { button.disabled = true; })); // after the submission
  });
  window.addEventListener("pageshow", (event) => { // restored by the Back button
    if (!event.persisted) return;
    for (const form of document.forms) buttons(form).forEach((button) => { button.disabled = false; });
  });
})();

// Upload files one after the other, each with its progress. Without this script, the form uploads one file.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const field = form.querySelector("input[type=file]");
  const list = document.getElementById("uploads");
  const send = (file) => new Promise((done) => {
    const item = document.createElement("li");
    const bar = document.createElement("progress");
    const label = document.createElement("span");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    label.textContent = ` ${file.name}`;
    item.append(bar, label);
    list.append(item);
    const data = new FormData();
    data.append("csrf", form.elements.csrf.value);
    data.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      bar.remove();
      let error = "upload failed";
      try {
        error = JSON.parse(request.responseText).detail || error;
      } catch { /* the response is not JSON, for example that of a proxy */ }
      item.className = request.status === 202 ? "ok" : "error";
      label.textContent = request.status === 202 ? `${file.name} uploaded.` : `${file.name}: ${error}`;
      done();
    });
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(data);
  });
  const sendAll = async (files) => {
    for (const file of files) await send(file);
    form.reset();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendAll([...field.files]);
  });
  for (const [type, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      form.classList.toggle("over", over);
      if (type === "drop") sendAll([...event.dataTransfer.files]);
    });
  }
})();

// Remember the name of the agent in this browser.
(() => {
  const author = document.getElementById("author");
  if (!author) return;
  try {
    author.value ||= localStorage.getItem("answerback author") || "";
    author.addEventListener("input", () => localStorage.setItem("answerback author", author.value));
  } catch { /* storage is disabled */ }
})();

// Keep what is being written in this browser until it is sent, and forget it on logging out.
(() => {
  const PREFIX = "answerback draft ";
  try {
    const form = document.querySelector("form[data-draft]");
    if (form) {
      const field = form.elements.content;
      const key = PREFIX + form.dataset.draft;
      const keep = () => (field.value ? localStorage.setItem(key, field.value) : localStorage.removeItem(key));
      const url = new URL(window.location);
      if (url.searchParams.has("sent")) {
        localStorage.removeItem(key);
        url.searchParams.delete("sent");
        history.replaceState(null, "", url);
      }
      field.value ||= localStorage.getItem(key) || "";
      keep();
      field.addEventListener("input", keep);
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      });
    }
    document.querySelector("header form")?.addEventListener("submit", () => {
      Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => localStorage.removeItem(key));
    });
  } catch { /* storage is disabled */ }
})();

// Copy a link or a secret that is shown once.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // only pages that came encrypted, or from this machine, may copy
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
})();

// The list beside a conversation is refreshed while it can be seen.
(() => {
  const others = document.getElementById("others");
  if (!others) return;
  setInterval(() => {
    if (!document.hidden && others.offsetParent) window.htmx.trigger(others, "look");
  }, 10_000);
})();

// Single keys, shown by "?". They can be switched off, since speech input types letters.
(() => {
  const OFF = "answerback keys off";
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  const stored = () => { try { return localStorage.getItem(OFF); } catch { return null; } };
  const off = dialog.querySelector("input");
  off.checked = !stored();
  off.addEventListener("change", () => {
    try { off.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"); } catch { /* storage is disabled */ }
  });
  const links = () => [...document.querySelectorAll(".others li a, .list tbody a")].filter((link) => link.offsetParent);
  const go = (step) => {
    const all = links();
    const at = all.findIndex((link) => link.matches("[aria-current]") || link === document.activeElement);
    const next = all[at < 0 ? 0 : at + step];
    if (!next) return;
    if (next.closest(".others")) window.location.assign(next.href);
    else next.focus();
  };
  const button = (action) => document.querySelector(`#conversation .actions form[action$="/${action}"] button`);
  const SEARCH = "#q";
  const inbox = () => document.querySelector("header nav a");
  const search = () => {
    const field = document.querySelector("input[type=search]");
    if (field) field.focus();
    else if (inbox()) window.location.assign(inbox().href + SEARCH);
  };
  if (window.location.hash === SEARCH) document.querySelector(`input[type=search]${SEARCH}`)?.focus(); // see search
  const actions = {
    j: () => go(1),
    k: () => go(-1),
    r: () => document.getElementById("content")?.focus(),
    t: () => button("handoff")?.click(),
    b: () => button("resume")?.click(),
    e: () => button("close")?.focus(), // a slip must not close a conversation: Enter does
    i: () => inbox()?.click(),
    "/": search,
    "?": () => dialog.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "content") event.target.blur();
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key !== "?" && stored()) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
