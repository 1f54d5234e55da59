// A page that walks through steps: what such pages share. Each of them has its own `go`, which shows a step, and its own `visit`,
// which goes to a step that concerns some nodes.

const { nodes, order, steps, forward, sentences, ...further } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const say = (key, fields) => sentences[key].replace(/\{(\w+)\}/g, (whole, name) => fields[name]);
const DASH = "—";
let now = 0;

// Numbers are printed with the minus sign, and copied as a program reads them

const printed = (number) => number.replaceAll("-", "−");
addEventListener("copy", (event) => {
  const { value, selectionStart: start, selectionEnd: end } = event.target;
  const text = typeof start === "number" ? value.slice(start, end) : String(getSelection());
  if (!text.includes("−")) return;
  event.clipboardData.setData("text/plain", text.replaceAll("−", "-"));
  event.preventDefault();
});

// When a node has its value, and its whole grad

function timeNodes() {
  for (const node of nodes) Object.assign(node, { computed: 0, written: Infinity });
  steps.forEach((step, k) => {
    const node = nodes[step.node];
    if (k < forward) node.computed = k;
    if (step.written) node.written = Math.min(node.written, k);
  });
}
timeNodes();

function timePart(part) {
  part.computed = Math.max(...part.indices.map((k) => nodes[k].computed));
  part.written = Math.max(...part.indices.map((k) => nodes[k].written).filter(Number.isFinite)); // a plain number has no grad
}

const concerning = (picked) => steps.flatMap((step, k) => (picked.has(step.node) || picked.has(step.by) ? [k] : []));

// A row of the table for each node, with cells for numbers

function create(kind, text, parent, more = {}) {
  const element = document.createElement(kind);
  element.textContent = text;
  for (const [name, value] of Object.entries(more)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

function table(caption, titles) {
  const whole = create("table", "", $("table"));
  create("caption", say(caption), whole);
  const head = whole.createTHead().insertRow(), body = whole.createTBody();
  for (const title of ["node", ...titles]) create("th", say(title), head).scope = "col";
  for (const k of order) {
    const node = nodes[k];
    node.row = body.insertRow();
    const name = create("th", "", node.row);
    name.scope = "row";
    const button = create("button", node.name, name);
    button.title = say("to-steps");
    button.addEventListener("click", () => visit([k], node.row));
    node.cells = titles.map(() => node.row.insertCell());
  }
}

function within(pane, element) { // scrolls the pane, not the page
  const inner = pane.getBoundingClientRect(), own = element.getBoundingClientRect();
  if (own.top < inner.top + 50 || own.bottom > inner.bottom) pane.scrollTop += own.top - inner.top - inner.height / 2;
}

// The parts of a picture, by the element of their nodes: one node, or several that are collapsed. prefix: of the ids of elements

function partsOf(svg, prefix = "") {
  svg.setAttribute("role", "group");
  svg.querySelector("desc").textContent = "";
  const parts = new Map();
  nodes.forEach((node, k) => {
    const part = parts.get(node.element) ?? { element: $(prefix + node.element), indices: [] };
    part.indices.push(k);
    parts.set(node.element, part);
  });
  for (const part of parts.values()) {
    const { element, indices } = part;
    timePart(part);
    part.box = element.querySelector(".box:last-of-type");
    part.lines = [...element.querySelectorAll("text.data, text.grad")].map((line) => {
      const text = line.textContent, start = text.replace(/\S*$/, "");
      return { line, text, start, grad: line.classList.contains("grad") };
    });
    for (const line of element.querySelectorAll("text")) line.after(" "); // for readers aloud
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "button");
    element.addEventListener("click", () => visit(indices, element));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      visit(indices, element);
    });
  }
  return parts;
}

function scaleWithin(box, svg, least, most) {
  const { width, height } = svg.viewBox.baseVal;
  return Math.max(least, Math.min(most, (box.clientWidth - 2) / width, (box.clientHeight - 4) / height));
}

function setScale(svg, scale) {
  const { width, height } = svg.viewBox.baseVal;
  Object.assign(svg.style, { width: `${width * scale}px`, height: `${height * scale}px`, maxWidth: "none" });
}

// Scrolls a box until all elements are seen, or if they are too many, the first
function reveal(box, elements, margin, behavior) {
  const inner = box.getBoundingClientRect();
  const rects = elements.map((element) => element.getBoundingClientRect());
  let [left, right] = [Math.min(...rects.map((r) => r.left)), Math.max(...rects.map((r) => r.right))];
  let [top, bottom] = [Math.min(...rects.map((r) => r.top)), Math.max(...rects.map((r) => r.bottom))];
  if (right - left > inner.width || bottom - top > inner.height) ({ left, right, top, bottom } = rects[0]);
  const away = (low, high, from, to) => (low < from + margin || high > to - margin ? (low + high - from - to) / 2 : 0);
  const x = away(left, right, inner.left, inner.right), y = away(top, bottom, inner.top, inner.bottom);
  if (x || y) box.scrollBy({ left: x, top: y, behavior });
}

// Where one is, and how one goes on

function showPlace(isEnd = now === steps.length - 1) {
  $("where").textContent = say(now < forward ? "where-forward" : "where-backward", { number: now + 1, count: steps.length });
  $("slider").value = now + 1;
  $("slider").setAttribute("aria-valuetext", $("where").textContent);
  $("first").disabled = $("back").disabled = now === 0;
  $("last").disabled = $("forward").disabled = isEnd;
}

const arrows = { ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last", PageUp: "back", PageDown: "forward" };

// moves: by the ids of their buttons. more: further keys. isMeant: whether a key is for the page, and not for what has the focus
function listen(moves, more, isMeant = () => true) {
  const names = { ...arrows, p: "back", n: "forward", b: "turn", ...more };
  $("slider").max = steps.length;
  for (const [id, move] of Object.entries(moves)) $(id).addEventListener("click", move);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !isMeant(event)) return;
    const name = names[event.key] ?? names[event.key.toLowerCase()];
    if (!name) return;
    moves[name]();
    event.preventDefault();
  });
}

// parts: what the address says besides the step
function setAddress(...parts) {
  try {
    history.replaceState(null, "", `#${[now + 1, ...parts].join("&")}`);
  } catch {} // within a frame of a notebook
}
