// The page that reacts to the hand: leaves are set, parameters trained, a nudge is compared with what its grad foretells

const leaves = order.filter((k) => nodes[k].leaf);
const named = new Map(order.map((k) => [nodes[k].name, k]));
const recorded = { data: [...data], local: local.map((slopes) => [...slopes]) };
let changed = false; // the numbers are no longer those that were recorded

// Numbers in, numbers out

function recompute() {
  changed = leaves.some((k) => !Object.is(data[k], recorded.data[k]));
  if (changed) goForward();
  else restore();
  goBack();
  listSteps();
  follow();
  complaints = nodes.map(complaint).filter((text) => text).slice(0, 3);
}

function restore() { // to the last bit
  recorded.data.forEach((x, k) => (data[k] = x));
  recorded.local.forEach((slopes, k) => (local[k] = [...slopes]));
}

function refresh() {
  recompute();
  repaint();
}

function repaint() {
  foretell();
  if (svg) paint();
  show(true);
  later();
}

let written = 0;
function later() { // browsers refuse an address that changes too often
  clearTimeout(written);
  written = setTimeout(writeAddress, 200);
}

// Undo: the leaves before each change; a drag is one

const undone = [];
let holding = -1; // the leaf that is being dragged
function keep(k = -1) {
  if (k >= 0 && k === holding) return;
  holding = k;
  undone.push({ values: leaves.map((leaf) => data[leaf]), count: losses.length, loss: losses.at(-1), example: present });
  if (undone.length > 500) undone.shift();
}
const release = () => (holding = -1);

function back({ values, count, loss, example }) {
  present = example;
  leaves.forEach((leaf, i) => (data[leaf] = values[i]));
  losses.length = count;
  losses[count - 1] = loss;
  halt();
  tell("");
  refresh();
}

function put(k, x) {
  data[k] = x;
  recompute();
  losses[losses.length - 1] = lossNow();
  tell("");
  repaint();
}

// Training: gradient descent on the output, by the leaves that are checked

const losses = [data[output]]; // of several examples the mean: see `liven`
const trained = new Set(leaves.filter((k) => nodes[k].trained));
let rate = 0.5, pace = 1, running = 0;

function update(times) {
  keep();
  advance(times);
}

function advance(times) {
  let [loss, slopes] = sweep();
  for (let n = 0; n < times; n++) {
    const values = [...trained].map((k) => [k, data[k]]);
    for (const [k, slope] of slopes) data[k] -= rate * slope;
    [loss, slopes] = sweep();
    if (Number.isFinite(loss) && [...trained].every((k) => Number.isFinite(data[k]))) {
      losses.push(loss);
      continue;
    }
    for (const [k, x] of values) data[k] = x;
    halt();
    tell(say("too-fast", { output: lossName, updates: losses.length - 1 }));
    break;
  }
  release();
  refresh();
}

function run() {
  if (running) return halt();
  keep(); // to be undone as one
  running = setInterval(() => advance(pace), 60);
  $("run").textContent = say("stop");
}

function halt() {
  clearInterval(running);
  running = 0;
  $("run").textContent = say("train");
}

// What if: the change that the grad foretells, and the true one, also along the wires

let nudge; // the leaf, and by how much
let changes; // of every node
function foretell() {
  changes = undefined;
  if (!nudge) return;
  const values = [...data], slopes = [];
  values[nudge.leaf] += nudge.h;
  goForward(values, slopes);
  changes = values.map((x, k) => x - data[k]);
}
const changeAlong = (tail) => (changes && changes[tail] !== 0 ? `Δ ${brief(changes[tail], 3)}` : "");

function showNudge() {
  $("whatif").setAttribute("aria-pressed", nudge !== undefined);
  $("nudged").value = nudge?.leaf ?? $("nudged").value;
  $("change").textContent = nudge
    ? say("foretold", { output: nodes[output].name, foretold: brief(adjoint[nudge.leaf] * nudge.h), change: brief(changes[output]) })
    : "";
}

function askWhatIf() {
  const h = typed($("h").value);
  nudge = Number.isFinite(h) && h !== 0 ? { leaf: Number($("nudged").value), h } : undefined;
  tell(nudge ? "" : say("no-number", { answer: $("h").value }));
  refresh();
}

// What is shown of it

const lossName = examples ? say("mean-of", { output: nodes[output].name }) : nodes[output].name;
let said = "", complaints = [];
const tell = (text) => (said = text);

function showLive(seen) {
  const isTold = seen >= nodes[output].computed || losses.length > 1 || changed; // no answer in advance
  const told = { output: lossName, first: decimal(losses[0]), last: decimal(losses.at(-1)), updates: losses.length - 1 };
  $("loss").textContent = isTold ? say("loss", told) : "";
  $("curve").setAttribute("aria-label", isTold ? say("curve", told) : "");
  $("result").classList.toggle("flat", losses.length === 1);
  drawCurve();
  showNudge();
  if (examples) showExamples();
  $("undo").disabled = !undone.length;
  $("reset").disabled = !undone.length && !changed;
  const text = [said, ...complaints].filter((text) => text).join(" ");
  if ($("said").textContent !== text) $("said").textContent = text;
}

const WIDE = 400, HIGH = 64;
function drawCurve() {
  if (losses.length === 1) return;
  const few = Math.ceil(losses.length / WIDE);
  const seen = losses.filter((loss, i) => Number.isFinite(loss) && (i % few === 0 || i === losses.length - 1));
  const [low, high] = [Math.min(...seen), Math.max(...seen)];
  const isLog = low > 0 && high / low > 50, height = isLog ? Math.log : (x) => x;
  const [bottom, top] = [height(low), height(high)];
  const points = seen.map((loss, i) => {
    const x = (WIDE * i) / Math.max(seen.length - 1, 1), y = top > bottom ? (height(loss) - bottom) / (top - bottom) : 0.5;
    return `${x.toFixed(1)},${(HIGH - 4 - (HIGH - 8) * y).toFixed(1)}`;
  });
  $("line").setAttribute("points", points.join(" "));
  $("high").textContent = brief(high, 3) + (isLog ? ` ${say("log-scale")}` : "");
  $("low").textContent = brief(low, 3);
}

// A slider and a field for each leaf, and its box in the picture

function reach(x) { // the end of a slider on whose first half the number is
  const size = Math.max(1, 2 * Math.abs(x)), power = 10 ** Math.floor(Math.log10(size));
  return Number.isFinite(power) ? power * [1, 2, 5, 10].find((m) => m * power >= size * (1 - 1e-9)) : 1;
}
function setReach(node, x) {
  node.reach = reach(x);
  [node.knob.min, node.knob.max] = [-node.reach, node.reach];
}
const even = (node, x) => Number((Math.round((x * 100) / node.reach) * (node.reach / 100)).toPrecision(12));

function showField(k) {
  const { field, knob } = nodes[k];
  const text = decimal(data[k]);
  if (document.activeElement !== field && field.value !== text) field.value = text;
  if (Math.abs(data[k]) > nodes[k].reach) setReach(nodes[k], data[k]);
  if (Number(knob.value) === data[k]) return;
  knob.value = data[k];
  knob.setAttribute("aria-valuetext", text);
}

function control(k) {
  const node = nodes[k], label = say("value-of", { node: node.name });
  const check = create("input", "", node.row.cells[0], { type: "checkbox", class: "live", title: say("trained"), "aria-label": say("trained-node", { node: node.name }) });
  node.row.cells[0].prepend(check);
  check.checked = trained.has(k);
  check.addEventListener("change", () => (check.checked ? trained.add(k) : trained.delete(k), later()));
  node.check = check;
  node.knob = create("input", "", node.cells[0], { type: "range", class: "live", step: "any", "aria-label": label });
  setReach(node, data[k]);
  node.field = create("input", "", node.cells[0], { type: "text", inputmode: "decimal", autocomplete: "off", class: "live", "aria-label": label });
  node.knob.addEventListener("input", () => (keep(k), put(k, even(node, Number(node.knob.value)))));
  node.knob.addEventListener("change", release);
  node.field.addEventListener("change", () => type(k));
  node.field.addEventListener("blur", () => showField(k));
  node.field.addEventListener("keydown", ({ key }) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[key];
    if (way) (keep(k), put(k, even(node, data[k]) + (way * node.reach) / 100), (node.field.value = decimal(data[k])));
    if (key === "Escape") node.field.value = decimal(data[k]);
  });
  if (svg && parts.get(node.element)?.single) handle(k, $(node.element));
}

function type(k) {
  const x = typed(nodes[k].field.value);
  release();
  if (Number.isFinite(x)) {
    keep();
    put(k, x);
  } else {
    tell(say("no-number", { answer: nodes[k].field.value }));
    show(true);
  }
  nodes[k].field.value = decimal(data[k]);
}

function handle(k, element) { // drag to the right for more
  let from, start, isDrag = false;
  element.classList.add("hand");
  element.addEventListener("pointerdown", (event) => {
    [from, start, isDrag] = [event.clientX, data[k], false];
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (from === undefined || (!isDrag && Math.abs(event.clientX - from) < 4)) return;
    isDrag = true;
    keep(k);
    put(k, even(nodes[k], start + ((event.clientX - from) * nodes[k].reach) / 150));
  });
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => ((from = undefined), release()));
  element.addEventListener("click", (event) => isDrag && (event.stopImmediatePropagation(), (isDrag = false)), { capture: true });
  element.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (way) (event.preventDefault(), keep(k), put(k, even(nodes[k], data[k] + (way * nodes[k].reach) / 100)));
  });
}

const LONGEST_NAME = 18;
function liven() {
  const longest = Math.max(...order.map((k) => nodes[k].name.length));
  $("side").style.setProperty("--name", `${1.9 + 0.55 * Math.min(longest, LONGEST_NAME)}rem`);
  if (examples) liveExamples();
  else $("case-row").remove();
  if (examples?.inputs.length !== 2) $("plane").remove();
  losses[0] = lossNow();
  recompute();
  leaves.forEach(control);
  for (const k of leaves) create("option", nodes[k].name, $("nudged"), { value: k });
  $("nudged").value = leaves.find((k) => trained.has(k)) ?? leaves[0];
  for (const times of [1, 10, 100]) $(`update${times}`).addEventListener("click", () => update((pace = times)));
  $("run").addEventListener("click", run);
  $("undo").addEventListener("click", () => back(undone.pop()));
  $("reset").addEventListener("click", () => lesson.reset());
  $("rate").addEventListener("change", () => {
    const x = typed($("rate").value);
    if (x > 0 && Number.isFinite(x)) rate = x;
    tell(x > 0 ? "" : say("no-rate-number", { answer: $("rate").value }));
    $("rate").value = decimal(rate);
    show(true);
    later();
  });
  $("whatif").addEventListener("click", () => (nudge ? ((nudge = undefined), refresh()) : askWhatIf()));
  for (const id of ["nudged", "h"]) $(id).addEventListener("change", () => (nudge || id === "h") && askWhatIf());
}

// In the address: the leaves that have another value, and what was chosen

const usual = (k) => (examples?.leaves.includes(k) ? examples.rows[present][examples.leaves.indexOf(k)] : recorded.data[k]);
const differs = (one, other) => one.size !== other.size || [...one].some((k) => !other.has(k));
function settings() {
  const given = new Set(leaves.filter((k) => nodes[k].trained));
  const quoted = (k) => encodeURIComponent(nodes[k].name);
  return [
    ...leaves.filter((k) => !Object.is(data[k], usual(k))).map((k) => `${quoted(k)}=${data[k]}`),
    ...(present ? [`~example=${present + 1}`] : []),
    ...(rate === 0.5 ? [] : [`~rate=${rate}`]),
    ...(differs(trained, given) ? [`~train=${[...trained].map(quoted).join()}`] : []),
    ...(nudge ? [`~nudge=${quoted(nudge.leaf)},${nudge.h}`] : []),
  ];
}

function take(parts) {
  const found = new Map(parts.filter((part) => part.includes("=")).map((part) => part.split("=")));
  const leaf = (name) => leaves.find((k) => encodeURIComponent(nodes[k].name) === name);
  const number = (text) => (text?.trim() && Number.isFinite(Number(text)) ? Number(text) : undefined);
  if (examples) choose((number(found.get("~example")) ?? 1) - 1);
  leaves.forEach((k) => (data[k] = number(found.get(encodeURIComponent(nodes[k].name))) ?? usual(k)));
  rate = number(found.get("~rate")) ?? 0.5;
  $("rate").value = decimal(rate);
  if (found.has("~train")) {
    trained.clear();
    for (const name of found.get("~train").split(",")) if (leaf(name) !== undefined) trained.add(leaf(name));
    for (const k of leaves) nodes[k].check.checked = trained.has(k);
  }
  const [name, h] = found.get("~nudge")?.split(",") ?? [];
  nudge = leaf(name) !== undefined && number(h) ? { leaf: leaf(name), h: number(h) } : undefined;
  if (nudge) $("h").value = decimal(nudge.h);
  recompute();
  losses.splice(0, Infinity, lossNow());
  foretell();
  if (svg) paint();
}

// For teachers and tests

function known(name) {
  if (!live) throw new Error("this page has no live controls");
  const k = named.get(name);
  if (k === undefined || !nodes[k].leaf) throw new Error(`no leaf is named ${name}: there are ${leaves.map((k) => nodes[k].name).join(", ")}`);
  return k;
}

window.lesson = Object.freeze({
  set(name, number) {
    const k = known(name);
    if (!Number.isFinite(number)) throw new Error(`${name} is a finite number, not ${number}`);
    keep();
    put(k, number);
  },
  update(ownRate = rate, times = 1) {
    if (!live) throw new Error("this page has no live controls");
    if (!(ownRate > 0 && Number.isFinite(ownRate))) throw new Error(`a rate is a number above 0, not ${ownRate}`);
    if (!Number.isInteger(times) || times < 1) throw new Error(`update a whole number of times, at least once, not ${times}`);
    rate = ownRate;
    $("rate").value = decimal(rate);
    update(times);
  },
  go(step) {
    if (!Number.isInteger(step)) throw new Error(`steps have numbers from 1 to ${steps.length}, not ${step}`);
    pause();
    go(step - 1);
  },
  values: () => Object.fromEntries(order.map((k) => [nodes[k].name, { data: data[k], grad: adjoint[k] }])),
  reset() {
    if (!live) return;
    halt();
    undone.length = 0;
    [nudge, pace] = [undefined, 1];
    if (examples) choose(0);
    restore();
    losses.splice(0, Infinity, lossNow());
    tell("");
    refresh();
  },
});
