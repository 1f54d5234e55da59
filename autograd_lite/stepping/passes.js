// The numbers of the two passes, at the values that the leaves have

const { patterns, kinds, numbers, grains, live, examples, sizes } = further;
// What is left out, because it is so most of the time
for (const step of steps) step.operand ??= 0;
nodes.forEach((node, k) => {
  node.element ??= `n${k}`;
  node.ends ??= node.parents?.map((_, i) => `e${k}_${i}`) ?? [];
});

const output = nodes.length - 1; // operands stand before what is computed from them
const data = nodes.map((node) => Number(node.data)); // JSON has no infinity: it is a text
const local = nodes.map((node) => (node.local ?? []).map(Number));
const adjoint = new Float64Array(nodes.length);
const result = new Float64Array(steps.length), before = new Float64Array(steps.length); // of each step; the sum before it
const quantities = { data, adjoint, result, before };

function goForward(values = data, slopes = local, last = output) {
  for (let k = 0; k <= last; k++) {
    const { op, parents } = nodes[k];
    if (op !== undefined) [values[k], slopes[k]] = operations[op].of(...parents.map((parent) => values[parent]));
  }
}

// What a node gives to an operand; nothing to a side that was not taken
const isTaken = (k, i) => !nodes[k].chooses || local[k][i] !== 0;
const contribution = (k, i) => (isTaken(k, i) ? adjoint[k] * local[k][i] : 0);

const reached = new Uint8Array(nodes.length); // the nodes that something has come back to
function goBack() {
  reached.fill(0);
  adjoint.fill(0);
  [adjoint[output], reached[output]] = [1, 1];
  for (const k of order.toReversed()) {
    if (!reached[k] || !nodes[k].parents) continue;
    nodes[k].parents.forEach((parent, i) => {
      if (nodes[parent].plain || !isTaken(k, i)) return;
      adjoint[parent] += adjoint[k] * local[k][i];
      reached[parent] = 1;
    });
  }
}

function follow() {
  const sums = new Float64Array(nodes.length);
  steps.forEach(({ node, by, operand, sum }, k) => {
    if (k < forward) result[k] = data[node];
    else if (by === undefined) result[k] = k === forward ? 1 : 0;
    else if (sum) {
      before[k] = sums[node];
      result[k] = sums[node] += result[k - 1];
    } else {
      result[k] = contribution(by, operand);
      if (steps[k].first) sums[node] = result[k];
    }
  });
}

// Which steps there are at these numbers, of all that there may be: where an operation chooses, those to the side that it takes

const every = [...steps];
every.forEach((step, k) => {
  step.index = step.at = k;
  if (step.sum) nodes[step.node].paths = step.formulas.slice(1); // the last one has them
});
let stopsOf = grains;

function isThere({ node, by, operand }, k) {
  if (k <= forward) return true;
  return by === undefined ? !nodes[node].varies || !reached[node] : reached[by] === 1 && isTaken(by, operand);
}

function listSteps() {
  for (const node of nodes) if (node.varies) node.arrived = [];
  const found = every.filter((step, k) => {
    const is = isThere(step, k), { varies, arrived } = nodes[step.node];
    if (!varies || k <= forward || step.by === undefined) return is;
    if (!step.sum) arrived.push(is ? step.by : -1);
    const count = arrived.filter((by) => by >= 0).length;
    if (!step.sum) step.first = is && count === 1;
    return is && (!step.sum || count > 1);
  });
  if (found.length === steps.length && found.every((step, k) => step === steps[k])) return;
  const last = new Map(found.slice(forward).map((step) => [step.node, step]));
  for (const step of found.slice(forward)) if (nodes[step.node].varies) step.written = last.get(step.node) === step;
  now = Math.max(0, found.findLastIndex(({ index }) => index <= steps[now].index));
  steps.length = 0;
  for (const step of found) step.at = steps.push(step) - 1;
  stopsOf = Object.fromEntries(Object.entries(grains).map(([grain, stops]) => [grain, stopsAmong(new Set(stops))]));
  timeNodes();
  timeEdges();
  parts?.forEach(timePart);
  $("slider").max = steps.length;
}

function stopsAmong(stops) {
  let group = 0;
  const groups = every.map((_, k) => (stops.has(k) ? group++ : group));
  return steps.flatMap(({ index }, k) => (groups[steps[k + 1]?.index] === groups[index] ? [] : [k]));
}

// What the engine says of operands at which an operation has no value, or no derivative

const finite = (k) => Number.isFinite(data[k]);
const nameOf = ({ name, plain }) => (plain ? "" : say("of-node", { node: name }));

function described({ parents, op }) {
  const texts = parents.slice(0, 6).map((parent, i) => `${operations[op].letters[i]} = ${repr(data[parent])}${nameOf(nodes[parent])}`);
  return (parents.length > 6 ? [...texts, "..."] : texts).join(", ");
}

function complaint(node, k) {
  if (node.op === undefined || !node.parents.every(finite)) return "";
  const { name, needs, convention } = operations[node.op];
  const got = node.parents.length === 1 ? described(node).replace("x = ", "") : described(node);
  if (Number.isNaN(data[k]) || (!finite(k) && isPole(node))) return say("outside", { operation: name, needs, got });
  if (!finite(k)) return say("overflow", { operation: name, got: described(node) });
  return convention && isKink(node, k) ? say("kink", { node: node.name, operation: name, got, convention }) : "";
}

const NEAR = 1e-8;
const moved = ({ op, parents }, i, h) => operations[op].of(...parents.map((parent, j) => data[parent] + (i === j ? h : 0)))[0];
const nearby = ({ parents }) => parents.map((parent) => NEAR * Math.max(1, Math.abs(data[parent])));

// Whether it is infinite at this point alone
const isPole = (node) => nearby(node).some((h, i) => [h, -h].some((h) => Number.isFinite(moved(node, i, h))));

// Whether the slopes on the two sides differ
function isKink(node, k) {
  return nearby(node).some((h, i) => {
    if (nodes[node.parents[i]].plain) return false;
    const left = (data[k] - moved(node, i, -h)) / h, right = (moved(node, i, h) - data[k]) / h;
    const noise = 1e-3 * (1 + Math.min(Math.abs(left), Math.abs(right))) + (1e-15 * Math.abs(data[k])) / h;
    return !(Math.abs(left - right) <= noise);
  });
}
