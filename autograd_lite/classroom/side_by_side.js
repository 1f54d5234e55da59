"use strict";
const { nodes, order, steps, forward, difference, sentences } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const sides = [...document.querySelectorAll(".pass")].map((section, k) => ({
  section,
  formulas: section.querySelector(".formulas"),
  box: section.querySelector(".picture"),
  svg: section.querySelector("svg.autograd-lite"),
  prefix: k ? "other-" : "",
}));
const DASH = "—";
let now = 0;

const say = (key, fields) => sentences[key].replace(/\{(\w+)\}/g, (whole, name) => fields[name]);

function create(kind, text, parent) {
  const element = document.createElement(kind);
  element.textContent = text;
  parent.append(element);
  return element;
}

// When a node has its value, and its grad

for (const node of nodes) Object.assign(node, { computed: 0, written: Infinity });
steps.forEach((step, k) => {
  const node = nodes[step.node];
  if (k < forward) node.computed = k;
  if (step.written) node.written = Math.min(node.written, k);
});

// The table: a row for each node, with both grads

function visit(picked) {
  const found = steps.flatMap((step, k) => (picked.includes(step.node) || picked.includes(step.by) ? [k] : []));
  go(found.find((k) => k > now) ?? found[0]);
}

function table() {
  const whole = create("table", "", $("table"));
  create("caption", say("side-table"), whole);
  const head = whole.createTHead().insertRow(), body = whole.createTBody();
  for (const title of ["node", "right-grad", "wrong-grad"]) create("th", say(title), head).scope = "col";
  for (const k of order) {
    const node = nodes[k];
    node.row = body.insertRow();
    const name = create("th", "", node.row);
    name.scope = "row";
    const button = create("button", node.name, name);
    button.title = say("to-steps");
    button.addEventListener("click", () => visit([k]));
    node.cells = [0, 1].map(() => node.row.insertCell());
  }
}

function showRow(node, active) {
  const whole = now >= node.written;
  node.cells.forEach((cell, side) => (cell.textContent = whole ? node.grads[side] : DASH));
  node.cells[1].classList.toggle("wrong", whole && node.differs > 0);
  node.row.classList.toggle("fault", whole && node.differs > 1);
  if (active && !node.row.classList.contains("active")) within($("table"), node.row);
  node.row.classList.toggle("active", active);
}

function within(pane, element) { // scrolls the pane, not the page
  const inner = pane.getBoundingClientRect(), own = element.getBoundingClientRect();
  if (own.top < inner.top + 50 || own.bottom > inner.bottom) pane.scrollTop += own.top - inner.top - inner.height / 2;
}

// The pictures: in each an element for one node or a collapsed part

function picture({ svg, prefix, box }) {
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
    const own = indices.filter((k) => nodes[k].grads.length);
    part.computed = Math.max(...indices.map((k) => nodes[k].computed));
    part.written = own.length ? Math.max(...own.map((k) => nodes[k].written)) : Infinity;
    part.differs = Math.max(0, ...own.map((k) => nodes[k].differs));
    part.shape = element.querySelector(".box:last-of-type");
    part.tint = part.shape?.getAttribute("class");
    element.querySelector("title").remove(); // it has the grad, and would be the name that is read aloud
    part.lines = [...element.querySelectorAll("text.data, text.grad")].map((line) => {
      return { line, text: line.textContent, grad: line.classList.contains("grad") };
    });
    for (const line of element.querySelectorAll("text")) line.after(" "); // for readers aloud
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "button");
    element.addEventListener("click", () => visit(indices));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      visit(indices);
    });
  }
  for (const line of svg.querySelectorAll(".cluster .title")) line.textContent = line.textContent.replace(/ · ‖.*$/, "");
  const { width, height } = svg.viewBox.baseVal;
  const fit = () => {
    const scale = Math.max(0.85, Math.min(2, (box.clientWidth - 2) / width, (box.clientHeight - 4) / height));
    Object.assign(svg.style, { width: `${width * scale}px`, height: `${height * scale}px`, maxWidth: "none" });
  };
  new ResizeObserver(fit).observe(box);
  fit();
  return [...parts.values()];
}

function showPart({ element, computed, written, differs, shape, tint, lines }, wrong) {
  const whole = now >= written;
  element.classList.remove("active");
  element.classList.toggle("todo", now < computed);
  element.classList.toggle("written", whole);
  element.classList.toggle("wrong", wrong && whole && differs > 0);
  element.classList.toggle("fault", wrong && whole && differs > 1);
  if (shape && !tint.includes("part")) shape.setAttribute("class", whole ? tint : "box none");
  for (const { line, text, grad } of lines) {
    line.textContent = now >= (grad ? written : computed) ? text : text.replace(/ \S*$/, ` ${DASH}`);
  }
}

function reveal({ box, svg }, focus) {
  const inner = box.getBoundingClientRect();
  const bounds = (elements) => {
    const rects = elements.map((element) => element.getBoundingClientRect());
    return [
      [Math.min(...rects.map((r) => r.left)), Math.max(...rects.map((r) => r.right))],
      [Math.min(...rects.map((r) => r.top)), Math.max(...rects.map((r) => r.bottom))],
    ];
  };
  const fits = ([[left, right], [top, bottom]]) => right - left < inner.width && bottom - top < inner.height;
  const all = bounds([...svg.querySelectorAll(".node.active")]);
  const [[left, right], [top, bottom]] = fits(all) ? all : bounds([focus]);
  if (left < inner.left || right > inner.right) box.scrollLeft += (left + right - inner.left - inner.right) / 2;
  if (top < inner.top || bottom > inner.bottom) box.scrollTop += (top + bottom - inner.top - inner.bottom) / 2;
}

// Showing a step, and going to one

function show() {
  const step = steps[now], back = now >= forward;
  $("words").textContent = step.words;
  $("where").textContent = say(back ? "where-backward" : "where-forward", { number: now + 1, count: steps.length });
  $("slider").value = now + 1;
  $("slider").setAttribute("aria-valuetext", $("where").textContent);
  $("first").disabled = $("back").disabled = now === 0;
  $("last").disabled = $("forward").disabled = now === steps.length - 1;
  $("difference").disabled = difference < 0;
  for (const k of order) showRow(nodes[k], k === step.node);
  sides.forEach((side, k) => {
    side.formulas.innerHTML = step.formulas[k];
    if (k) side.formulas.prepend(...(step.told ?? []).map((text) => create("p", text, side.formulas)));
    side.section.classList.toggle("differs", k === 1 && step.differs === true);
    if (!side.svg) return;
    for (const part of side.parts) showPart(part, k === 1);
    for (const edge of side.svg.querySelectorAll(".edge.active")) edge.classList.remove("active", "back");
    const active = [step.by, step.node].filter((at) => at >= 0).map((at) => nodes[at].element);
    for (const id of active) $(side.prefix + id).classList.add("active");
    for (const id of step.edges ?? []) $(side.prefix + id).classList.add("active", ...(back ? ["back"] : []));
    reveal(side, $(side.prefix + nodes[step.node].element));
  });
}

function go(k) {
  now = Math.max(0, Math.min(steps.length - 1, k));
  show();
  try {
    history.replaceState(null, "", `#${now + 1}`);
  } catch {} // within a frame of a notebook
}

const moves = {
  first: () => go(0),
  back: () => go(now - 1),
  forward: () => go(now + 1),
  last: () => go(steps.length - 1),
  turn: () => go(forward),
  difference: () => difference < 0 || go(difference),
};
for (const [id, move] of Object.entries(moves)) $(id).addEventListener("click", move);
$("slider").addEventListener("input", () => go(Number($("slider").value) - 1));
const keys = { ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last", PageUp: "back", PageDown: "forward" };
const letters = { p: "back", n: "forward", b: "turn", d: "difference" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const name = keys[event.key] ?? letters[event.key.toLowerCase()];
  if (!name) return;
  moves[name]();
  event.preventDefault();
});
const fromAddress = () => Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? 0) - 1;
addEventListener("hashchange", () => fromAddress() >= 0 && fromAddress() !== now && go(fromAddress()));
addEventListener("beforeprint", () => go(steps.length - 1));

// What is seen of one picture is seen of the other

if (sides.every((side) => side.svg)) {
  for (const side of sides) side.parts = picture(side);
  sides.forEach(({ box }, k) => {
    const other = sides[1 - k].box;
    box.addEventListener("scroll", () => {
      other.scrollLeft = box.scrollLeft;
      other.scrollTop = box.scrollTop;
    });
  });
} else for (const side of sides) side.svg = null;
$("slider").max = steps.length;
table();
go(fromAddress() >= 0 ? fromAddress() : Math.max(difference, 0));
