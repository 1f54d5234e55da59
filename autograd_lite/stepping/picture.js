// The picture: an element for one node or a collapsed part, and one for each edge

const parts = svg && partsOf(svg), titles = [];
const legend = svg?.querySelector(".legend");
function picture() {
  for (const part of parts.values()) {
    const { element, indices } = part;
    part.single = indices.length === 1 && part.box && !part.box.classList.contains("part");
    part.title = element.querySelector("title");
    part.place = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(element.getAttribute("transform")).slice(1).map(Number);
    part.tips = part.title.textContent.split(/(?=, data |, grad |; t = )/); // what it is, then data, then grads
    nameAloud(element);
    for (const [kind, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
      element.addEventListener(kind, () => light(part, on));
    }
  }
  for (const edge of edges.values()) {
    const { element } = edge;
    const text = element.querySelector(".delta");
    Object.assign(edge, { line: element.querySelector(".line"), text, behind: element.querySelector(".behind") });
    edge.named = text?.textContent.startsWith("×") ?? false; // of several edges together
  }
  svg.querySelector(".graph").append(...svg.querySelectorAll(".edge")); // no box hides a sign of a number that has grown
  const frames = svg.querySelectorAll(".cluster .title");
  for (const [shownAs, own, name] of sizes) { // of a collapsed part by its id, of a frame by its number
    if (parts.has(shownAs)) parts.get(shownAs).sizes = own;
    else titles.push({ line: frames[shownAs], name, own });
  }
  $("smaller").addEventListener("click", () => zoom(scale / 1.25));
  $("larger").addEventListener("click", () => zoom(scale * 1.25));
  $("fit").addEventListener("click", () => zoom(fitting(0)));
  new ResizeObserver(() => chosen || zoom(fitting(LEAST), false)).observe(box);
  addEventListener("resize", arrange);
}

// Step and table stand above the picture, not beside it, where only that shows the whole of it, or much larger
function arrange() {
  const { style, classList } = document.body;
  const whole = (isAbove) => {
    classList.toggle("above", isAbove);
    style.setProperty("--high", "100vh"); // as much as there is
    setScale(svg, 0); // no scroll bars
    return fitting(0);
  };
  const beside = whole(false), above = whole(true), isAbove = above >= LEAST && (beside < LEAST || above > 1.2 * beside);
  classList.toggle("above", isAbove);
  if (!chosen) zoom(fitting(LEAST), false);
  else setScale(svg, scale);
  style.setProperty("--high", `${svg.viewBox.baseVal.height * fitting(LEAST) + 8}px`);
}

// Everything that a node was computed from, and everything computed from it

let links;
function light(part, on) {
  links ??= nodes.flatMap(({ parents = [], ends }, k) => parents.map((parent, i) => [parent, k, ends[i]]));
  for (const element of svg.querySelectorAll(".lit")) element.classList.remove("lit");
  if (!on) return;
  const reach = (from, to, all) => {
    const found = new Set(part.indices);
    for (const link of all) {
      if (!found.has(link[from])) continue;
      found.add(link[to]);
      $(nodes[link[to]].element).classList.add("lit");
      if (link[2]) $(link[2]).classList.add("lit");
    }
  };
  reach(0, 1, links);
  reach(1, 0, links.toReversed());
}

const LEAST = 1.25; // letters of 12 pixels are 15 then
let scale = 1, chosen = false;
const fitting = (least) => scaleWithin(box, svg, least, Math.max(1.8, innerHeight / 600));
function zoom(to, byHand = true) {
  chosen = byHand;
  scale = to;
  setScale(svg, scale);
}

// Colours and widths, which are relative to the largest: those of the grads as they are now

const norm = (indices) => Math.hypot(...indices.filter((k) => !nodes[k].plain).map((k) => adjoint[k]));
const sizeOf = ([start, indices]) => start + brief(norm(indices), 3);
const largest = (sizes) => Math.max(0, ...sizes.filter((size) => Number.isFinite(size)));

function shade(x, most) {
  if (!Number.isFinite(x)) return "odd";
  if (x === 0 || !most) return "zero";
  return `${x < 0 ? "neg" : "pos"}${4 - [0.1, 0.01, 0.001].filter((limit) => Math.abs(x) / most <= limit).length}`;
}

function paint() {
  const single = [...parts.values()].filter((part) => part.single);
  const most = largest(single.map(({ indices: [k] }) => Math.abs(adjoint[k])));
  for (const part of single) part.tint = shade(adjoint[part.indices[0]], most);
  for (const tint of legend.querySelectorAll("rect")) {
    const [, sign, power] = /^(neg|pos)(\d)$/.exec(tint.getAttribute("class")) ?? [];
    if (sign) tint.nextElementSibling.textContent = (sign === "neg" ? "−" : "") + brief(most * 10 ** (power - 4), 3);
  }
  const weights = new Map();
  for (const edge of edges.values()) {
    weights.set(edge, Math.hypot(...edge.ways.map(([k, i]) => adjoint[k] * local[k][i]).filter((x) => Number.isFinite(x))));
  }
  const widest = largest([...weights.values()]);
  for (const [edge, weight] of weights) edge.wide = (widest ? 1 + 3 * Math.sqrt(Math.min(weight / widest, 1)) : 1).toFixed(2);
}

function inView({ place: [x, y] }) {
  const { e, f } = svg.querySelector(".graph").transform.baseVal[0].matrix;
  const isNear = (at, from, size) => at > from / scale - 200 && at < (from + size) / scale + 200;
  return isNear(x + e, box.scrollLeft, box.clientWidth) && isNear(y + f, box.scrollTop, box.clientHeight);
}

function showPicture(step, first, seen, byHand, all) {
  const seenParts = new Set(all ? parts.values() : [...parts.values()].filter(inView));
  const isSeen = (k) => seenParts.has(parts.get(nodes[k].element));
  for (const part of seenParts) showPart(part, seen);
  for (const edge of edges.values()) if (all || isSeen(edge.tail) || isSeen(edge.ways[0][0])) showEdge(edge, seen);
  for (const { line, name, own } of titles) {
    line.textContent = seen === steps.length - 1 ? [name, ...own.map(sizeOf)].join(" · ") : name;
  }
  legend.classList.toggle("unseen", seen !== steps.length - 1);
  const group = steps.slice(first, now + 1);
  const active = new Set(group.flatMap((one) => [one.by, one.node]).filter((k) => k >= 0).reverse().map((k) => $(nodes[k].element)));
  for (const element of active) element.classList.add("active");
  for (const one of group) for (const id of one.edges) edges.get(id).element.classList.add("active", ...(now < forward ? [] : ["back"]));
  pass(step, first, byHand);
  if (!byHand) reveal(box, [...active], 8, calm.matches ? "instant" : "smooth");
}

function showPart({ element, indices, computed, written, single, box, tint, lines, title, tips, sizes }, seen) {
  const [k] = indices, sum = single ? nodes[k].sums.findLast((at) => at <= seen) : undefined;
  element.classList.remove("active");
  element.classList.toggle("todo", seen < computed);
  element.classList.toggle("written", seen >= written);
  if (single) box.setAttribute("class", `box ${seen >= written ? tint : "none"}`);
  const tip = tips.filter((text, i) => i === 0 || (text.startsWith(", data") ? seen >= computed : seen >= written));
  const told = single ? tip.map((text, i) => (i ? text.replace(/\S+$/, repr(i === 1 ? data[k] : adjoint[k])) : text)).join("") : tip.join("");
  if (title.textContent !== told) title.textContent = told;
  let isNew = false;
  for (const [i, { line, text, start, grad }] of lines.entries()) {
    const whole = seen >= (grad ? written : computed);
    let shown = start + DASH;
    if (whole && single) shown = start + brief(grad ? adjoint[k] : data[k]);
    else if (whole) shown = start ? sizeOf(sizes[i]) : text;
    else if (grad && sum !== undefined) shown = `${start}${brief(result[sum], 3)} +`;
    if (line.textContent === shown) continue;
    fit(line, shown, box);
    isNew = true;
  }
  if (isNew) nameAloud(element);
}

function nameAloud(element) {
  const texts = [...element.querySelectorAll("text")].map((line) => line.textContent);
  element.setAttribute("aria-label", say("to-its-steps", { node: texts.join(" ") }));
}

const LETTER = 7.3; // pixels: that of digits
function fit(line, text, box) { // a text that is longer than its box is set closer
  line.textContent = text;
  const wide = box ? box.getAttribute("width") - 6 : Infinity;
  if (text.length * LETTER > wide) line.setAttribute("textLength", Math.round(wide));
  else line.removeAttribute("textLength");
  line.setAttribute("lengthAdjust", "spacingAndGlyphs");
}

const ON_WIRE = 8; // so many characters have room there
function onWire(x) {
  const texts = [4, 3, 2].map((digits) => brief(x, digits));
  return texts.find((text) => text.length <= ON_WIRE) ?? texts[2];
}

function showEdge(edge, seen) {
  const { element, computed, passed, tail, line, text, behind, wide, named } = edge;
  const done = passed >= 0 && seen >= passed;
  element.classList.toggle("todo", seen < computed);
  element.classList.toggle("passed", done);
  element.classList.remove("active", "back");
  line.setAttribute("stroke-width", done ? wide : 1.2);
  const change = changeAlong(tail);
  element.classList.toggle("changed", change !== "");
  if (!text || named) return;
  const shown = change || onWire(done ? result[passed] : data[tail]);
  if (text.textContent === shown) return;
  text.textContent = shown;
  const long = shown.length * 6.9 + 4;
  behind.setAttribute("width", long);
  behind.setAttribute("x", text.getAttribute("x") - long / 2);
}

// What flows: upstream × local = contribution stands on the wire, and runs along it from right to left, into the sum

let flowing = 0;
function pass(step, first, byHand) {
  cancelAnimationFrame(flowing);
  svg.querySelector(".flow")?.remove();
  if (now < forward || first !== now || !step.edges.length || asked) return;
  const { line, text, named } = edges.get(step.edges[0]);
  const length = line.getTotalLength(), middle = line.getPointAtLength(length / 2);
  const layer = document.createElementNS(SVG, "g");
  layer.setAttribute("class", "flow");
  layer.setAttribute("transform", svg.querySelector(".graph").getAttribute("transform"));
  svg.append(layer);
  const flow = brief(step.sum ? result[now - 1] : result[now], 4);
  const factor = (x) => (x < 0 ? `(${brief(x, 4)})` : brief(x, 4));
  const product = named ? flow : `${factor(adjoint[step.by])} × ${factor(local[step.by][step.operand])} = ${flow}`;
  const still = tag(layer, step.sum ? `+ ${flow}` : product);
  const written = { x: +(text?.getAttribute("x") ?? middle.x), y: +(text?.getAttribute("y") ?? middle.y) - 4 };
  step.spot = (byHand && step.spot) || clearest([written, ...ALONG.map((part) => line.getPointAtLength(length * part))], still.firstChild);
  at(still, step.spot);
  if (byHand || calm.matches || (timer && $("speed").value < 1000)) return;
  const moving = tag(layer, flow), begin = performance.now();
  const move = (time) => {
    const part = Math.min(Math.max(time - begin, 0) / 1200, 1);
    at(moving, line.getPointAtLength(length * (1 - part)));
    if (part < 1) flowing = requestAnimationFrame(move);
    else moving.remove();
  };
  move(begin);
}
// Where a tag hides the least of what is written in nodes: the first of some points, then of those above and below
const ALONG = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8];
const ASIDE = [0, -10, 10, -20, 20, -30, 30, -40, 40, -50, 50];
function clearest(points, back) {
  const [wide, high] = ["width", "height"].map((name) => back.getAttribute(name) / 2);
  const taken = [...parts.values()].flatMap(({ element, place: [dx, dy] }) => [...element.querySelectorAll("text")].map((line) => {
    const { x, y, width, height } = line.getBBox();
    return [x + dx, y + dy, x + dx + width, y + dy + height];
  }));
  const common = (at, half, from, to) => Math.max(0, Math.min(at + half, to) - Math.max(at - half, from));
  const hidden = ({ x, y }) => taken.reduce((sum, [x0, y0, x1, y1]) => sum + common(x, wide, x0, x1) * common(y, high, y0, y1), 0);
  const found = ASIDE.flatMap((aside) => points.map(({ x, y }) => ({ x, y: y + aside })));
  const areas = found.map(hidden);
  return found[areas.indexOf(Math.min(...areas))];
}
function tag(layer, text) {
  const group = document.createElementNS(SVG, "g"), back = document.createElementNS(SVG, "rect"), words = document.createElementNS(SVG, "text");
  words.textContent = text;
  words.setAttribute("y", 4.5);
  group.append(back, words);
  layer.append(group);
  const wide = words.getComputedTextLength() + 10;
  for (const [name, value] of Object.entries({ x: -wide / 2, y: -9, width: wide, height: 18, rx: 5 })) back.setAttribute(name, value);
  return group;
}
const at = (group, { x, y }) => group.setAttribute("transform", `translate(${x} ${y})`);
