// The page: its words, its formulas, its table, and how a step is shown

const $ = (id) => document.getElementById(id);
const box = $("picture"), svg = box.querySelector("svg.autograd-lite");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const DASH = "—", SVG = "http://www.w3.org/2000/svg";
let now = 0, timer = 0;
let asked = false; // the result of this step is hidden until it is asked for

// When things happen: the step that computes a node, the one that writes its grad, the sums in between, the passing of an edge

const edges = new Map();
for (const node of nodes) Object.assign(node, { computed: 0, written: Infinity, sums: [] });
steps.forEach((step, k) => {
  const node = nodes[step.node];
  if (k < forward) node.computed = k;
  const isBack = step.by !== undefined;
  const ways = k < forward ? node.ends.map((id, i) => [id, step.node, i]) : isBack ? [[nodes[step.by].ends[step.operand], step.by, step.operand]] : [];
  step.edges = [...new Set(ways.map(([id]) => id).filter((id) => id))];
  for (const [id, head, i] of ways) {
    if (!id) continue;
    const edge = edges.get(id) ?? { element: $(id), computed: Infinity, passed: -1, tail: nodes[head].parents[i], ways: [] };
    if (k < forward) [edge.computed, edge.ways] = [Math.min(edge.computed, k), [...edge.ways, [head, i]]];
    else if (edge.passed < 0) edge.passed = k;
    edges.set(id, edge);
  }
  if (step.written) node.written = Math.min(node.written, k);
  else if (step.sum || step.first) node.sums.push(k);
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

function create(kind, text, parent, more = {}) {
  const element = document.createElement(kind);
  element.textContent = text;
  for (const [name, value] of Object.entries(more)) element.setAttribute(name, value);
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

// Showing a step. `byHand`: a number has changed, and not the step. Of much, what is in view is shown at once, the rest a little later

const MUCH = 300;
let rest = 0;
function show(byHand = false, all = !byHand || order.length < MUCH) {
  clearTimeout(rest);
  if (!all) rest = setTimeout(() => show(true, true), 300);
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
  for (const k of all ? order : rowsInView()) showRow(k, k === step.node && !byHand, seen);
  nodes[step.node].row.classList.add("active");
  lightCode(step);
  if (live) showLive(seen);
  if (svg) showPicture(step, first, seen, byHand, all);
}

function rowsInView() {
  const { scrollTop, scrollHeight, clientHeight } = $("table"), each = scrollHeight / order.length;
  return order.slice(Math.max(0, Math.floor(scrollTop / each) - 3), Math.ceil((scrollTop + clientHeight) / each) + 3);
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
  if (now < forward) return say(nodes[steps[now].node].parents ? "all-computed" : "all-given", { names: listed(group.map((step) => step.node)) });
  const from = listed(group.map((step) => step.by ?? -1)), to = listed(group.filter((step) => step.by >= 0).map((step) => step.node));
  return from ? say("all-back", { from, to }) : words(steps[now]);
}

// A text is the number of a pattern and what stands in its holes: the place of a node, or -1, -2, ... for one of the numbers.
// A number that stays is a text; of the others it is said which it is, how tightly what stands around binds, with how many decimals

function filled([pattern, ...holes], named) {
  return patterns[pattern].replace(/\0/g, () => {
    const hole = holes.shift();
    return hole >= 0 ? named(nodes[hole]) : typeof numbers[~hole] === "string" ? numbers[~hole] : figure(...numbers[~hole]);
  });
}
const figure = (kind, k, level, i = 0, digits = 9) => mathml(kinds[kind] === "local" ? local[k][i] : quantities[kinds[kind]][k], level, digits);
const words = (step) => filled(step.words, (node) => node.name);
const symbol = (node) => filled(node.symbol);
const formulas = (step) => step.formulas.map((formula) => `<div class="formula">${equation(formula)}</div>`).join("");

// The sides of an equation, without one that repeats the one before; a line may break between the pieces of a side
function equation(formula) {
  const sides = filled(formula, symbol).split("\x04");
  const kept = sides.filter((side, i) => side !== sides[i - 1]);
  const pieces = kept.flatMap((side, i) => side.split("\x03").map((piece, k) => (i && !k ? `<mo>=</mo>${piece}` : piece)));
  return pieces.map((piece, i) => `<math>${i ? piece.replace("<mo>", '<mo form="infix">') : piece}</math>`).join(" ");
}

function showRow(k, active, seen) {
  const node = nodes[k], [value, grad] = node.cells;
  const sum = node.sums.findLast((at) => at <= seen);
  const whole = seen >= node.written;
  const texts = [seen >= node.computed ? rounded(data[k]) : DASH, DASH];
  if (whole) texts[1] = rounded(adjoint[k]);
  else if (sum !== undefined) texts[1] = say("so-far", { number: rounded(result[sum]) });
  if (node.field) showField(k);
  else if (value.textContent !== texts[0]) value.textContent = texts[0];
  if (grad.textContent !== texts[1]) grad.textContent = texts[1];
  grad.classList.toggle("partly", !whole && sum !== undefined);
  if (active && !node.row.classList.contains("active")) within($("table"), node.row);
  node.row.classList.remove("active");
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
