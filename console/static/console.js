// What the pages do in the browser in addition to htmx. Everything also works without it, if less conveniently.
"use strict";

// "/" moves the focus to the search box, except while typing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.querySelector("[data-search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// While Japanese is being composed, the content of a field is not final: the search waits until the composition ends.
document.addEventListener("input", (event) => {
  if (event.isComposing) event.stopImmediatePropagation();
}, true);
document.addEventListener("compositionend", (event) => {
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
});

// A form is sent once. The server would recognise a second one by its token, but the user would wait for its response.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  (event.submitter ?? form.querySelector("button"))?.classList.add("sending");
});
addEventListener("pageshow", () => {
  sending = null;
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  document.querySelectorAll(".sending").forEach((button) => button.classList.remove("sending"));
});

// What was typed is not lost by leaving the page or by switching its language: the browser asks first. A form that the
// server has shown again is unsaved although nobody has touched it since.
const main = document.getElementById("main");
const changed = (field) => {
  if (field.type === "hidden" || field.type === "password" || field.disabled) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (field.tagName === "SELECT") {
    const initial = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(initial, 0);
  }
  return "defaultValue" in field && field.value !== field.defaultValue;
};
let sending = null; // the form that is being sent
const unsaved = () => [...main.querySelectorAll("form[method=post]")].some((form) => form !== sending && [...form.elements].some(changed));
document.addEventListener("submit", (event) => { sending = event.target; });
addEventListener("beforeunload", (event) => {
  const shownAgain = "unsaved" in main.dataset && !(sending && sending.method === "post" && main.contains(sending));
  if (!shownAgain && !unsaved()) return;
  event.preventDefault();
  event.returnValue = main.dataset.leave;
});

// Old rows must not pass for the answer to a new search: if it fails, or what comes back is not from this server, a sentence
// stands in their place. A list that refreshes itself goes on asking.
const stale = (target) => {
  const words = document.createElement("div");
  words.className = "alert alert-danger";
  words.setAttribute("role", "alert");
  words.textContent = main.dataset.stale;
  target.replaceChildren(words);
};
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
  document.addEventListener(name, (event) => stale(event.detail.target));
}
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.getResponseHeader("X-Request-Id")) return;
  event.detail.shouldSwap = false;
  stale(event.detail.target);
});

// Asks before actions that cannot be undone.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button && !confirm(button.dataset.confirm)) event.preventDefault();
});

// Copies a text, such as a secret or a command. Without HTTPS browsers have no clipboard API: then the text is selected and
// copied in the old way.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source);
    if (!document.execCommand("copy")) return;
  }
  const label = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = label; }, 2000);
});

// The summary of what is wrong with a form is read first. Browsers may give the focus to something else on a page that they
// restore.
document.getElementById("problems")?.focus();

// The navigation is wider than a phone: it shows where one is.
const showHere = () => {
  const here = document.querySelector(".bar-nav [aria-current]");
  const bar = here?.closest(".bar-nav");
  if (!bar) return;
  const [left, right] = [here.getBoundingClientRect().left, here.getBoundingClientRect().right];
  const room = bar.getBoundingClientRect();
  if (left < room.left || right > room.right) bar.scrollLeft += (left + right - room.left - room.right) / 2;
};
showHere();
addEventListener("resize", showHere);

// A file that the server would refuse is told before it is sent.
const sizeOf = (field) => {
  const large = [...field.files].some((file) => file.size > Number(field.dataset.most));
  const told = document.getElementById(`${field.id}-large`);
  field.setCustomValidity(large ? field.dataset.tooLarge : "");
  field.classList.toggle("is-invalid", large);
  told?.remove();
  if (!large) return;
  const words = document.createElement("div");
  words.id = `${field.id}-large`;
  words.className = "invalid-feedback";
  words.setAttribute("role", "alert");
  words.textContent = field.dataset.tooLarge;
  field.after(words);
};
document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file][data-most]")) sizeOf(event.target);
});

// A file can be dropped anywhere on an upload form.
document.querySelectorAll("form[data-drop]").forEach((form) => {
  const field = form.querySelector("input[type=file]");
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("dropping");
  });
  form.addEventListener("dragleave", () => form.classList.remove("dropping"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    sizeOf(field);
    form.requestSubmit();
  });
});

// A large upload shows that it goes on.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const file = form.querySelector("input[type=file]")?.files[0];
  if (event.defaultPrevented || form.enctype !== "multipart/form-data" || !file || file.size < 1 << 20) return;
  const bar = document.createElement("progress");
  bar.className = "upload";
  bar.setAttribute("aria-label", form.querySelector("button").textContent);
  form.append(bar);
});
addEventListener("pageshow", () => document.querySelectorAll("progress.upload").forEach((bar) => bar.remove()));
