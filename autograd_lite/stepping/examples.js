// Several examples: one is shown, the mean of all is trained; with two inputs, what the model makes of every point of the plane

let present = 0; // the example that is shown

function choose(i) {
  present = Math.max(0, Math.min(examples.rows.length - 1, i));
  examples.leaves.forEach((k, j) => (data[k] = examples.rows[present][j]));
}

// The loss that is trained, and its derivatives by the leaves that are
function sweep() {
  const found = new Map([...trained].map((k) => [k, 0]));
  const before = examples?.leaves.map((k) => data[k]), rows = examples?.rows ?? [[]];
  let loss = 0;
  for (const row of rows) {
    row.forEach((x, j) => (data[examples.leaves[j]] = x));
    goForward();
    goBack();
    loss += data[output] / rows.length;
    for (const k of trained) found.set(k, found.get(k) + adjoint[k] / rows.length);
  }
  if (!examples) return [loss, found];
  before.forEach((x, j) => (data[examples.leaves[j]] = x));
  goForward();
  goBack();
  return [loss, found];
}
const lossNow = () => (examples ? sweep()[0] : data[output]);

function liveExamples() {
  $("case").max = examples.rows.length;
  $("case").addEventListener("input", () => {
    choose($("case").value - 1);
    tell("");
    refresh();
  });
}

function showExamples() {
  $("case").value = present + 1;
  const which = say("example", { number: present + 1, count: examples.rows.length });
  $("which").textContent = which;
  $("case").setAttribute("aria-valuetext", which);
  if ($("plane")) drawPlane();
}

const SHADES = [[95, 163, 217], [240, 150, 60], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];
const CELLS = 60_000; // so many operations for a picture take some 30 ms

function drawPlane() {
  const canvas = $("plane"), context = canvas.getContext("2d"), size = canvas.width;
  const last = Math.max(...examples.outputs), side = Math.max(12, Math.min(48, Math.floor(Math.sqrt(CELLS / (last + 1)))));
  const places = examples.inputs.map((k) => examples.leaves.indexOf(k));
  const ranges = places.map((j) => {
    const numbers = examples.rows.map((row) => row[j]), low = Math.min(...numbers), high = Math.max(...numbers);
    const margin = 0.2 * (high - low) || 1;
    return [low - margin, high - low + 2 * margin];
  });
  const values = [...data], slopes = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = [(column + 0.5) / side, 1 - (row + 0.5) / side];
      examples.inputs.forEach((k, i) => (values[k] = ranges[i][0] + at[i] * ranges[i][1]));
      goForward(values, slopes, last);
      context.fillStyle = shadeOf(examples.outputs.map((k) => values[k]));
      context.fillRect(Math.floor((column * size) / side), Math.floor((row * size) / side), Math.ceil(size / side), Math.ceil(size / side));
    }
  }
  examples.rows.forEach((row, i) => {
    const [x, y] = places.map((j, axis) => ((row[j] - ranges[axis][0]) / ranges[axis][1]) * size);
    context.beginPath();
    context.arc(x, size - y, i === present ? 8 : 5, 0, 2 * Math.PI);
    context.fillStyle = `rgb(${SHADES[shadeNumber(examples.kinds[i])].join()})`;
    context.fill();
    context.lineWidth = i === present ? 4 : 2;
    context.strokeStyle = "#111";
    context.stroke();
  });
}

// One output: from the lowest target to the highest; several: the largest
const [lowest, highest] = examples ? [Math.min(...examples.kinds), Math.max(...examples.kinds)] : [0, 1];
const shadeNumber = (kind) => (examples.outputs.length > 1 ? kind % SHADES.length : kind > (lowest + highest) / 2 ? 1 : 0);

function shadeOf(outputs) {
  let [kind, size] = [outputs.indexOf(Math.max(...outputs)), 0.6];
  if (outputs.length === 1) {
    const share = (outputs[0] - lowest) / (highest - lowest || 1);
    [kind, size] = [share > 0.5 ? 1 : 0, Math.min(1, 0.15 + Math.abs(2 * share - 1))];
  }
  if (outputs.some(Number.isNaN)) return "#888";
  return `rgb(${SHADES[kind % SHADES.length].map((x) => Math.round(255 - (255 - x) * size)).join()})`;
}
