// Live updates of a conversation: pieces of the answer as they come, and the page's part anew when anything has happened.
(() => {
  const talk = document.getElementById("talk");
  if (!talk) return;
  let said = "";
  const events = new EventSource(talk.dataset.events);
  const refresh = () => {
    said = "";
    window.htmx.trigger(talk, "changed");
  };
  events.addEventListener("delta", (event) => {
    const piece = JSON.parse(event.data);
    if (piece.offset > said.length) return; // something was missed: the outcome tells it all
    said = said.slice(0, piece.offset) + piece.text;
    const live = document.getElementById("live");
    live.textContent = said;
    live.hidden = false;
  });
  for (const type of ["queued", "running", "answered", "handed_off", "cancelled", "failed", "replied",
    "conversation.handed_off", "conversation.resumed", "conversation.closed"]) {
    events.addEventListener(type, refresh);
  }
  // What happened since the page was made, and before anybody listened.
  events.addEventListener("open", () => window.htmx.trigger(talk, "changed"));
  window.addEventListener("pagehide", () => events.close());
})();

// A part that is looked at again is put in only when it differs; what was open in it stays open, and where one was one stays.
(() => {
  let open = [];
  let focused = null;
  const place = (element) => {
    if (element.id) return `#${CSS.escape(element.id)}`;
    if (element.matches("summary") && element.parentElement.id) return `#${CSS.escape(element.parentElement.id)} > summary`;
    return element.matches("a[href]") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
  };
  const plain = (element) => {
    for (const one of element.querySelectorAll("details[open]")) one.removeAttribute("open");
    return element.innerHTML.trim();
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    const fresh = document.createElement("div");
    fresh.innerHTML = xhr.responseText;
    if (plain(fresh) === plain(target.cloneNode(true))) {
      event.detail.shouldSwap = false;
      return;
    }
    open = [...target.querySelectorAll("details[open][id]")].map((one) => one.id);
    focused = target.contains(document.activeElement) ? place(document.activeElement) : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) event.detail.target.querySelector(focused)?.focus({ preventScroll: true });
    const fresh = event.detail.target.querySelector("input[name=csrf]");
    if (!fresh) return;
    document.getElementById("gone").hidden = true; // somebody logged in again, in another tab: forms go on from here
    for (const one of document.querySelectorAll("input[name=csrf]")) one.value = fresh.value;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const again = event.detail.xhr.status === 200 && !document.getElementById("gone").hidden;
    if (again && !document.querySelector("textarea")) window.location.reload(); // nothing is being written here
  });
  document.addEventListener("loggedOut", () => {
    document.getElementById("gone").hidden = false;
  });
})();

// What cannot be undone is asked about first, and nothing is sent twice by pressing twice.
(() => {
  const buttons = (form) => [...form.elements].filter((one) => one.type === "submit");
  document.addEventListener("submit", (event) => {
    const sure = event.target.dataset.sure;
    if (sure && !window.confirm(sure)) event.preventDefault();
    if (event.defaultPrevented || event.target.method !== "post") return;
    setTimeout(() => buttons(event.target).forEach((one) => { one.disabled = true; })); // once it is on its way
  });
  window.addEventListener("pageshow", (event) => { // by the way back
    if (event.persisted) for (const form of document.forms) buttons(form).forEach((one) => { one.disabled = false; });
  });
})();

// Files are sent one after the other, each with its progress; without this script the form sends one.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const field = form.querySelector("input[type=file]");
  const list = document.getElementById("uploads");
  const send = (file) => new Promise((done) => {
    const line = document.createElement("li");
    const bar = document.createElement("progress");
    const told = document.createElement("span");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    told.textContent = ` ${file.name}`;
    line.append(bar, told);
    list.append(line);
    const data = new FormData();
    data.append("csrf", form.elements.csrf.value);
    data.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      bar.remove();
      let why = "it could not be sent";
      try {
        why = JSON.parse(request.responseText).detail || why;
      } catch { /* not an answer of ours */ }
      line.className = request.status === 202 ? "well" : "error";
      told.textContent = request.status === 202 ? `${file.name} was received.` : `${file.name}: ${why}`;
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

// Who replies is remembered in this browser.
(() => {
  const author = document.getElementById("author");
  if (!author) return;
  try {
    author.value ||= localStorage.getItem("answerback author") || "";
    author.form.addEventListener("submit", () => localStorage.setItem("answerback author", author.value));
  } catch { /* this browser keeps nothing */ }
})();
