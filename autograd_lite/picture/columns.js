// The columns of a layout in the page: the order of their cells, where these stand, and the rows that they are broken into.

const GAP = 14, LINE_GAP = 6, ROOM = 10, TURN = 14, LANE = 7;
const MOST_CROSSING = 12; // of so many items may arrows always go on from row to row; of more in high rows

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const highest = (numbers, least = 0) => numbers.reduce((a, b) => Math.max(a, b), least);
const lowest = (numbers) => numbers.reduce((a, b) => Math.min(a, b), Infinity);
const topOf = (cells) => lowest(cells.map(({ y, height }) => y - height / 2));
const bottomOf = (cells) => highest(cells.map(({ y, height }) => y + height / 2), -Infinity);

// What takes a place in a column: an item, a port, a label, or an arrow that passes. Neighbours: the cell, and the heights, from
// the middle, in it and in this one where they meet.
const newCell = (column, key, [width, height] = [0, 0], isLine = false) =>
  ({ column, key, width, height, isLine, x: 0, y: 0, before: [], after: [] });

// Few arrows cross: barycentres of the neighbours, to and fro; the best order is kept
function orderCells(columns, sweeps) {
  const number = () => columns.forEach((column) => column.forEach((cell, k) => (cell.at = k)));
  const where = (cell, at) => cell.at + (cell.height ? at / cell.height : 0);
  for (const column of columns) column.sort((a, b) => a.key - b.key);
  number();
  let best = Infinity, kept;
  for (let sweep = 0; ; sweep += 1) {
    const found = crossings(columns, where);
    if (found < best) [best, kept] = [found, columns.map((column) => [...column])];
    if (!best || sweep === sweeps) break;
    const ahead = sweep % 2 === 0;
    for (const column of ahead ? columns : [...columns].reverse()) {
      for (const cell of column) {
        const near = ahead ? cell.before : cell.after;
        cell.middle = near.length ? sum(near.map(([other, at]) => where(other, at))) / near.length : cell.at;
      }
      column.sort((a, b) => a.middle - b.middle).forEach((cell, k) => (cell.at = k));
    }
  }
  kept.forEach((column, k) => (columns[k] = column));
}

function crossings(columns, where) {
  let found = 0;
  for (const column of columns) {
    const lines = column.flatMap((cell) => cell.after.map(([other, at, own]) => [where(cell, own), where(other, at)])), ends = [];
    for (const [, end] of lines.sort(([a, b], [c, d]) => a - c || b - d)) {
      let low = 0, high = ends.length;
      while (low < high) ends[(low + high) >> 1] <= end ? (low = ((low + high) >> 1) + 1) : (high = (low + high) >> 1);
      found += ends.length - low;
      ends.splice(low, 0, end);
    }
  }
  return found;
}

// Heights near the neighbours', in the order of each column, without overlap: sweeps of isotonic regression
function setHeights(columns, sweeps) {
  const spaced = columns.filter((column) => column.length).map((column) => {
    const spaces = [0];
    for (let k = 1; k < column.length; k += 1) {
      const [above, cell] = [column[k - 1], column[k]], gap = cell.isLine || above.isLine ? LINE_GAP : cell.column % 2 ? 2 : GAP;
      spaces.push(spaces[k - 1] + (cell.height + above.height) / 2 + gap);
    }
    return [column, spaces];
  });
  for (const [column, spaces] of spaced) {
    for (const cell of column) cell.want = 0, cell.weight = 1;
    setColumn(column, spaces);
  }
  for (let sweep = 0; sweep < 3 * sweeps; sweep += 1) {
    const ahead = sweep % 2 === 0, both = sweep >= 2 * sweeps;
    for (const [column, spaces] of ahead ? spaced : [...spaced].reverse()) {
      for (const cell of column) {
        const isFree = !both && !(ahead ? cell.before : cell.after).length;
        cell.total = cell.weight = 0;
        if (both || isFree || ahead) pull(cell, cell.before);
        if (both || isFree || !ahead) pull(cell, cell.after);
        cell.want = cell.weight ? cell.total / cell.weight : cell.y;
        if (isFree || !cell.weight) cell.weight = 0.2;
      }
      setColumn(column, spaces);
    }
  }
}

// Sweeps leave a long chain with operands at one side on a slope: it is sheared level, where that makes it lower
function level(columns) {
  const cells = columns.flat(), heights = cells.map(({ y }) => y), high = bottomOf(cells) - topOf(cells);
  const middle = sum(cells.map(({ column }) => column)) / cells.length;
  const square = sum(cells.map(({ column }) => (column - middle) ** 2));
  const slope = square ? sum(cells.map(({ column, y }) => (column - middle) * y)) / square : 0;
  for (const cell of cells) cell.y -= slope * (cell.column - middle);
  if (bottomOf(cells) - topOf(cells) > 0.6 * high) cells.forEach((cell, k) => (cell.y = heights[k]));
}

function pull(cell, near) {
  for (const [other, at, own] of near) {
    const weight = cell.isLine && other.isLine ? 4 : 1;
    cell.total += weight * (other.y + at - own);
    cell.weight += weight;
  }
}

function setColumn(column, spaces) {
  const blocks = []; // of cells that touch: their common height, weight, number
  for (let k = 0; k < column.length; k += 1) {
    let y = column[k].want - spaces[k], { weight } = column[k], count = 1;
    while (blocks.length && blocks.at(-1).y >= y) {
      const before = blocks.pop();
      y = (before.y * before.weight + y * weight) / (before.weight + weight);
      weight += before.weight;
      count += before.count;
    }
    blocks.push({ y, weight, count });
  }
  let k = 0;
  for (const { y, count } of blocks) for (const end = k + count; k < end; k += 1) column[k].y = y + spaces[k];
}

// Sets x; the left and the right of each column. The further arrows climb, the wider the gap
function setColumns(columns) {
  let x = 0;
  return columns.map((column, k) => {
    const width = highest(column.map((cell) => cell.width)), left = x;
    for (const cell of column) cell.x = x + width / 2;
    const climbs = column.flatMap((cell) => cell.after.map(([other, at, own]) => Math.abs(cell.y + own - other.y - at)));
    const level = columns[k + (k % 2)]?.some(({ height }) => height) ? (k % 2 ? ROOM : ROOM / 2) : 0;
    x += width + Math.min(0.07 * highest(climbs), 24) + level + 4;
    return [left, left + width];
  });
}

// Breaks columns that run too far into rows, and moves the cells there; the rows, or undefined. Each has the heights of the
// lanes below it, one for the arrows of each item that go on
function inRows(columns, bounds, segments, shape) {
  const wide = bounds.at(-1)[1], top = topOf(columns.flat()), high = bottomOf(columns.flat()) - top;
  const rows = Math.round(Math.sqrt(wide / (high + 4 * GAP) / shape)), most = Math.max(MOST_CROSSING, high / LANE / 3);
  if (rows < 2) return undefined;
  const tails = columns.map(() => new Set());
  for (const { cells, tail, isDirect } of segments) {
    for (let k = cells[0].column + 1; k <= cells.at(-1).column && !isDirect; k += 1) tails[k].add(tail);
  }
  const found = [{ start: 0, lanes: new Map() }];
  for (let k = 2; k < columns.length - 2; k += 2) {
    // before the arrows' labels of a column of items
    const at = bounds[k - 1][0], isFull = at - bounds[found.at(-1).start][0] > wide / rows && wide - at > wide / rows / 4;
    if (!isFull || tails[k - 1].size > most) continue;
    [...tails[k - 1]].forEach((tail, lane) => found.at(-1).lanes.set(tail, lane));
    found.push({ start: k - 1, lanes: new Map() });
  }
  if (found.length < 2) return undefined;
  let y = top;
  found.forEach((row, k) => {
    const end = found[k + 1]?.start ?? columns.length, own = columns.slice(row.start, end).flat();
    const dx = -bounds[row.start][0], dy = y - topOf(own);
    for (const cell of own) cell.x += dx, cell.y += dy, cell.row = k;
    for (let column = row.start; column < end; column += 1) bounds[column] = [bounds[column][0] + dx, bounds[column][1] + dx];
    y = bottomOf(own) + GAP;
    row.lane = y;
    row.left = 0;
    y += LANE * row.lanes.size + GAP;
  });
  return found;
}
