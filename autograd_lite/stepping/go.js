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
const stepping = { first: () => go(0), back: behind, forward: ahead, last: () => go(steps.length - 1), turn: () => go(forward) };
for (const [id, move] of Object.entries(stepping)) $(id).addEventListener("click", () => { pause(); move(); });
$("play").addEventListener("click", play);
$("guess").addEventListener("click", () => {
  if (asked) return go(now);
  $("guess").setAttribute("aria-pressed", $("guess").getAttribute("aria-pressed") !== "true");
});
$("speed").addEventListener("change", () => { if (timer) { pause(); play(); } $("speed").blur(); });
$("grain").addEventListener("change", () => { go(stops().find((stop) => stop >= now) ?? now); $("grain").blur(); });
$("slider").addEventListener("input", () => { pause(); go(Number($("slider").value) - 1); });

const keys = { ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last", PageUp: "back", PageDown: "forward" };
const letters = { p: "back", n: "forward", b: "turn", "?": "guess" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches(".live") && !event.key.startsWith("Page")) return; // what takes a number, or a choice
  const name = keys[event.key] ?? letters[event.key.toLowerCase()];
  if (name === "guess") $("guess").click();
  else if (name) {
    pause();
    stepping[name]();
  } else if (event.key === " " && !event.target.matches("button, select, input")) play();
  else return;
  event.preventDefault();
});

// The address: the step, and what the hand has changed

function writeAddress() {
  try {
    history.replaceState(null, "", `#${[now + 1, ...(live ? settings() : [])].join("&")}`);
  } catch {} // within a frame of a notebook
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

$("slider").max = steps.length;
table();
goBack();
follow();
if (svg) picture();
if (svg) paint();
if (live) liven();
else $("live").remove();
readAddress();
