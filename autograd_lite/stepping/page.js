// The page: its words, its formulas, its table, and how a step is shown

const box = $("picture"), svg = box.querySelector("svg.autograd-lite");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const SVG = "http://www.w3.org/2000/svg";
let timer = 0;
let asked = false; // the result of this step is hidden until it is asked for

// When things happen besides: the sums before a grad is whole, the passing of an edge

const edges = new Map();
steps.forEach((step, k) => {
  const isBack = step.by !== undefined;
  const ways = k < forward ? nodes[step.node].ends.map((id, i) => [id, step.node, i]) : isBack ? [[nodes[step.by].ends[step.operand], step.by, step.operand]] : [];
  step.edges = [...new Set(ways.map(([id]) => id).filter((id) => id))];
  for (const [id, head, i] of ways) {
    if (!id) continue;
    const edge = edges.get(id) ?? { element: $(id), computed: Infinity, tail: nodes[head].parents[i], ways: [] };
    if (k < forward) [edge.computed, edge.ways] = [Math.min(edge.computed, k), [...edge.ways, [head, i]]];
    edges.set(id, edge);
  }
});

function timeEdges() {
  for (const node of nodes) node.sums = [];
  for (const edge of edges.values()) edge.passed = -1;
  steps.forEach((step, k) => {
    if (k < forward) return;
    for (const id of step.edges) if (edges.get(id).passed < 0) edges.get(id).passed = k;
    if (!step.written && (step.sum || step.first)) nodes[step.node].sums.push(k);
  });
}
timeEdges();

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

const stops = () => stopsOf[$("grain").value] ?? steps.map((_, k) => k);
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
function figure(kind, k, level, i = 0, digits = 9) {
  const name = kinds[kind];
  return mathml(name === "local" ? local[k][i] : quantities[name][name === "result" || name === "before" ? every[k].at : k], level, digits);
}
const symbol = (node) => filled(node.symbol);
const sidesOf = (formula) => filled(formula, symbol).split("\x04").map((side) => side.split("\x03"));
const formulas = (step) => equations(step).map((sides) => `<div class="formula">${equation(sides)}</div>`).join("");
const isVarying = ({ node, by }) => nodes[node].varies && by !== undefined;
const arrived = (node) => nodes[node].arrived.filter((by) => by >= 0);

function words(step) {
  const { node, by, operand, sum, written } = step;
  if (!isVarying(step)) return filled(step.words, (node) => node.name);
  const count = arrived(node).length, isOneOperand = nodes[by].parents.filter((k) => k === node).length === 1;
  const edge = `step-${count > 1 ? "path" : "edge"}${isOneOperand ? "" : "-operand"}`;
  const fields = { node: nodes[node].name, by: nodes[by].name, count, operand: operand + 1 };
  return say(sum ? `step-sum${written ? "-complete" : ""}` : edge, fields);
}

// Of a node to which not all comes that may come, what there is; in symbols where that is not much
const FEW = 6;
function equations(step) {
  const all = step.formulas.map(sidesOf), { node, sum, written } = step;
  if (!isVarying(step)) return all;
  const bys = arrived(node), [soFar] = all;
  if (!sum) return bys.length > 1 ? [...all.slice(0, -1), all.at(-1).slice(1)] : all;
  const [inNumbers, inSymbols] = nodes[node].paths;
  if (!written || !inNumbers) return [soFar];
  const isShort = inSymbols && bys.length <= FEW && !bys.includes(output);
  const there = (_, k) => nodes[node].arrived[k] >= 0, first = (piece, k) => (k ? piece : piece.replace(/^<mo>\+<\/mo>/, ""));
  const paths = sidesOf(isShort ? inSymbols : inNumbers).map((side) => (side.length > 1 ? side.filter(there).map(first) : side));
  return bys.length === 2 && !isShort ? [paths] : [soFar, paths];
}

// The sides of an equation, without one that repeats the one before; a line may break between the pieces of a side
function equation(sides) {
  const kept = sides.filter((side, i) => String(side) !== String(sides[i - 1]));
  const pieces = kept.flatMap((side, i) => side.map((piece, k) => (i && !k ? `<mo>=</mo>${piece}` : piece)));
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
