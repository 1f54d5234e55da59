// What the page shows and what a hand does to it. Its data are tables, whose rows become objects.

const objects = ({ columns, rows }) => rows.map((row) => Object.fromEntries(row.map((cell, k) => [columns[k], cell])));
const { tints, colors, lanes, sentences, ...tables } = JSON.parse(document.getElementById("data").textContent);
const [pieces, wires, frames] = [tables.pieces, tables.wires, tables.frames].map(objects);
const $ = (id) => document.getElementById(id);
const canvas = $("graph"), map = $("map"), pen = canvas.getContext("2d"), mapPen = map.getContext("2d");
const dark = matchMedia("(prefers-color-scheme: dark)");
const shade = (pair) => pair[+dark.matches];

// Each piece and wire with those beside it; each frame with all that is in it, and its size without: that of its title

for (const piece of pieces) piece.out = [], piece.into = [];
for (const wire of wires) pieces[wire.tail].out.push(wire), pieces[wire.head].into.push(wire);
pen.font = "bold 13px Arial, sans-serif";
for (const frame of frames) {
  frame.depth = frame.parent < 0 ? 0 : frames[frame.parent].depth + 1;
  frame.size = [pen.measureText(frame.title).width + 44, 48];
  frame.pieces = [];
}
for (const piece of pieces) for (let k = piece.group; k >= 0; k = frames[k].parent) frames[k].pieces.push(piece);

// Where everything stands, and how far it reaches

let strokes = [], bounds = [0, 0, 1, 1];

function arrange() {
  for (const wire of wires) wire.strokes = [];
  strokes = layOut(pieces, frames, wires, Math.min(Math.max(canvas.clientWidth / canvas.clientHeight, 0.5), 2.5));
  const boxes = [...pieces.map(({ place }) => place), ...frames.map(({ box }) => box)].filter(Boolean);
  for (const stroke of strokes) {
    const xs = stroke.path.map(([x]) => x), ys = stroke.path.map(([, y]) => y);
    stroke.box = [lowest(xs), lowest(ys), highest(xs, -Infinity), highest(ys, -Infinity)];
    boxes.push(stroke.box);
    stroke.curve = new Path2D();
    stroke.curve.moveTo(xs[0], ys[0]);
    for (let k = 1; k + 2 < xs.length; k += 3) {
      stroke.curve.bezierCurveTo(xs[k], ys[k], xs[k + 1], ys[k + 1], xs[k + 2], ys[k + 2]);
    }
  }
  const sides = [0, 1, 2, 3].map((k) => boxes.map((box) => box[k]));
  bounds = [lowest(sides[0]), lowest(sides[1]), highest(sides[2], -Infinity), highest(sides[3], -Infinity)];
  const size = Math.min(220 / (bounds[2] - bounds[0]), 160 / (bounds[3] - bounds[1]));
  [map.width, map.height] = [Math.max((bounds[2] - bounds[0]) * size, 12), Math.max((bounds[3] - bounds[1]) * size, 12)];
}

// The view: the scale, and what is at the upper left

let scale = 1, left = 0, above = 0, wide = 0, high = 0, lit = new Set(), litStrokes = new Set(), hovered, held, waiting = 0;
const redraw = () => (waiting ||= requestAnimationFrame(isSlow ? move : draw));

// What takes long to draw is moved as it is, and drawn anew where the hand rests

const SLOW = 100, RESTS = 200; // milliseconds
const copy = document.createElement("canvas");
let isSlow = false, drawn, resting = 0;

function keep(start) {
  isSlow = performance.now() - start > SLOW;
  if (!isSlow) return;
  [copy.width, copy.height] = [canvas.width, canvas.height];
  if (copy.width && copy.height) copy.getContext("2d").drawImage(canvas, 0, 0);
  drawn = { scale, left, above };
}

function move() {
  waiting = 0;
  const larger = scale / drawn.scale, pixels = scale * devicePixelRatio;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (copy.width && copy.height) {
    const [x, y] = [(drawn.left - left) * pixels, (drawn.above - above) * pixels];
    pen.drawImage(copy, x, y, copy.width * larger, copy.height * larger);
  }
  clearTimeout(resting);
  resting = setTimeout(draw, RESTS);
}

function resize() {
  const ratio = devicePixelRatio;
  [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  [canvas.width, canvas.height] = [wide * ratio, high * ratio];
  redraw();
}

function fit([x0, y0, x1, y1] = bounds, most = 1.6) {
  scale = Math.min((wide - 30) / (x1 - x0), (high - 30) / (y1 - y0), most);
  left = (x0 + x1) / 2 - wide / scale / 2;
  above = (y0 + y1) / 2 - high / scale / 2;
  redraw();
}

function zoom(factor, x = wide / 2, y = high / 2) {
  const to = Math.min(Math.max(scale * factor, 1e-3), 8);
  left += x / scale - x / to;
  above += y / scale - y / to;
  scale = to;
  redraw();
}

function draw() {
  const start = performance.now();
  waiting = 0;
  const ratio = devicePixelRatio, style = getComputedStyle(document.body);
  const [ink, page, active] = ["--ink", "--page", "--active"].map((name) => style.getPropertyValue(name));
  const seen = ([x0, y0, x1, y1]) => x1 > left && x0 < left + wide / scale && y1 > above && y0 < above + high / scale;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, wide, high);
  pen.setTransform(ratio * scale, 0, 0, ratio * scale, -left * scale * ratio, -above * scale * ratio);
  const hairline = Math.max(1, 0.6 / scale);
  for (const frame of frames) {
    if (!frame.box || frame.closed || !seen(frame.box)) continue;
    rounded(frame.box, 8, shade(colors.open), shade(colors.line), hairline);
    title(frame, ink);
  }
  for (const stroke of strokes) {
    if (!seen(stroke.box)) continue;
    const own = litStrokes.has(stroke);
    pen.strokeStyle = own ? active : stroke.lane >= 0 ? shade(lanes[stroke.lane]) : shade(colors[stroke.delay ? "loop" : "line"]);
    pen.lineWidth = Math.max(stroke.width * (own ? 2 : 1), hairline * 0.7);
    pen.setLineDash(stroke.delay ? [7, 4] : []);
    pen.stroke(stroke.curve);
    if (scale > 0.25 && stroke.tip) tip(stroke, pen.strokeStyle);
  }
  pen.setLineDash([]);
  pen.textAlign = "center";
  for (const { text, label: [x, y] } of strokes) {
    if (!text || scale < 0.45 || !seen([x - 30, y - 9, x + 30, y + 9])) continue;
    pen.font = "12px Arial, sans-serif";
    const length = pen.measureText(text).width + 4;
    pen.fillStyle = page;
    pen.fillRect(x - length / 2, y - 7, length, 14);
    pen.fillStyle = ink;
    pen.fillText(text, x, y + 4);
  }
  for (const piece of pieces) {
    if (!piece.place || !seen(piece.place)) continue;
    const [x, y] = piece.place, edge = lit.has(piece) ? active : shade(piece.tint === "odd" ? colors.odd : colors.rim);
    const radius = piece.kind === "leaf" ? 2 : 14, width = lit.has(piece) ? 4 : hairline;
    if (piece.kind !== "const") rounded(piece.place, radius, shade(tints[piece.tint]), edge, width);
    if (scale < 0.3) continue;
    pen.fillStyle = ink;
    const isTitle = (k) => k === 0 && piece.lines.length > 1;
    piece.lines.forEach((line, k) => write(line, x + piece.w / 2, y + 17 + 16 * k, isTitle(k) ? "bold 14px" : "13px"));
  }
  for (const frame of frames) {
    if (!frame.box || !frame.closed || !seen(frame.box)) continue;
    const own = frame.pieces.some((piece) => lit.has(piece)), [x, y] = frame.box;
    rounded(frame.box, 8, shade(tints.part), own ? active : shade(colors.rim), own ? 4 : 2 * hairline);
    if (scale < 0.3) continue;
    title(frame, ink);
    pen.font = "13px Arial, sans-serif";
    pen.fillText(told(frame.pieces.length), x + 29, y + 36);
  }
  drawMap(ink, active);
  keep(start);
}

// A line of text, subscripts lower and smaller

const sunk = { sub: 3, sup: -5 };
function write(runs, x, y, size) {
  const font = (kind) => `${sunk[kind] ? size.replace(/\d+/, (pixels) => pixels * 0.75) : size} Arial, sans-serif`;
  const width = ([text, kind]) => ((pen.font = font(kind)), pen.measureText(text).width);
  x -= sum(runs.map(width)) / 2;
  pen.textAlign = "left";
  for (const run of runs) {
    const wide = width(run);
    pen.fillText(run[0], x, y + (sunk[run[1]] ?? 0));
    x += wide;
  }
}

function rounded([x0, y0, x1, y1], radius, fill, edge, width) {
  pen.beginPath();
  pen.roundRect(x0, y0, x1 - x0, y1 - y0, radius);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

function title(frame, ink) {
  if (scale < 0.3) return;
  pen.textAlign = "left";
  pen.font = "bold 13px Arial, sans-serif";
  pen.fillStyle = ink;
  pen.fillText(`${frame.closed ? "▸" : "▾"} ${frame.title}`, frame.box[0] + 12, frame.box[1] + 18);
}

function tip({ path }, color) {
  const [x, y] = path.at(-1), [fromX, fromY] = path.findLast(([a, b]) => a !== x || b !== y);
  const angle = Math.atan2(y - fromY, x - fromX);
  pen.fillStyle = color;
  pen.beginPath();
  pen.moveTo(x, y);
  for (const side of [2.75, -2.75]) pen.lineTo(x + 9 * Math.cos(angle + side), y + 9 * Math.sin(angle + side));
  pen.fill();
}

function drawMap(ink, active) {
  const size = map.width / (bounds[2] - bounds[0]);
  mapPen.clearRect(0, 0, map.width, map.height);
  const block = ([x0, y0, x1, y1], color) => {
    mapPen.fillStyle = color;
    const [width, height] = [x1 - x0, y1 - y0].map((length) => Math.max(length * size, 1));
    mapPen.fillRect((x0 - bounds[0]) * size, (y0 - bounds[1]) * size, width, height);
  };
  for (const frame of frames) {
    if (frame.box && frame.closed) block(frame.box, frame.pieces.some((piece) => lit.has(piece)) ? active : shade(tints.none));
  }
  for (const piece of pieces) {
    const tint = piece.kind === "const" || piece.tint === "zero" ? tints.none : tints[piece.tint];
    if (piece.place) block(piece.place, lit.has(piece) ? active : shade(tint));
  }
  mapPen.strokeStyle = active;
  mapPen.lineWidth = 2;
  mapPen.strokeRect((left - bounds[0]) * size, (above - bounds[1]) * size, wide / scale * size, high / scale * size);
}

// The hand: what is under it, everything on the way to and from that, dragging, opening

const within = (box, x, y) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
const pieceAt = (x, y) => pieces.find(({ place }) => place && within(place, x, y));
const closedAt = (x, y) => frames.find(({ box, closed }) => box && closed && within(box, x, y));
const frameAt = (x, y) => closedAt(x, y) ?? frames.findLast(({ box }) => box && within(box, x, y) && y < box[1] + HEADER);
const say = (key, fields) => sentences[key].replace(/\{(\w+)\}/g, (whole, name) => fields[name]);
const told = (count) => say(count === 1 ? "one-node" : "several-nodes", { count });
const tipOf = (thing) => thing.tip ?? say("part-of", { part: thing.title, nodes: told(thing.pieces.length) });
const place = (event) => [event.offsetX / scale + left, event.offsetY / scale + above];

function light(own) {
  hovered = undefined;
  lit = new Set(own);
  litStrokes = new Set();
  const follow = (from, to) => {
    const pending = [...own], found = new Set(own);
    while (pending.length) {
      for (const wire of pending.pop()[from]) {
        for (let stroke of wire.strokes) for (; stroke && !litStrokes.has(stroke); stroke = stroke.before) litStrokes.add(stroke);
        const next = pieces[wire[to]];
        if (!found.has(next)) found.add(next), lit.add(next), pending.push(next);
      }
    }
  };
  follow("out", "head");
  follow("into", "tail");
  redraw();
}
canvas.addEventListener("pointermove", (event) => {
  if (held) {
    left -= (event.offsetX - held.x) / scale;
    above -= (event.offsetY - held.y) / scale;
    held = { x: event.offsetX, y: event.offsetY, moved: held.moved + Math.abs(event.movementX) + Math.abs(event.movementY) };
    return redraw();
  }
  const at = place(event), under = pieceAt(...at) ?? closedAt(...at);
  if (under === hovered) return;
  $("told").textContent = under ? tipOf(under) : "";
  light(under?.pieces ?? (under ? [under] : []));
  hovered = under;
});
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  held = { x: event.offsetX, y: event.offsetY, moved: 0 };
});
canvas.addEventListener("pointerup", (event) => {
  const click = held && held.moved < 4;
  held = undefined;
  if (!click || pieceAt(...place(event))) return;
  const frame = frameAt(...place(event));
  if (frame) toggle(frame);
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
}, { passive: false });
map.addEventListener("pointerdown", (event) => {
  const size = map.width / (bounds[2] - bounds[0]);
  left = event.offsetX / size + bounds[0] - wide / scale / 2;
  above = event.offsetY / size + bounds[1] - high / scale / 2;
  redraw();
});

// A part is opened or closed, and everything makes room: its corner stays under the hand

function toggle(frame) {
  const [x, y] = frame.box;
  set([frame], !frame.closed, () => {
    left += frame.box[0] - x;
    above += frame.box[1] - y;
    light([]);
  });
}
function all(closed) {
  set(frames, closed, () => {
    light([]);
    fit();
  });
}

// Closes or opens some frames, and lays out what is to be seen then; of very much only if that is wanted

const MANY = 10000; // so many arrows take seconds
function set(some, closed, after) {
  const change = () => {
    for (const frame of some) frame.closed = closed;
  };
  const before = frames.map((frame) => frame.closed), done = () => (arrange(), after());
  change();
  const shown = toBeSeen();
  if (shown.arrows < MANY) return done();
  frames.forEach((frame, k) => (frame.closed = before[k]));
  ask(shown, () => (change(), wait(shown, done)));
}

function toBeSeen() {
  const items = itemsShown(pieces, frames);
  return { nodes: new Set(items).size, arrows: arrowsBetween(items, wires, pieces.length).length };
}

function ask(shown, then) {
  $("many").textContent = say("open-many", counted(shown));
  $("yes").onclick = () => ($("ask").close(), then());
  $("no").onclick = () => $("ask").close();
  $("ask").showModal();
}

function wait(shown, then) { // the page says so before it stands still
  $("told").textContent = say("laying-out", counted(shown));
  requestAnimationFrame(() => setTimeout(() => {
    $("told").textContent = "";
    then();
  }));
}
const counted = (shown) => Object.fromEntries(Object.entries(shown).map(([name, number]) => [name, number.toLocaleString("en")]));

$("open").addEventListener("click", () => all(false));
$("close").addEventListener("click", () => all(true));
$("fit").addEventListener("click", () => fit());

// A node by its label, or a part by its title: what is around it is opened, and Enter opens or closes the part itself

const found = [...pieces.map(({ label }) => label), ...frames.map(({ part }) => part)]
  .map((name) => name.toLowerCase());
let last = -1, chosen;
function find() {
  const wanted = $("search").value.trim().toLowerCase();
  const order = found.map((_, k) => (k + last + 1) % found.length);
  const k = wanted ? order.find((k) => found[k] === wanted) ?? order.find((k) => found[k].includes(wanted)) : undefined;
  if (k === undefined) return void ($("told").textContent = wanted ? say("no-such-label", { label: $("search").value }) : "");
  last = k;
  const piece = pieces[k], part = frames[k - pieces.length];
  const around = [];
  for (let k = piece?.group ?? part.parent; k >= 0; k = frames[k].parent) around.push(frames[k]);
  chosen = part ?? frames[piece.group];
  set(around, false, () => {
    const [x0, y0, x1, y1] = piece?.place ?? part.box;
    fit([x0 - 300, y0 - 200, x1 + 300, y1 + 200], 1.2);
    $("told").textContent = tipOf(piece ?? part);
    light(part?.pieces ?? [piece]);
  });
}
$("next").addEventListener("click", find);
$("search").addEventListener("keydown", (event) => event.key === "Enter" && find());

const moves = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
canvas.addEventListener("keydown", (event) => {
  if (moves[event.key]) [left, above] = [left + moves[event.key][0] / scale, above + moves[event.key][1] / scale];
  else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (event.key === "0") fit();
  else if (event.key === "Enter" && chosen?.box) toggle(chosen);
  else return;
  event.preventDefault();
  redraw();
});
dark.addEventListener("change", redraw);
new ResizeObserver(resize).observe(canvas);

// As many levels of parts are open as can be seen at once

const visible = (depth) => pieces.filter(({ group }) => group < 0 || frames[group].depth < depth).length
  + frames.filter((frame) => frame.depth === depth).length;
let open = highest(frames.map(({ depth }) => depth + 1));
while (open && visible(open) > 150) open -= 1;
for (const frame of frames) frame.closed = frame.depth >= open;
const start = () => {
  arrange();
  resize();
  fit();
};
if (toBeSeen().arrows < MANY) start();
else wait(toBeSeen(), start);
