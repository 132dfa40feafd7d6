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
  window.addEventListener("pagehide", () => events.close());
})();
