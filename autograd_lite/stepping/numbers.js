"use strict";

// Numbers as Python writes them

const halfway = /^50*$/;

// x.toFixed or x.toExponential with so many decimals, a half to the even digit
function decimals(x, method, digits) {
  if (!/50(e|$)/.test(x[method](digits + 2))) return x[method](digits); // no half
  const [long, exponent = ""] = x[method](digits + 30).split("e"), cut = long.slice(0, -30).replace(/\.$/, "");
  if (halfway.test(long.slice(-30)) && "02468".includes(cut.at(-1))) return cut + (exponent && `e${exponent}`);
  return x[method](digits);
}
const fixed = (x, digits) => decimals(x, "toFixed", digits);
const exponential = (x, digits) => decimals(x, "toExponential", digits).replace("e+", "e");

const special = (x) => (x !== x ? "nan" : x > 0 ? "inf" : "-inf");
const padded = (text) => text.replace(/e(-?)(\d+)$/, (whole, sign, power) => `e${sign || "+"}${power.padStart(2, "0")}`);

function repr(x) {
  if (!Number.isFinite(x)) return special(x);
  const [mantissa, exponent] = x.toExponential().split("e");
  if (+exponent < -4 || +exponent >= 16) return padded(`${mantissa}e${+exponent}`);
  return (Object.is(x, -0) ? "-0" : String(x)) + (Number.isInteger(x) ? ".0" : "");
}

// With so many decimals; a small or large one with as many significant digits; an exact short one as it is (null: all digits)
function rounded(x, digits = 9) {
  if (!Number.isFinite(x)) return special(x);
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return String(x + 0);
  const exact = repr(x).replace(/e\+?(-?)0*/, "e$1");
  if (digits === null) return exact;
  const level = 10 ** -Math.floor(digits / 2) <= Math.abs(x) && Math.abs(x) < 1e6;
  const shown = level ? fixed(x, digits) : exponential(x, Math.max(digits - 1, 0));
  return exact.length <= shown.length ? exact : shown;
}

const decimal = (x) => printed(rounded(x));

// With so many significant digits, and the minus sign of print
function brief(x, digits = 6) {
  if (!Number.isFinite(x)) return printed(special(x));
  const power = x === 0 ? 0 : +exponential(x, digits - 1).split("e")[1];
  const level = -4 <= power && power < digits;
  const text = level ? fixed(x, digits - 1 - power) : exponential(x, digits - 1);
  const whole = text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
  return printed(Object.is(x, -0) ? "-0" : padded(whole));
}

// In MathML, in parentheses where what stands around binds tighter: 1 a sum, 2 a product, 3 a power's base, 4 an exponent's
function mathml(x, level, digits) {
  const shown = rounded(x, digits), [size, exponent] = shown.replace(/^-/, "").split("e");
  let text = `<mn>${size === "inf" ? "∞" : size}</mn>`;
  if (exponent !== undefined) text += `<mo>×</mo><msup><mn>10</mn><mn>${exponent.replace("-", "−")}</mn></msup>`;
  if (shown[0] === "-") text = `<mo>−</mo>${text}`;
  if (shown[0] === "-" || exponent !== undefined) text = `<mrow>${text}</mrow>`;
  const binds = shown[0] === "-" ? 0 : exponent !== undefined ? 2 : 4;
  return binds >= level ? text : `<mrow><mo>(</mo>${text}<mo>)</mo></mrow>`;
}

// A number as it is typed: with either minus sign, a comma or a point; NaN for what is none
function typed(text) {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}
