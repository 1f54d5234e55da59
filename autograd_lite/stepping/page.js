"use strict";
const { nodes, order, patterns, numbers, steps, forward, grains, sentences } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const box = $("picture"), svg = box.querySelector("svg.autograd-lite");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const DASH = "—", SVG = "http://www.w3.org/2000/svg";
let now = 0, timer = 0;
let asked = false; // the result of this step is hidden until it is asked for

const brief = (text, digits = 3) => (Number.isFinite(+text) ? `${+(+text).toPrecision(digits)}` : text).replace("-", "−");

// When things happen: the step that computes a node, the one that writes its grad, the sums in between, the passing of an edge

const edges = new Map();
for (const node of nodes) Object.assign(node, { computed: 0, written: Infinity, sums: [] });
steps.forEach((step, k) => {
  const node = nodes[step.node];
  if (k < forward) node.computed = k;
  step.ends = step.edges ?? []; // of every operand, "" where it is not seen
  step.edges = [...new Set(step.ends.filter((id) => id))];
  step.ends.forEach((id, i) => {
    if (!id) return;
    const edge = edges.get(id) ?? { element: $(id), computed: Infinity, passed: -1, value: "", flow: "" };
    if (k < forward) [edge.computed, edge.value] = [Math.min(edge.computed, k), brief(nodes[step.parents[i]].data, 4)];
    else if (edge.passed < 0) [edge.passed, edge.flow] = [k, step.flow ?? brief(node.grad, 4)];
    edges.set(id, edge);
  });
  if (step.total !== undefined) node.sums.push([k, step.total]);
  if (step.written) node.written = Math.min(node.written, k);
});

// What is said

const say = (key, fields) => sentences[key].replace(/\{(\w+)\}/g, (whole, name) => fields[name]);

// A row of the table for each node

const concerning = (picked) => steps.flatMap((step, k) => (picked.has(step.node) || picked.has(step.by) ? [k] : []));

function visit(indices, element) {
  const found = concerning(new Set(indices));
  pause();
  go(found.find((k) => k > now && element.classList.contains("active")) ?? found[0]);
}

function create(kind, text, parent) {
  const element = document.createElement(kind);
  element.textContent = text;
  parent.append(element);
  return element;
}

function table() {
  const whole = create("table", "", $("table"));
  create("caption", say("so-far-title"), whole);
  const head = whole.createTHead().insertRow(), body = whole.createTBody();
  for (const title of ["node", "value", "grad"]) create("th", say(title), head).scope = "col";
  for (const k of order) {
    const node = nodes[k];
    node.row = body.insertRow();
    const name = create("th", "", node.row);
    name.scope = "row";
    const button = create("button", node.name, name);
    button.title = say("to-steps");
    button.addEventListener("click", () => visit([k], node.row));
    node.cells = [node.row.insertCell(), node.row.insertCell()];
  }
}

// Showing a step

function show() {
  const step = steps[now], seen = asked ? now - 1 : now;
  const first = start(now);
  $("words").textContent = first === now ? words(step) : summary(first);
  $("formulas").innerHTML = steps.slice(first, now + 1).map(formulas).join("");
  if (asked) $("formulas").lastElementChild?.classList.add("asked");
  $("where").textContent = say(now < forward ? "where-forward" : "where-backward", { number: now + 1, count: steps.length });
  $("slider").value = now + 1;
  $("slider").setAttribute("aria-valuetext", $("where").textContent);
  $("first").disabled = $("back").disabled = now === 0;
  $("last").disabled = $("forward").disabled = now === steps.length - 1 && !asked;
  $("guess").textContent = say(asked ? "reveal" : "guess");
  for (const k of order) showRow(nodes[k], k === step.node, seen);
  lightCode(step);
  if (!svg) return;
  for (const part of parts.values()) showPart(part, seen);
  for (const edge of edges.values()) showEdge(edge, seen);
  for (const [line, text] of titles) line.textContent = seen === steps.length - 1 ? text : text.replace(/ · ‖.*$/, "");
  legend.classList.toggle("unseen", seen !== steps.length - 1);
  const group = steps.slice(first, now + 1);
  const active = new Set(group.flatMap((one) => [one.by, one.node]).filter((k) => k >= 0).reverse().map((k) => $(nodes[k].element)));
  for (const element of active) element.classList.add("active");
  for (const one of group) for (const id of one.edges) edges.get(id).element.classList.add("active", ...(now < forward ? [] : ["back"]));
  pass(step, first);
  reveal([...active]);
}

// Where the group of steps begins that is shown with step k: the step itself, all of its node, or of its layer

const stops = () => grains[$("grain").value] ?? steps.map((_, k) => k);
const start = (k) => (stops().findLast((stop) => stop < k) ?? -1) + 1;

function summary(first) {
  const group = steps.slice(first, now + 1);
  const listed = (places) => {
    const names = [...new Set(places.filter((k) => k >= 0))].map((k) => nodes[k].name);
    const comma = say("list-comma");
    if (names.length > 8) return say("list-more", { names: names.slice(0, 7).join(comma), more: names.length - 7 });
    return names.length > 1 ? say("list-and", { names: names.slice(0, -1).join(comma), last: names.at(-1) }) : names[0];
  };
  if (now < forward) return say(group[0].given ? "all-given" : "all-computed", { names: listed(group.map((step) => step.node)) });
  const from = listed(group.map((step) => step.by ?? -1)), to = listed(group.filter((step) => step.by >= 0).map((step) => step.node));
  return from ? say("all-back", { from, to }) : words(steps[now]);
}

// A text is the number of a pattern and what stands in its holes: the place of a node, or -1, -2, ... for one of the numbers

function filled([pattern, ...holes], named) {
  return patterns[pattern].replace(/\0/g, () => {
    const hole = holes.shift();
    return hole < 0 ? numbers[~hole] : named(nodes[hole]);
  });
}
const words = (step) => filled(step.words, (node) => node.name);
const formulas = (step) => step.formulas.map((formula) => `<div class="formula">${filled(formula, symbol)}</div>`).join("");
const symbol = (node) => filled(node.symbol);

function showRow(node, active, seen) {
  const sum = node.sums.findLast(([k]) => k <= seen);
  const whole = seen >= node.written;
  const texts = [seen >= node.computed ? node.data : DASH, whole ? node.grad : sum ? say("so-far", { number: sum[1] }) : DASH];
  node.cells.forEach((cell, i) => cell.textContent === texts[i] || (cell.textContent = texts[i]));
  node.cells[1].classList.toggle("partly", !whole && sum !== undefined);
  if (active && !node.row.classList.contains("active")) within($("table"), node.row);
  node.row.classList.toggle("active", active);
}

function within(pane, element) { // scrolls the pane, not the page
  const inner = pane.getBoundingClientRect(), own = element.getBoundingClientRect();
  if (own.top < inner.top + 50 || own.bottom > inner.bottom) pane.scrollTop += own.top - inner.top - inner.height / 2;
}


// The lines of a program that belong to a step

const code = $("code");
const programLines = code ? code.textContent.split("\n") : [];
function lightCode(step) {
  if (!code) return;
  code.replaceChildren();
  programLines.forEach((line, k) => {
    create(step.line === k ? "mark" : "span", line, code);
    code.append("\n");
  });
  const lit = code.querySelector("mark");
  if (lit) within(code, lit);
}
