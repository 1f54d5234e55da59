// Where everything stands, in the page: a layered layout from left to right of what is open now.
//
// As in Python's `layout`, a frame is laid out by itself, the innermost first, and is then one item of the frame around it, as a
// closed one is without that; arrows enter and leave it through ports at its sides, and take a place in each column that they
// pass. A column too high for the window's shape is split into several, a line too long is broken into rows, as a text is.

const HEADER = 28, SWEEPS = 6;
const MANY_CELLS = 10000; // with more, the sweeps are few
const MOST_CELLS = 60000; // so many places do arrows take at most; where it were more, the long ones run behind everything

const grouped = (items, keyOf) => {
  const found = new Map();
  for (const item of items) {
    const key = keyOf(item);
    found.has(key) ? found.get(key).push(item) : found.set(key, [item]);
  }
  return found;
};

// Sets `place` of pieces and `box` of frames, both undefined where a frame around is closed. Returns the strokes that arrows are
// drawn by: what arrows from one item have in common is one, `before` those that lead on to where each arrives, with a `tip`.
// shape: the width of what it is to fill, by its height.
function layOut(pieces, frames, wires, shape) {
  const count = pieces.length, root = count + frames.length; // items: the pieces, then the frames, then all of it
  const itemOf = (frame) => (frame < 0 ? root : count + frame);
  const around = (item) => itemOf(item < count ? pieces[item].group : frames[item - count].parent);
  const chain = (item) => {
    const found = [item];
    while (found.at(-1) !== root) found.push(around(found.at(-1)));
    return found;
  };
  const shownAs = itemsShown(pieces, frames);
  const contents = new Map([[root, []]]), sizes = new Map(), key = new Map(), ports = new Map(), places = new Map();
  shownAs.forEach((shown, k) => {
    sizes.set(shown, shown < count ? [pieces[k].w, pieces[k].h] : frames[shown - count].size);
    for (let item = shown; item !== root && !key.has(item); item = around(item)) {
      key.set(item, k);
      contents.has(around(item)) ? contents.get(around(item)).push(item) : contents.set(around(item), [item]);
    }
  });
  const arrows = arrowsBetween(shownAs, wires, count);
  const segments = new Map([...contents.keys()].map((group) => [group, new Map()])), strokes = [];
  for (const arrow of arrows) route(arrow);
  const groups = [...contents.keys()].sort((a, b) => chain(b).length - chain(a).length);
  for (const group of groups) arrange(group, [...segments.get(group).values()]);
  return finish();

  // Whether an arrow ends there: not at a port, nor at an open frame
  function isEnd(end) {
    return sizes.has(end) && !contents.has(end);
  }

  // The way of an arrow: within each group, from an item or from the left, to an item or to the right
  function route(arrow) {
    arrow.way = [];
    if (arrow.tail === arrow.head) return;
    const up = chain(arrow.tail), down = chain(arrow.head);
    let i = up.length - 1, j = down.length - 1;
    while (up[i - 1] === down[j - 1]) i -= 1, j -= 1;
    const steps = up.slice(1, i).map((group, k) => [group, up[k], `right${arrow.tail}`]);
    steps.push([up[i], up[i - 1], down[j - 1]]);
    for (let k = j - 1; k > 0; k -= 1) steps.push([down[k], `left${arrow.tail}`, down[k - 1]]);
    for (const [group, from, to] of steps) {
      const own = `${to} ${arrow.tail} ${isEnd(to) ? arrow.number : ""}`; // into a frame, all from one item are one
      const known = segments.get(group);
      if (!known.has(own)) known.set(own, { tail: arrow.tail, from, to, arrow });
      arrow.way.push(known.get(own));
    }
  }

  // The columns of the items of a group: after what leads to them, unless there is a cycle
  function ranks(group, segments) {
    const items = contents.get(group), next = new Map(items.map((item) => [item, new Set()])), entered = new Set();
    for (const { from, to, arrow } of segments) {
      if (next.has(from) && next.has(to) && !arrow.delay) next.get(from).add(to);
      if (!next.has(from)) entered.add(to);
    }
    const order = withoutCycles(next), rank = new Map(items.map((item) => [item, 0]));
    for (const item of order) {
      for (const to of next.get(item)) {
        rank.set(to, Math.max(rank.get(to), rank.get(item) + 1));
        entered.add(to);
      }
    }
    for (const item of order.reverse()) { // what nothing leads to stands just before what it leads to
      const to = [...next.get(item)];
      if (!entered.has(item) && to.length) rank.set(item, lowest(to.map((other) => rank.get(other))) - 1);
    }
    const columns = [...grouped(items, (item) => rank.get(item))].sort(([a], [b]) => a - b).map(([, column]) => column);
    return new Map(inShape(columns).flatMap((column, k) => column.map((item) => [item, k])));
  }

  // The columns, those that are too high split into several
  function inShape(columns) {
    const highOf = (item) => sizes.get(item)[1] + GAP, high = (column) => sum(column.map(highOf));
    const split = (limit) => columns.flatMap((column) => {
      const found = [];
      let reached = Infinity;
      for (const item of column) {
        reached += highOf(item);
        if (reached > limit) found.push([]), reached = highOf(item);
        found.at(-1).push(item);
      }
      return found;
    });
    const wrong = (found) => { // each part of a column has arrows from and to the others pass
      const wide = sum(found.map((column) => highest(column.map((item) => sizes.get(item)[0])) + 4 * ROOM));
      const most = highest(columns.map(({ length }) => length)) * LINE_GAP * (found.length > columns.length);
      return Math.abs(Math.log(wide / (highest(found.map(high), 1) + most) / shape));
    };
    let best = columns;
    for (let parts = 2; parts <= 64 && wrong(columns) > Math.LN2; parts *= 1.25) {
      const found = split(highest(columns.map(high)) / parts);
      if (wrong(found) >= wrong(best)) break;
      best = found;
    }
    return best;
  }

  function arrange(group, segments) {
    const rank = ranks(group, segments), last = 2 * highest([...rank.values()]) + 4, ends = new Map(), passing = new Map();
    for (const [item, column] of rank) ends.set(item, newCell(2 * column + 2, key.get(item), sizes.get(item)));
    for (const { from, to, tail } of segments) {
      if (!ends.has(from)) ends.set(from, newCell(0, key.get(tail), [0, 0], true));
      if (!ends.has(to)) ends.set(to, newCell(last, key.get(tail), [0, 0], true));
    }
    const span = ({ from, to }) => ends.get(to).column - ends.get(from).column;
    const spans = [...grouped(segments, ({ tail }) => tail).values()];
    const reach = sum(spans.map((own) => highest(own.map(span))));
    const longest = reach > MOST_CELLS ? 24 : Infinity;
    for (const segment of segments) {
      const { tail, from, to, arrow } = segment, source = ends.get(from), target = ends.get(to);
      const length = target.column - source.column;
      segment.isDirect = length <= 0 || length > longest;
      segment.cells = [target];
      let column = segment.isDirect ? source.column : target.column - 1;
      for (; column > source.column; column -= 1) {
        const name = `${tail} ${column}`, known = passing.get(name);
        const isLabelled = column === target.column - 1 && isEnd(to) && arrow.text;
        const free = () => known ?? newCell(column, source.key, [0, 0], true);
        const cell = isLabelled ? newCell(column, key.get(tail), arrow.labelSize) : free();
        segment.cells.unshift(cell);
        if (isLabelled) continue;
        if (known) break; // from the source to there it is the way of another arrow
        passing.set(name, cell);
      }
      if (column === source.column) segment.cells.unshift(source);
      if (!segment.isDirect) join(segment, ends);
    }
    const columns = Array.from({ length: last + 1 }, () => []);
    for (const cell of new Set([...ends.values(), ...segments.flatMap(({ cells }) => cells)])) columns[cell.column].push(cell);
    const sweeps = passing.size < MANY_CELLS ? SWEEPS : 2;
    orderCells(columns, sweeps);
    setHeights(columns, sweeps);
    level(columns);
    place(group, ends, columns, segments);
  }

  // Where an arrow meets an item, from its middle: an open frame at its port
  function meeting(item, side, tail) {
    return contents.has(item) ? ports.get(`${item} ${side}${tail}`) - sizes.get(item)[1] / 2 : 0;
  }

  function join({ cells, from, to, tail }, ends) {
    for (let k = 1; k < cells.length; k += 1) {
      const [a, b] = [cells[k - 1], cells[k]];
      const own = a === ends.get(from) ? meeting(from, "right", tail) : 0;
      const other = b === ends.get(to) ? meeting(to, "left", tail) : 0;
      a.after.push([b, other, own]);
      b.before.push([a, own, other]);
    }
  }

  // Sizes, places and the points of the segments, from the cells
  function place(group, ends, columns, segments) {
    const bounds = setColumns(columns), rows = inRows(columns, bounds, segments, shape);
    const all = columns.flat(), margin = group === root ? 0 : GAP;
    const title = group === root ? 0 : frames[group - count].size[0];
    const inner = highest(bounds.map(([, right]) => right)) + (rows ? 2 * TURN : 0), width = Math.max(inner + 2 * margin, title);
    const dx = (width - inner) / 2 + (rows ? TURN : 0), dy = (group === root ? 0 : HEADER) - topOf(all);
    for (const cell of all) cell.x += dx, cell.y += dy;
    for (const bound of bounds) bound[0] += dx, bound[1] += dx;
    for (const row of rows ?? []) row.lane += dy, row.left += dx;
    sizes.set(group, [width, bottomOf(all) + margin]);
    for (const [end, cell] of ends) {
      if (sizes.has(end)) places.set(end, [cell.x - cell.width / 2, cell.y - cell.height / 2]);
      else ports.set(`${group} ${end}`, cell.y);
    }
    const heights = arriving(ends, segments);
    bounds[0] = [0, 0], bounds[bounds.length - 1] = [width, width];
    const points = (segment, cells) => run(segment, cells, ends, bounds, heights, rows), strokeTo = new Map();
    for (const segment of segments) {
      const { cells } = segment;
      let start = 0;
      for (let k = 1; k < cells.length; k += 1) {
        if (k < cells.length - 1 && cells[k].after.length < 2) continue; // another arrow leaves the way at this place
        const own = { group, segment, before: cells[start], points: points(segment, cells.slice(start, k + 1)) };
        if (k < cells.length - 1) strokeTo.set(cells[k], own);
        strokes.push(own);
        start = k;
      }
      segment.stroke = strokes.at(-1);
    }
    for (const stroke of strokes) if (stroke.group === group) stroke.before = strokeTo.get(stroke.before);
  }

  // The height at which each segment meets the piece it leads to: side by side, in the order in which they come
  function arriving(ends, segments) {
    const heights = new Map();
    for (const [item, coming] of grouped(segments.filter(({ to }) => sizes.has(to) && !contents.has(to)), ({ to }) => to)) {
      const { y, height } = ends.get(item), room = Math.min(0.8 * height, 12 * coming.length);
      coming.sort((a, b) => a.cells.at(-2).y - b.cells.at(-2).y);
      coming.forEach((segment, k) => heights.set(segment, y + ((k + 0.5) / coming.length - 0.5) * room));
    }
    return heights;
  }

  // The points of some of a segment's way
  function run(segment, [first, ...rest], ends, bounds, heights, rows) {
    const { tail, from, to } = segment, points = [];
    // a port is at the border
    const edge = (cell, side) => (cell.isLine ? bounds[cell.column][0] : cell.x + side * cell.width / 2);
    if (first === ends.get(from)) points.push([edge(first, 1), first.y + meeting(from, "right", tail)]);
    points.push([bounds[first.column][1], points[0]?.[1] ?? first.y]);
    let before = first;
    for (const cell of rest) {
      const isTarget = cell === ends.get(to), [left, right] = bounds[cell.column];
      const y = isTarget ? heights.get(segment) ?? cell.y + meeting(to, "left", tail) : cell.y;
      if (!segment.isDirect && cell.row > before.row) { // to the next row, by the arrow's lane between the two
        const { lane, left: start, lanes } = rows[before.row], at = lane + LANE * lanes.get(tail);
        points.push([points.at(-1)[0], at], [start - TURN, at], [start - TURN, y]);
      }
      points.push(...(isTarget ? [[left - (cell.isLine ? 0 : ROOM), y], [edge(cell, -1), y]] : [[left, y], [right, y]]));
      before = cell;
    }
    return points;
  }

  function finish() {
    const origin = new Map([[root, [0, 0]]]);
    for (const piece of pieces) piece.place = undefined;
    for (const frame of frames) frame.box = undefined;
    for (const group of groups.reverse()) {
      const [x, y] = origin.get(group);
      for (const item of contents.get(group)) {
        const [left, top] = [x + places.get(item)[0], y + places.get(item)[1]], [width, height] = sizes.get(item);
        const box = [left, top, left + width, top + height];
        origin.set(item, box);
        item < count ? (pieces[item].place = box) : (frames[item - count].box = box);
      }
    }
    for (const stroke of strokes) {
      const [x, y] = origin.get(stroke.group), { arrow, to, cells } = stroke.segment;
      const moved = ([px, py]) => [px + x, py + y];
      stroke.path = curve(stroke.points.map(moved));
      stroke.tip = stroke.segment.stroke === stroke && isEnd(to);
      stroke.text = stroke.tip ? arrow.text : "";
      stroke.label = cells.length > 2 || !stroke.segment.isDirect ? moved([cells.at(-2).x, cells.at(-2).y]) : stroke.path.at(-1);
    }
    for (const arrow of arrows.filter(({ tail, head }) => tail === head)) {
      const path = loop(pieces[arrow.tail].place), [x, y] = path[1];
      const stroke = { path, tip: true, text: arrow.text, label: [x, y + 12] };
      arrow.way.push({ stroke });
      strokes.push(stroke);
    }
    for (const { way, width, lane, delay, wires } of arrows) {
      for (const { stroke } of way) {
        for (let own = stroke; own; own = own.before) Object.assign(own, { lane, delay, width: Math.max(own.width ?? 0, width) });
        for (const wire of wires) (wire.strokes ??= []).push(stroke);
      }
    }
    return strokes;
  }
}

// Of each piece the item that it is seen as: itself, or a closed frame
function itemsShown(pieces, frames) {
  return pieces.map(({ group }, k) => (closedAround(frames, group) < 0 ? k : pieces.length + closedAround(frames, group)));
}

// The outermost closed frame around a piece or a frame, itself among them, or -1
function closedAround(frames, k) {
  let found = -1;
  for (; k >= 0; k = frames[k].parent) if (frames[k].closed) found = k;
  return found;
}

// Each wire between two pieces that are seen, and those from or to a closed frame as one
function arrowsBetween(shownAs, wires, count) {
  const found = new Map();
  wires.forEach((wire, k) => {
    const tail = shownAs[wire.tail], head = shownAs[wire.head], single = tail < count && head < count;
    if (tail === head && !(single && wire.delay)) return;
    const name = single ? k : `${tail} ${head}`;
    if (!found.has(name)) found.set(name, { tail, head, number: found.size, wires: [] });
    found.get(name).wires.push(wire);
  });
  for (const arrow of found.values()) {
    const [{ text, lane, delay }, ...more] = arrow.wires;
    const width = highest(arrow.wires.map((wire) => wire.width));
    Object.assign(arrow, { lane, delay, width, text: more.length ? `×${more.length + 1}` : text });
    arrow.labelSize = [6.8 * arrow.text.length + 4, 15];
  }
  return [...found.values()];
}

// The items in topological order; a step that closes a cycle is taken out
function withoutCycles(next) {
  const order = [], state = new Map(), ledTo = new Set([...next.values()].flatMap((to) => [...to]));
  for (const start of [...next.keys()].sort((a, b) => ledTo.has(a) - ledTo.has(b))) {
    const path = state.has(start) ? [] : [[start, [...next.get(start)]]];
    state.set(start, state.get(start) ?? "on the path");
    while (path.length) {
      const [item, rest] = path.at(-1), to = rest.pop();
      if (to === undefined) {
        state.set(item, "done");
        order.push(item);
        path.pop();
      } else if (state.get(to) === "on the path") next.get(item).delete(to);
      else if (!state.has(to)) {
        state.set(to, "on the path");
        path.push([to, [...next.get(to)]]);
      }
    }
  }
  return order.reverse();
}

// Bezier curves through the points, level at each of them; between two that stand above each other an arrow swings out
function curve(points) {
  const apart = points.filter(([x, y], k) => !k || x !== points[k - 1][0] || y !== points[k - 1][1]);
  const bent = apart.filter(([, y], k) => !apart[k - 1] || !apart[k + 1] || y !== apart[k - 1][1] || y !== apart[k + 1][1]);
  const found = [bent[0]];
  let out = 1;
  for (let k = 1; k < bent.length; k += 1) {
    const [[x, y], [toX, toY]] = [bent[k - 1], bent[k]], far = Math.min(Math.max((x - toX) / 3, 40), 200);
    const backward = toX < x && y !== toY;
    const middle = toX === x ? x + out * TURN : (x + toX) / 2;
    found.push(...(backward ? [[x + far, y], [toX - far, toY]] : [[middle, y], [middle, toY]]), [toX, toY]);
    if (toX !== x) out = Math.sign(toX - x);
  }
  return found;
}

// From a piece, over it, to itself
function loop([left, top, right, bottom]) {
  const y = (top + bottom) / 2;
  return [[right, y], [right + 30, top - 30], [left - 30, top - 30], [left, y]];
}
