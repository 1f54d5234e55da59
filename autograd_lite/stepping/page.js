// The page: its words, its formulas, its table, and how a step is shown

const box = $("picture"), svg = box.querySelector("svg.autograd-lite");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const SVG = "http://www.w3.org/2000/svg";
let timer = 0;
let asked = false; // the result of this step is hidden until it is asked for

// When things happen besides: the sums before a grad is whole, the passing of an edge

const edges = new Map();
for (const node of nodes) node.sums = [];
steps.forEach((step, k) => {
  const node = nodes[step.node];
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
  if (!step.written && (step.sum || step.first)) node.sums.push(k);
});

function visit(indices, element) {
  const found = concerning(new Set(indices));
  pause();
  go(found.find((k) => k > now && element.classList.contains("active")) ?? found[0]);
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
  showPlace(now === steps.length - 1 && !asked);
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
  const texts = [seen >= node.computed ? decimal(data[k]) : DASH, DASH];
  if (whole) texts[1] = decimal(adjoint[k]);
  else if (sum !== undefined) texts[1] = say("so-far", { number: decimal(result[sum]) });
  if (node.field) showField(k);
  else if (value.textContent !== texts[0]) value.textContent = texts[0];
  if (grad.textContent !== texts[1]) grad.textContent = texts[1];
  grad.classList.toggle("partly", !whole && sum !== undefined);
  if (active && !node.row.classList.contains("active")) within($("table"), node.row);
  node.row.classList.remove("active");
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
