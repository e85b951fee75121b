// What the page does on top of HTML: short addresses, this browser's history, copies, pictures as PNG.

import { insert } from "./complete.js";

const root = document.documentElement.dataset.root ?? "";
const KEPT = "thisplusthat-history", MOST = 30;
const field = document.querySelector("input#q");

// ---- Addresses do not say what is usual anyway

document.querySelector("form[data-shareable]")?.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value || (name === "k" && value === "10")) formData.delete(name);
});

// ---- Going back: the text, the caret and the options are as they were left

const form = document.querySelector("form.ask");
const inputs = form ? [...form.elements].filter(({ name, type }) => name && type !== "submit") : [];
addEventListener("pagehide", () => {
  if (!form) return;
  const values = inputs.map((input) => (input.type === "checkbox" ? input.checked : input.value));
  const kept = { values, start: field?.selectionStart, end: field?.selectionEnd, open: form.querySelector("details")?.open, focused: document.activeElement === field };
  try { window.history.replaceState({ ...window.history.state, kept }, ""); } catch { /* too many a minute: as it is */ }
});
const kept = window.history.state?.kept;
if (form && kept?.values?.length === inputs.length && performance.getEntriesByType("navigation")[0]?.type !== "navigate") {
  inputs.forEach((input, place) => { if (input.type === "checkbox") input.checked = kept.values[place]; else input.value = kept.values[place]; });
  const options = form.querySelector("details");
  if (options && kept.open) options.open = true;
  if (field && kept.start != null) {
    if (kept.focused) field.focus({ preventScroll: true });
    field.setSelectionRange(kept.start, kept.end);
  }
}

// ---- An error's column: the cursor goes there

const fault = document.querySelector("[data-column]");
if (fault && field) {
  const place = Array.from(field.value).slice(0, Number(fault.dataset.column) - 1).join("").length;
  field.focus();
  field.setSelectionRange(place, place);
}

// ---- History

function history() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((entry) => typeof entry?.query === "string" && entry?.address?.startsWith(`${root}/search`)) : [];
  } catch { return []; }
}

function keep(entries) {
  try { localStorage.setItem(KEPT, JSON.stringify(entries)); } catch { /* no storage: no history */ }
}

const section = document.querySelector(".history");
if (document.body.classList.contains("answer") && field) {
  const entry = { query: field.value, address: location.pathname + location.search };
  keep([entry, ...history().filter(({ address }) => address !== entry.address)].slice(0, MOST));
}
if (section) {
  const show = () => {
    const entries = history();
    section.querySelector("ul").replaceChildren(...entries.map(({ query, address }) => {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = address;
      link.textContent = query;
      link.dir = "auto";
      item.append(link);
      return item;
    }));
    section.hidden = entries.length === 0;
  };
  section.querySelector("[data-clear-history]").addEventListener("click", () => { keep([]); show(); field?.focus(); });
  show();
}

// ---- Copies

const said = document.querySelector(".copied");
async function copy(text, what) {
  const blob = Promise.resolve(text).then((content) => new Blob([content], { type: "text/plain" }));
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
  said.textContent = `${what} copied`;
}
if (navigator.clipboard?.write) {
  for (const link of document.querySelectorAll("[data-copy], [data-copy-address]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const text = "copy" in link.dataset ? fetch(link.href).then((response) => response.text()) : link.href;
      copy(text, link.textContent).catch(() => { location.href = link.href; });
    });
  }
}

// ---- "Use in query": the query that goes on with the word; where the text was changed meanwhile, the word at the caret

const was = field?.defaultValue;
for (const link of document.querySelectorAll("[data-use]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (field.value === was) {
      insert(field, link.dataset.query, 0, field.value.length);
    } else {
      const start = field.selectionStart ?? field.value.length, before = field.value.slice(0, start).trimEnd();
      const joint = before === "" || /([+\-−*:,(]|<>)$/.test(before) ? "" : " +";
      insert(field, `${joint}${before ? " " : ""}${link.dataset.use}`, before.length, field.selectionEnd ?? start);
    }
    field.scrollIntoView({ block: "center" });
  });
}

// ---- The picture as PNG: drawn here, in this browser's fonts

for (const png of document.querySelectorAll("[data-png]")) {
  png.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const drawn = await (await fetch(png.dataset.png)).text();
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn)}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth * 2;
      canvas.height = image.naturalHeight * 2;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
      link.download = "thisplusthat.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch { location.href = png.href; }
  });
}
