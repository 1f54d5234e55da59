// The picture: an element for one node or a collapsed part, and one for each edge

const parts = new Map();
let legend;
function picture() {
  svg.setAttribute("role", "group");
  svg.querySelector("desc").textContent = "";
  legend = svg.querySelector(".legend");
  nodes.forEach((node, k) => {
    const part = parts.get(node.element) ?? { element: $(node.element), indices: [] };
    part.indices.push(k);
    parts.set(node.element, part);
  });
  for (const part of parts.values()) {
    const { element, indices } = part;
    part.computed = Math.max(...indices.map((k) => nodes[k].computed));
    part.written = Math.max(-1, ...indices.filter((k) => nodes[k].grad).map((k) => nodes[k].written));
    part.sums = indices.length === 1 ? nodes[indices[0]].sums : [];
    part.box = element.querySelector(".box:last-of-type");
    part.tint = part.box?.getAttribute("class");
    part.title = element.querySelector("title");
    part.tips = part.title.textContent.split(/(?=, data |, grad |; t = )/); // what it is, then data, then grads
    part.lines = [...element.querySelectorAll("text.data, text.grad")].map((line) => {
      const text = line.textContent, grad = line.classList.contains("grad");
      return { line, text, grad, hidden: text.replace(/ \S*$/, ` ${DASH}`) };
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
    for (const [kind, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
      element.addEventListener(kind, () => light(part, on));
    }
  }
  for (const edge of edges.values()) {
    const { element } = edge;
    const line = element.querySelector(".line"), text = element.querySelector(".delta");
    Object.assign(edge, { line, text, behind: element.querySelector(".behind"), wide: line.getAttribute("stroke-width") });
    edge.derivative = text?.textContent ?? "";
    edge.named = edge.derivative.startsWith("×"); // of several edges together
  }
  for (const line of svg.querySelectorAll(".cluster .title")) titles.push([line, line.textContent]);
  $("smaller").addEventListener("click", () => zoom(scale / 1.25));
  $("larger").addEventListener("click", () => zoom(scale * 1.25));
  $("fit").addEventListener("click", () => zoom(fitting(0)));
  new ResizeObserver(() => chosen || zoom(fitting(LEAST), false)).observe(box);
  zoom(fitting(LEAST), false);
}
const titles = [];

// Everything that a node was computed from, and everything computed from it

let links;
function light(part, on) {
  links ??= steps.slice(0, forward).flatMap((step) => (step.parents ?? []).map((parent, i) => [parent, step.node, step.ends[i]]));
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
function fitting(least) {
  const { width, height } = svg.viewBox.baseVal;
  return Math.max(least, Math.min(1.8, (box.clientWidth - 2) / width, (box.clientHeight - 4) / height));
}
function zoom(to, byHand = true) {
  const { width, height } = svg.viewBox.baseVal;
  chosen = byHand;
  scale = to;
  Object.assign(svg.style, { width: `${width * scale}px`, height: `${height * scale}px`, maxWidth: "none" });
}

function showPart({ element, computed, written, sums, box, tint, lines, title, tips }, seen) {
  const sum = sums.findLast(([k]) => k <= seen);
  element.classList.remove("active");
  element.classList.toggle("todo", seen < computed);
  element.classList.toggle("written", seen >= written);
  if (box && !tint.includes("part")) box.setAttribute("class", seen >= written ? tint : "box none");
  const tip = tips.filter((text, k) => k === 0 || (text.startsWith(", data") ? seen >= computed : seen >= written)).join("");
  if (title.textContent !== tip) title.textContent = tip;
  for (const { line, text, grad, hidden } of lines) {
    const whole = seen >= (grad ? written : computed);
    const shown = whole ? text : grad && sum ? hidden.replace(DASH, `${brief(sum[1])} +`) : hidden;
    if (line.textContent !== shown) line.textContent = shown;
  }
  element.setAttribute("aria-label", say("to-its-steps", { node: [...element.querySelectorAll("text")].map((line) => line.textContent).join(" ") }));
}

function showEdge({ element, computed, passed, value, flow, line, text, behind, wide, named }, seen) {
  const done = passed >= 0 && seen >= passed;
  element.classList.toggle("todo", seen < computed);
  element.classList.toggle("passed", done);
  element.classList.remove("active", "back");
  line.setAttribute("stroke-width", done ? wide : 1.2);
  if (!text || named) return;
  const shown = done ? flow : value;
  if (text.textContent === shown) return;
  text.textContent = shown;
  const long = shown.length * 6.9 + 4;
  behind.setAttribute("width", long);
  behind.setAttribute("x", text.getAttribute("x") - long / 2);
}

// What flows: upstream × local = contribution stands on the wire, and runs along it from right to left, into the sum

let flowing = 0;
function pass(step, first) {
  cancelAnimationFrame(flowing);
  svg.querySelector(".flow")?.remove();
  if (now < forward || first !== now || !step.edges.length || asked) return;
  const { line, text, flow, passed, derivative, named } = edges.get(step.edges[0]);
  const length = line.getTotalLength(), middle = line.getPointAtLength(length / 2);
  const layer = document.createElementNS(SVG, "g");
  layer.setAttribute("class", "flow");
  layer.setAttribute("transform", svg.querySelector(".graph").getAttribute("transform"));
  svg.append(layer);
  const sign = (number) => (number.startsWith("−") ? `(${number})` : number);
  const product = named ? flow : `${sign(brief(nodes[step.by].grad, 4))} × ${sign(derivative)} = ${flow}`;
  const still = tag(layer, now > passed ? `+ ${flow}` : product);
  at(still, { x: +(text?.getAttribute("x") ?? middle.x), y: +(text?.getAttribute("y") ?? middle.y) - 4 });
  if (calm.matches || timer && $("speed").value < 1000) return;
  const moving = tag(layer, flow), begin = performance.now();
  const move = (time) => {
    const part = Math.min(Math.max(time - begin, 0) / 1200, 1);
    at(moving, line.getPointAtLength(length * (1 - part)));
    if (part < 1) flowing = requestAnimationFrame(move);
    else moving.remove();
  };
  move(begin);
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

function reveal(elements) {
  if (!elements.length) return;
  const inner = box.getBoundingClientRect();
  const rects = elements.map((element) => element.getBoundingClientRect());
  let [left, right] = [Math.min(...rects.map((r) => r.left)), Math.max(...rects.map((r) => r.right))];
  let [top, bottom] = [Math.min(...rects.map((r) => r.top)), Math.max(...rects.map((r) => r.bottom))];
  if (right - left > inner.width || bottom - top > inner.height) ({ left, right, top, bottom } = rects[0]);
  const away = (low, high, from, to) => (low < from + 8 || high > to - 8 ? (low + high - from - to) / 2 : 0);
  const x = away(left, right, inner.left, inner.right), y = away(top, bottom, inner.top, inner.bottom);
  if (x || y) box.scrollBy({ left: x, top: y, behavior: calm.matches ? "instant" : "smooth" });
}
