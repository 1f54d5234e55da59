// Going to a step

function go(k, guessing = false) {
  now = Math.max(0, Math.min(steps.length - 1, k));
  asked = guessing && $("guess").getAttribute("aria-pressed") === "true" && now > 0 && now !== forward && !steps[now].given;
  show();
  try {
    history.replaceState(null, "", `#${now + 1}`);
  } catch {} // within a frame of a notebook
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
  const name = keys[event.key] ?? letters[event.key.toLowerCase()];
  if (name === "guess") $("guess").click();
  else if (name) {
    pause();
    stepping[name]();
  } else if (event.key === " " && !event.target.matches("button, select")) play();
  else return;
  event.preventDefault();
});
const fromAddress = () => Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? 0) - 1;
addEventListener("hashchange", () => fromAddress() >= 0 && fromAddress() !== now && go(fromAddress()));

// On paper: every step, and the picture after the last

let before = -1;
function list() {
  if (before >= 0) return;
  pause();
  [before, now, asked] = [now, steps.length - 1, false];
  show();
  if (svg) Object.assign(svg.style, { width: "", height: "" });
  $("all").innerHTML = steps.map((step) => `<li><span></span>${formulas(step)}</li>`).join("");
  document.querySelectorAll("#all span").forEach((element, k) => (element.textContent = words(steps[k])));
}
function unlist() {
  if (before < 0) return;
  $("all").textContent = "";
  if (svg) zoom(scale, chosen);
  go(before);
  before = -1;
}
addEventListener("beforeprint", list);
addEventListener("afterprint", unlist);
matchMedia("print").addEventListener("change", (event) => (event.matches ? list() : unlist()));

$("slider").max = steps.length;
table();
if (svg) picture();
go(Math.max(fromAddress(), 0));
