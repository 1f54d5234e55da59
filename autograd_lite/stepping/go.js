// Going to a step

function go(k, guessing = false) {
  now = Math.max(0, Math.min(steps.length - 1, k));
  const hides = guessing && $("guess").getAttribute("aria-pressed") === "true";
  asked = hides && now > 0 && now !== forward && (now > forward || nodes[steps[now].node].parents !== undefined);
  show();
  writeAddress();
}

function pause() {
  clearInterval(timer);
  timer = 0;
  $("play").textContent = say("play");
}

function play() {
  if (timer) return pause();
  if (now === steps.length - 1) go(0);
  const next = () => (now === steps.length - 1 && !asked ? pause() : ahead());
  timer = setInterval(next, Number($("speed").value));
  $("play").textContent = say("pause");
}

const ahead = () => (asked ? go(now) : go(stops().find((stop) => stop > now) ?? now, true));
const behind = () => go(stops().findLast((stop) => stop < now) ?? 0);
const pausing = (move) => () => { pause(); move(); };

function guess() {
  if (asked) return go(now);
  $("guess").setAttribute("aria-pressed", $("guess").getAttribute("aria-pressed") !== "true");
}

function isMeant({ key, target }) {
  if (target.matches(".live")) return key.startsWith("Page"); // what takes a number, or a choice
  return key !== " " || !target.matches("button, select, input");
}

listen({
  first: pausing(() => go(0)),
  back: pausing(behind),
  forward: pausing(ahead),
  last: pausing(() => go(steps.length - 1)),
  turn: pausing(() => go(forward)),
  play,
  guess,
}, { " ": "play", "?": "guess" }, isMeant);
$("speed").addEventListener("change", () => { if (timer) { pause(); play(); } $("speed").blur(); });
$("grain").addEventListener("change", () => { go(stops().find((stop) => stop >= now) ?? now); $("grain").blur(); });
$("slider").addEventListener("input", () => { pause(); go(Number($("slider").value) - 1); });

// The address: the step, and what the hand has changed

function writeAddress() {
  setAddress(...(live ? settings() : []));
}

function readAddress() {
  const [step, ...rest] = location.hash.slice(1).split("&");
  if (live) take(rest);
  go(/^\d+$/.test(step) ? step - 1 : now);
}
addEventListener("hashchange", readAddress);

// On paper: every step, and the picture after the last

let left = -1; // the step that was left for it
function list() {
  if (left >= 0) return;
  pause();
  [left, now, asked] = [now, steps.length - 1, false];
  show();
  if (svg) Object.assign(svg.style, { width: "", height: "" });
  $("all").innerHTML = steps.map((step) => `<li><span></span>${formulas(step)}</li>`).join("");
  document.querySelectorAll("#all span").forEach((element, k) => (element.textContent = words(steps[k])));
}
function unlist() {
  if (left < 0) return;
  $("all").textContent = "";
  if (svg) zoom(scale, chosen);
  go(left);
  left = -1;
}
addEventListener("beforeprint", list);
addEventListener("afterprint", unlist);
matchMedia("print").addEventListener("change", (event) => (event.matches ? list() : unlist()));

table("so-far-title", ["value", "grad"]);
goBack();
listSteps();
follow();
if (svg) picture();
if (svg) paint();
if (live) liven();
else $("live").remove();
if (svg) arrange();
readAddress();
