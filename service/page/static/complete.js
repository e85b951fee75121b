// Completion of the term under the cursor from the vocabulary, as an ARIA combobox.

const MOST = 8;
const root = document.documentElement.dataset.root ?? "";
const field = document.querySelector("input#q");
if (field) combobox(field, document.querySelector("#completions"), document.querySelector("#said"));

/** The term that the cursor stands in or after: where it starts and ends, its text, whether it is in quotes. */
export function termAt(text, cursor) {
  let start = 0, quoted = false;
  for (let place = 0; place < cursor; place++) {
    const sign = text[place];
    if (quoted && sign === "\\") place++;
    else if (sign === '"') { quoted = !quoted; start = quoted ? place : place + 1; }
    else if (!quoted && isOperator(text, place)) start = place + 1;
  }
  let end = cursor;
  if (quoted) {
    while (end < text.length && text[end] !== '"') end++;
    return { start, end: Math.min(text.length, end + 1), text: text.slice(start + 1, cursor), quoted };
  }
  while (start < cursor && /\s/.test(text[start])) start++;
  while (end < text.length && !/[\s"]/.test(text[end]) && !isOperator(text, end)) end++;
  return { start, end, text: text.slice(start, cursor), quoted };
}

/** Put ``text`` in the place of a part of the field, so that the browser can undo it. */
export function insert(field, text, start, end) {
  field.focus();
  field.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, start, end, "end");
}

function isOperator(text, place) {
  const sign = text[place];
  if (":,?()*<>".includes(sign)) return true;
  const alone = (at) => at < 0 || at >= text.length || /[\s()]/.test(text[at]);
  return "+-−–—".includes(sign) && (alone(place - 1) || alone(place + 1));
}

/** A word as it has to stand in a query to be one term. */
export function asTerm(word) {
  const plain = !/[\s:,?()*+<>"“”„«»×]/.test(word) && !/^[-−–—]|[-−–—]$/.test(word) && !/^(is|as|to)$/i.test(word) && !/^[\d.]+$/.test(word);
  return plain ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;
}

function combobox(field, list, said) {
  let offers = [], active = -1, request = null, waiting = 0;
  // Whether the text has changed since the words that the list shows were asked for.
  let stale = false;
  // While a choice is put into the field, which is no typing; and where the caret was when words were asked for.
  // The list follows the caret from the first key typed until it is put away.
  let taking = false, asked = -1, following = false;
  const known = new Map();
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");

  async function words(prefix, signal) {
    const model = document.querySelector("select[name=model], select[name=models]")?.value ?? "";
    const address = `${root}/api/v1/vocabulary?${new URLSearchParams({ prefix, ...(model && { model }) })}`;
    if (!known.has(address)) {
      const response = await fetch(address, { signal, headers: { Accept: "application/json" } });
      if (!response.ok) return [];
      const found = (await response.json()).words.map(({ word, display }) => display ?? word);
      known.set(address, found);
    }
    return known.get(address);
  }

  async function offer() {
    clearTimeout(waiting);
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    asked = field.selectionStart;
    const term = termAt(field.value, field.selectionStart ?? field.value.length);
    const typed = term.text.trimStart();
    if (!typed.trim()) return close();
    const parts = typed.split(/\s+/).filter(Boolean);
    const last = typed.endsWith(" ") ? "" : parts.at(-1);
    const lastStart = term.start + term.text.length - last.length;
    try {
      const whole = parts.length > 1 ? words(parts.join(field.dataset.joiner) + (last ? "" : field.dataset.joiner), signal) : [];
      const single = last && !(term.quoted && parts.length > 1) ? words(last, signal) : [];
      const joined = (await whole).map((word) => ({ word, start: term.start, end: term.end }));
      const start = parts.length > 1 ? lastStart : term.start;
      const alone = (await single).map((word) => ({ word, start, end: term.end, within: parts.length > 1 }));
      offers = [...joined, ...alone].slice(0, MOST);
    } catch (error) {
      if (error.name !== "AbortError") close();
      return;
    }
    if (signal.aborted || document.activeElement !== field) return;
    show();
  }

  function show() {
    active = -1;
    stale = false;
    list.replaceChildren(...offers.map(({ word }, place) => {
      const item = document.createElement("li");
      item.id = `completion-${place}`;
      item.role = "option";
      item.textContent = word;
      item.setAttribute("aria-selected", "false");
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(place); });
      return item;
    }));
    list.hidden = offers.length === 0;
    if (offers.length) place(offers[0].start);
    field.setAttribute("aria-expanded", String(offers.length > 0));
    field.removeAttribute("aria-activedescendant");
    said.textContent = offers.length ? `${offers.length} completion${offers.length > 1 ? "s" : ""}. Arrow keys choose, Enter takes.` : "No completions.";
  }

  /** The list stands under the term that it completes, as far as there is room. */
  function place(start) {
    const style = getComputedStyle(field);
    const measure = (place.canvas ??= document.createElement("canvas")).getContext("2d");
    measure.font = style.font;
    const across = parseFloat(style.paddingLeft) + measure.measureText(field.value.slice(0, start)).width - field.scrollLeft;
    const room = field.parentElement.clientWidth - list.offsetWidth;
    list.style.left = style.direction === "rtl" ? "" : `${Math.max(-1.5, Math.min(across - 14, room))}px`;
  }

  function close() {
    clearTimeout(waiting);
    request?.abort();
    stale = false;
    offers = [];
    active = -1;
    list.hidden = true;
    said.textContent = "";
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function putAway() {
    following = false;
    close();
  }

  function choose(place) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = place;
    const item = list.children[active];
    if (!item) return field.removeAttribute("aria-activedescendant");
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", item.id);
  }

  function take(place) {
    const { word, start, end, within } = offers[place];
    // A word with operators in it that follows others would need quotes around them all: it stands as it is.
    taking = true;
    insert(field, within ? word : asTerm(word), start, end);
    taking = false;
    putAway();
  }

  field.addEventListener("input", () => { if (taking) return; following = stale = true; clearTimeout(waiting); waiting = setTimeout(offer, 40); });
  field.addEventListener("blur", putAway);
  // Where the caret moves to another place of the text, the words are those of the term that is there.
  document.addEventListener("selectionchange", () => {
    if (document.activeElement !== field || !following || taking || field.selectionStart === asked) return;
    stale = true;
    clearTimeout(waiting);
    waiting = setTimeout(offer, 40);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden && !stale;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) { if (event.key === "ArrowDown") offer().then(() => choose(0)); return; }
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place more than there are words: the field itself.
      choose((active + 1 + step + offers.length + 1) % (offers.length + 1) - 1);
    } else if (event.key === "Enter" && open && active >= 0) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      putAway();
    } else if (event.key === "Enter") {
      putAway();
    }
  });
}
