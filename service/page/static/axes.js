// Reading numbers off the picture of axes: a cross follows the pointer while it is dragged, or hovers with a mouse.

const said = document.querySelector(".read-said");
const NS = "http://www.w3.org/2000/svg";

for (const picture of document.querySelectorAll(".read-off svg[data-x]")) {
  const scale = (name) => picture.dataset[name]?.split(" ").map(Number);
  const [x, y] = [scale("x"), scale("y")];
  const names = [...document.querySelectorAll(".numbers thead th")].slice(1).map((cell) => cell.textContent);
  const dots = [...picture.querySelectorAll("a > circle")].map((circle) => ({
    left: circle.cx.baseVal.value, top: circle.cy.baseVal.value, word: circle.parentNode.getAttribute("aria-label"),
  }));
  const lines = [0, 1].map(() => {
    const line = document.createElementNS(NS, "line");
    line.setAttribute("class", "tp-cross");
    line.setAttribute("visibility", "hidden");
    line.setAttribute("pointer-events", "none");
    picture.append(line);
    return line;
  });
  const { width, height } = picture.viewBox.baseVal;
  const value = ([low, high, start, end], at) => low + ((at - start) / (end - start)) * (high - low);
  const shown = (number) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(2)}`;

  function read(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const left = Math.min(Math.max(point.x, 0), width), top = Math.min(Math.max(point.y, 0), height);
    const draw = (line, x1, y1, x2, y2) => Object.entries({ x1, y1, x2, y2, visibility: "visible" }).forEach(([name, to]) => line.setAttribute(name, to));
    draw(lines[0], left, 0, left, height);
    if (y) draw(lines[1], 0, top, width, top);
    const numbers = [[names[0], value(x, left)], ...(y ? [[names[1], value(y, top)]] : [])];
    const near = dots.reduce((best, dot) => {
      const far = Math.hypot(dot.left - left, dot.top - top);
      return far < best.far ? { far, word: dot.word } : best;
    }, { far: 40, word: "" });
    said.textContent = numbers.map(([name, number]) => `${name} ${shown(number)}`).join(", ") + (near.word ? ` · near: ${near.word}` : "");
  }

  picture.addEventListener("pointerdown", (event) => { if (!event.target.closest("a")) { picture.setPointerCapture(event.pointerId); read(event); } });
  picture.addEventListener("pointermove", (event) => { if (event.buttons || event.pointerType === "mouse") read(event); });
  picture.addEventListener("pointerleave", () => lines.forEach((line) => line.setAttribute("visibility", "hidden")));
}
