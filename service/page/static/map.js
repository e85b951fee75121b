// The map of words on a canvas: d3 for zooming, panning and for the word under the pointer.

import { quadtree, select, zoom, zoomIdentity } from "./vendor/d3-map.js";

const canvas = document.querySelector("canvas.map"), frame = canvas.parentElement;
const hover = document.querySelector(".map-hover"), find = document.querySelector("#find"), found = document.querySelector("#found");
const context = canvas.getContext("2d");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const root = document.documentElement.dataset.root ?? "";
const hint = document.querySelector(".map-hint");
const MOST_LABELS = 160, NEAR = 14;

const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const source = await (await fetch(canvas.dataset.source)).json();
const places = new Int16Array(bytes(source.coordinates).buffer), groups = bytes(source.clusters), words = source.words;
const count = words.length;
// Words as people write them: "United States" for united_states.
const written = words.map((word) => source.display?.[word] ?? word);
const rowOf = new Map(words.map((word, row) => [word, row]));

let focused = false, middleRow = -1;
let width = 0, height = 0, scale = 1, stretch = 1, rise = 1, view = zoomIdentity, marked = [], pending = 0, pointed = -1, colours;
const x = (row) => width / 2 + (places[2 * row] / 32767) * scale * stretch;
const y = (row) => height / 2 - (places[2 * row + 1] / 32767) * scale * rise;

// The wheel and one finger are the page's own: to zoom takes Ctrl or two fingers, and nobody is caught on the map.
const zooming = zoom().scaleExtent([1, 60])
  .filter((event) => (event.type === "wheel" ? event.ctrlKey || event.metaKey : event.type.startsWith("touch") ? event.touches.length > 1 : !event.button))
  .on("zoom", ({ transform }) => { view = transform; draw(); remember(); });
const chart = select(canvas).call(zooming);
let tree;

function measure() {
  const ratio = devicePixelRatio || 1;
  ({ width, height } = canvas.getBoundingClientRect());
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  scale = Math.min(width, height) / 2 - 12;
  // Neither axis of such a map means anything: the frame may be filled.
  stretch = Math.min(1.7, Math.max(1, (width / 2 - 40) / scale));
  rise = Math.min(1.7, Math.max(1, (height / 2 - 20) / scale));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  zooming.extent([[0, 0], [width, height]]).translateExtent([[-width / 2, -height / 2], [width * 1.5, height * 1.5]]);
  tree = quadtree(words.keys(), x, y);
  draw();
}

function paint() {
  const style = getComputedStyle(canvas), dark = luminance(style.color) > 0.5;
  const number = Math.max(...groups) + 1;
  // Hues a golden angle apart, so that neighbouring numbers differ most.
  colours = Array.from({ length: number }, (_, group) => `hsl(${(group * 137.5) % 360} ${dark ? "45% 62%" : "50% 42%"})`);
  colours.ink = style.color;
  colours.font = getComputedStyle(find).fontFamily;
  colours.ground = getComputedStyle(frame).backgroundColor;
  colours.accent = getComputedStyle(document.querySelector(".plus")).color;
  draw();
}

function luminance(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return (0.3 * red + 0.59 * green + 0.11 * blue) / 255;
}

function draw() {
  pending ||= requestAnimationFrame(() => { pending = 0; render(); });
}

function render() {
  if (!colours || !width) return;
  context.clearRect(0, 0, width, height);
  const size = Math.min(4.5, (count > 8000 ? 1.5 : 2) + Math.log2(view.k) * 0.6);
  context.globalAlpha = marked.length ? 0.25 : 0.7;
  let group = -1;
  for (const row of byGroup) {
    const left = view.applyX(x(row)), top = view.applyY(y(row));
    if (left < 0 || top < 0 || left > width || top > height) continue;
    if (groups[row] !== group) context.fillStyle = colours[(group = groups[row])];
    context.fillRect(left - size / 2, top - size / 2, size, size);
  }
  context.globalAlpha = 1;
  labels();
}

// Where the name of each region stands: at the middle of its words.
const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const regions = source.cluster_words.map((name, group) => {
  const rows = [...words.keys()].filter((row) => groups[row] === group);
  return rows.length ? { name: source.display?.[name] ?? name, group, size: rows.length, at: [0, 1].map((axis) => middle(rows.map((row) => places[2 * row + axis]))) } : null;
}).filter(Boolean).sort((a, b) => b.size - a.size);

const named = new Set(source.cluster_words);
// The first words of a frequency list are "the" and "against": they say little of what lies where, and come last.
const byWorth = [...words.keys()].filter((row) => words[row].length > 2 && !named.has(words[row]));
byWorth.push(...byWorth.splice(0, count > 1000 ? 200 : 0));
const byGroup = [...words.keys()].sort((a, b) => groups[a] - groups[b]);

/** Labels of marked words, then of the most frequent ones that are in view, wherever there is room. */
function labels() {
  const taken = [];
  let shown = 0;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.textBaseline = "middle";
  const write = (row, isMarked) => {
    const left = view.applyX(x(row)), top = view.applyY(y(row));
    if (left < 0 || top < 0 || left > width || top > height) return;
    context.font = isMarked ? `600 15px ${colours.font}` : `13px ${colours.font}`;
    const wide = context.measureText(written[row]).width + 8;
    const start = left + 5 + wide > width ? left - 5 - wide : left + 5; // at the right edge, the label is on the left
    const box = [start, top - 9, start + wide, top + 9];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return;
    taken.push(box);
    shown++;
    context.fillStyle = isMarked ? colours.accent : colours.ink;
    if (isMarked) { context.beginPath(); context.arc(left, top, 4.5, 0, 7); context.fill(); }
    context.strokeStyle = colours.ground;
    context.strokeText(written[row], start + 2, top);
    context.fillText(written[row], start + 2, top);
  };
  for (const row of marked.slice(0, 60)) write(row, true);
  if (focused) cross();
  // Far out the regions have the word; the closer, the more words have labels.
  if (view.k < 5) for (const { name, group, at } of regions) {
    const left = view.applyX(width / 2 + (at[0] / 32767) * scale * stretch), top = view.applyY(height / 2 - (at[1] / 32767) * scale * rise);
    if (left < 0 || top < 0 || left > width || top > height) continue;
    context.font = `700 ${view.k < 2.2 ? 19 : 16}px ${colours.font}`;
    const half = context.measureText(name).width / 2 + 5;
    const start = Math.min(Math.max(left, half), width - half), box = [start - half, top - 13, start + half, top + 13];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    context.strokeStyle = colours.ground;
    context.lineWidth = 5;
    context.strokeText(name, start - half + 5, top);
    context.fillStyle = colours[group];
    context.fillText(name, start - half + 5, top);
    context.lineWidth = 3;
  }
  const most = Math.min(MOST_LABELS, Math.round(36 + 45 * Math.log2(view.k)));
  for (const row of byWorth) if (shown < most) write(row, false); else break;
}

function nearest(event) {
  const [left, top] = view.invert([event.offsetX, event.offsetY]);
  return tree?.find(left, top, NEAR / view.k) ?? -1;
}

const address = (word) => {
  const model = new URL(location.href).searchParams.get("model");
  return `${root}/word?${new URLSearchParams({ w: word, ...(model && { model }) })}`;
};

canvas.addEventListener("pointermove", (event) => {
  pointed = nearest(event);
  hover.hidden = pointed < 0;
  canvas.style.cursor = pointed < 0 ? "" : "pointer";
  if (pointed < 0) return;
  hover.textContent = written[pointed];
  hover.style.transform = `translate(${Math.min(event.offsetX + 14, width - hover.offsetWidth - 6)}px, ${Math.max(event.offsetY - 30, 4)}px)`;
});
canvas.addEventListener("pointerleave", () => { hover.hidden = true; });
canvas.addEventListener("click", (event) => {
  const row = nearest(event);
  if (row >= 0) location.href = address(words[row]);
});

/** The word in the middle of the view has a cross while the keyboard moves the map. */
function cross() {
  const [left, top] = view.invert([width / 2, height / 2]);
  middleRow = tree?.find(left, top, 90 / view.k) ?? -1;
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(width / 2 - 9, height / 2); context.lineTo(width / 2 + 9, height / 2);
  context.moveTo(width / 2, height / 2 - 9); context.lineTo(width / 2, height / 2 + 9);
  context.stroke();
  context.lineWidth = 3;
}
canvas.addEventListener("focus", () => { focused = canvas.matches(":focus-visible"); draw(); });
canvas.addEventListener("blur", () => { focused = false; draw(); });
const KEYS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS[event.key]) {
    const [across, down] = KEYS[event.key].map((step) => (step * 60) / view.k);
    chart.call(zooming.translateBy, across, down);
  } else if (event.key === "+" || event.key === "=") chart.call(zooming.scaleBy, 1.4);
  else if (event.key === "-") chart.call(zooming.scaleBy, 1 / 1.4);
  else if (event.key === "0" || event.key === "Home") chart.call(zooming.transform, zoomIdentity);
  else if (event.key === "Enter") { if (middleRow >= 0) location.href = address(words[middleRow]); return; }
  else return;
  event.preventDefault();
  focused = true;
  cross();
  found.textContent = middleRow >= 0 ? `In the middle: ${written[middleRow]}` : "";
  draw();
});

// A wheel that is turned without Ctrl scrolls the page, and says how to zoom.
let hinting = 0;
canvas.addEventListener("wheel", (event) => {
  if (event.ctrlKey || event.metaKey || !hint) return;
  hint.hidden = false;
  clearTimeout(hinting);
  hinting = setTimeout(() => { hint.hidden = true; }, 1200);
}, { passive: true });

// The address keeps the view: where in the map the middle is, from -1 to 1, and how many times it is enlarged.
let keeping = 0;
function remember() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    const [left, top] = view.invert([width / 2, height / 2]), to = new URL(location.href);
    const seen = [(left - width / 2) / (scale * stretch), (height / 2 - top) / (scale * rise), view.k].map((value) => Number(value.toFixed(3)));
    if (view.k <= 1.001) to.searchParams.delete("view"); else to.searchParams.set("view", seen.join(","));
    if (find.value.trim()) to.searchParams.set("word", find.value.trim()); else to.searchParams.delete("word");
    try { history.replaceState(history.state, "", to); } catch { /* too many a minute */ }
  }, 250);
}
function recall() {
  const [across, up, k] = (new URL(location.href).searchParams.get("view") ?? "").split(",").map(Number);
  if (![across, up, k].every(Number.isFinite) || !(k > 1)) return false;
  const left = width / 2 + across * scale * stretch, top = height / 2 - up * scale * rise, closer = Math.min(k, 60);
  chart.call(zooming.transform, zoomIdentity.translate(width / 2 - closer * left, height / 2 - closer * top).scale(closer));
  return true;
}

const moved = () => (calm.matches ? chart : chart.transition().duration(450));

function search(go) {
  const wanted = find.value.trim().toLowerCase(), joined = wanted.replaceAll(" ", "_");
  const begins = (row) => words[row].toLowerCase().startsWith(joined) || written[row].toLowerCase().startsWith(wanted);
  marked = wanted ? [...words.keys()].filter(begins) : [];
  const exact = rowOf.get(find.value.trim()) ?? rowOf.get(joined) ?? marked.find((row) => written[row].toLowerCase() === wanted);
  if (exact !== undefined) marked = [exact, ...marked.filter((row) => row !== exact)];
  found.textContent = wanted ? `${marked.length.toLocaleString("en")} word${marked.length === 1 ? "" : "s"} found` : "";
  if (go && marked.length) {
    const k = Math.max(view.k, 10), row = marked[0];
    moved().call(zooming.transform, zoomIdentity.translate(width / 2 - k * x(row), height / 2 - k * y(row)).scale(k));
  }
  draw();
}
find.addEventListener("input", () => search(false));
find.form.addEventListener("submit", (event) => { event.preventDefault(); search(true); remember(); });
for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => moved().call(zooming.scaleBy, Number(button.dataset.zoom)));
document.querySelector("[data-reset]").addEventListener("click", () => moved().call(zooming.transform, zoomIdentity));

new ResizeObserver(measure).observe(canvas);
new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
measure();
paint();
const recalled = recall();
if (find.value) search(!recalled);
canvas.dataset.drawn = count;
