// Two passes in step. What all pages of steps share stands in walk.js

const { difference } = further;
const sides = [...document.querySelectorAll(".pass")].map((section, k) => ({
  section,
  formulas: section.querySelector(".formulas"),
  box: section.querySelector(".picture"),
  svg: section.querySelector("svg.autograd-lite"),
  prefix: k ? "other-" : "",
}));

// The table: a row for each node, with both grads

function visit(indices) {
  const found = concerning(new Set(indices));
  go(found.find((k) => k > now) ?? found[0]);
}

function showRow(node, active) {
  const whole = now >= node.written;
  node.cells.forEach((cell, side) => (cell.textContent = whole ? printed(node.grads[side]) : DASH));
  node.cells[1].classList.toggle("wrong", whole && node.differs > 0);
  node.row.classList.toggle("fault", whole && node.differs > 1);
  if (active && !node.row.classList.contains("active")) within($("table"), node.row);
  node.row.classList.toggle("active", active);
}

// The pictures: in each an element for one node or a collapsed part

function picture({ svg, prefix, box }) {
  const parts = [...partsOf(svg, prefix).values()];
  for (const part of parts) {
    part.differs = Math.max(...part.indices.map((k) => nodes[k].differs));
    part.tint = part.box?.getAttribute("class");
    part.element.querySelector("title").remove(); // it has the grad, and would be the name that is read aloud
  }
  for (const line of svg.querySelectorAll(".cluster .title")) line.textContent = line.textContent.replace(/ · ‖.*$/, "");
  const fit = () => setScale(svg, scaleWithin(box, svg, 0.85, 2));
  new ResizeObserver(fit).observe(box);
  fit();
  return parts;
}

function showPart({ element, computed, written, differs, box, tint, lines }, wrong) {
  const whole = now >= written;
  element.classList.remove("active");
  element.classList.toggle("todo", now < computed);
  element.classList.toggle("written", whole);
  element.classList.toggle("wrong", wrong && whole && differs > 0);
  element.classList.toggle("fault", wrong && whole && differs > 1);
  if (box && !tint.includes("part")) box.setAttribute("class", whole ? tint : "box none");
  for (const { line, text, start, grad } of lines) line.textContent = now >= (grad ? written : computed) ? text : start + DASH;
}

// Showing a step, and going to one

function show() {
  const step = steps[now], back = now >= forward;
  $("words").textContent = step.words;
  showPlace();
  $("difference").disabled = difference < 0;
  for (const k of order) showRow(nodes[k], k === step.node);
  sides.forEach((side, k) => {
    side.formulas.innerHTML = step.formulas[k];
    if (k) side.formulas.prepend(...(step.told ?? []).map((text) => create("p", text, side.formulas)));
    side.section.classList.toggle("differs", k === 1 && step.differs === true);
    if (!side.svg) return;
    for (const part of side.parts) showPart(part, k === 1);
    for (const edge of side.svg.querySelectorAll(".edge.active")) edge.classList.remove("active", "back");
    const active = [step.node, step.by].filter((at) => at >= 0).map((at) => $(side.prefix + nodes[at].element));
    for (const element of active) element.classList.add("active");
    for (const id of step.edges ?? []) $(side.prefix + id).classList.add("active", ...(back ? ["back"] : []));
    reveal(side.box, active, 0, "instant");
    side.brought = placeOf(side);
  });
}

function go(k) {
  now = Math.max(0, Math.min(steps.length - 1, k));
  show();
  setAddress();
}

listen({
  first: () => go(0),
  back: () => go(now - 1),
  forward: () => go(now + 1),
  last: () => go(steps.length - 1),
  turn: () => go(forward),
  difference: () => difference < 0 || go(difference),
}, { d: "difference" });
$("slider").addEventListener("input", () => go(Number($("slider").value) - 1));
const fromAddress = () => Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? 0) - 1;
addEventListener("hashchange", () => fromAddress() >= 0 && fromAddress() !== now && go(fromAddress()));
addEventListener("beforeprint", () => go(steps.length - 1));

// What is seen of one picture is seen of the other. A page hears of a scroll a frame later: that of a picture which was brought
// along is not passed back, for the hand may be further by then

const placeOf = ({ box }) => `${box.scrollLeft} ${box.scrollTop}`;

if (sides.every((side) => side.svg)) {
  for (const side of sides) side.parts = picture(side);
  sides.forEach((side, k) => {
    const other = sides[1 - k];
    side.box.addEventListener("scroll", () => {
      const isBrought = side.brought === placeOf(side);
      side.brought = undefined;
      if (isBrought) return;
      other.box.scrollTo(side.box.scrollLeft, side.box.scrollTop);
      other.brought = placeOf(other);
    });
  });
} else for (const side of sides) side.svg = null;
table("side-table", ["right-grad", "wrong-grad"]);
go(fromAddress() >= 0 ? fromAddress() : Math.max(difference, 0));
