// What the page does on top of HTML: short addresses, this browser's history, copies, pictures as PNG.

const KEPT = "thisplusthat-history", MOST = 30;
const field = document.querySelector("input#q");

// ---- Addresses do not say what is usual anyway

document.querySelector("form[data-shareable]")?.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value || (name === "k" && value === "10")) formData.delete(name);
});

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
    return Array.isArray(kept) ? kept.filter((entry) => typeof entry?.query === "string" && /^\/(search|word)\b/.test(entry?.address)) : [];
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

// ---- "Use in query" puts the word where the cursor was

for (const link of document.querySelectorAll("[data-use]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const joint = /(^|[-+−*:,(]|<>)\s*$/.test(field.value) ? "" : " + ";
    field.value = field.value.trimEnd() + (joint || (field.value ? " " : "")) + link.dataset.use;
    field.focus();
    field.scrollIntoView({ block: "center" });
  });
}

// ---- The picture as PNG

const png = document.querySelector("[data-png]");
if (png) {
  png.hidden = false;
  png.addEventListener("click", async () => {
    const drawn = await (await fetch(png.dataset.png)).text();
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "thisplusthat.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }, "image/png");
  });
}
