// The page of the playground. What is asked for is kept in the address; Python answers in a worker, one question at a time.
const SENTENCES = JSON.parse(document.getElementById("sentences").textContent);
const VIEWS = {
    picture: ["graph.svg", "graph.html", "graph.dot"],
    derivation: ["derivation.html", "derivation.tex", "derivation.md"],
    steps: ["steps.html", "steps.txt", "steps.zip"],
    quiz: ["quiz.html", "worksheet.html", "quiz.xml", "quiz.gift", "quiz.json", "quiz.ipynb"],
};
const FRAMED = ["steps", "quiz"]; // pages with scripts of their own: they get no right but to run them
const EXAMPLES = [
    { expression: "net = x*w + b; out = tanh(net)", numbers: "x=1 w=2 b=0.5", wrt: "w" },
    { expression: "y = a*b + a*a + a", numbers: "a=3 b=-2", wrt: "a" },
    { expression: "net = w*i + b; out = sigmoid(net); E = 0.5*(t - out)**2", numbers: "w=0.15 i=0.05 b=0.35 t=0.01", wrt: "w" },
    { expression: "y = relu(w*x + b)", numbers: "x=1 w=-2 b=0.5", wrt: "w" },
    { expression: "y = exp(-x**2 / 2) / sqrt(2*pi)", numbers: "x=0.5", wrt: "x" },
    { expression: "E = nll([a, b, c], 1)", numbers: "a=1 b=0.5 c=-1", wrt: "b" },
    { expression: "h1 = tanh(u*h0 + w*x1); h2 = tanh(u*h1 + w*x2); h3 = tanh(u*h2 + w*x3)", numbers: "u=0.9 w=0.5 h0=0 x1=1 x2=-1 x3=0.5", wrt: "u" },
    { kind: "network", sizes: "2 2 2", activation: "sigmoid", output: "sigmoid", inputs: "0.05 0.10", targets: "0.01 0.99",
      weights: "h1: 0.15 0.20 | 0.35\nh2: 0.25 0.30 | 0.35\no1: 0.40 0.45 | 0.60\no2: 0.50 0.55 | 0.60", wrt: "w_h1_1" },
    { kind: "network", sizes: "2 3 1", activation: "tanh", output: "", inputs: "1 -0.5", targets: "0.8", weights: "1", wrt: "w_h1_1" },
    { kind: "network", sizes: "1 2 2 1", activation: "relu", output: "", inputs: "0.5", targets: "1", weights: "4", wrt: "w_h1_1_1" },
];
const ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "gelu", "silu", ""];
const FIELDS = ["kind", "expression", "numbers", "sizes", "activation", "output", "inputs", "targets", "weights", "wrt"];
const PATIENCE = 1500; // ms, after which Python may be stopped
const PAUSE = 250; // ms without a key, after which what was typed is asked about

const element = (id) => document.getElementById(id);
const form = element("form");
let language = "en";
let view = "picture";
let worker, ready, waiting, asked, slow, count = 0;
let wanted = false; // the view, and these files
let files = [];
let pause; // after the last key

const say = (key, fields = {}) =>
    SENTENCES[language][key].replace(/{(\w+)}/g, (whole, name) => fields[name] ?? whole);

function made(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
}

// What is asked, and the address ------------------------------------------------------------------------------------

const state = () => Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));

function take(given) {
    for (const name of FIELDS) {
        if (given[name] === undefined) continue;
        const field = form.elements[name];
        if (field.tagName === "SELECT" && ![...field.options].some((option) => option.value === given[name]))
            field.append(made("option", { value: given[name], textContent: given[name] }));
        field.value = given[name];
    }
    form.dataset.kind = form.elements.kind.value;
}

function fromAddress() {
    const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    if (SENTENCES[given.language]) language = given.language;
    if (VIEWS[given.view]) view = given.view;
    if (given.kind !== "network") given.kind = "expression";
    const start = EXAMPLES.find((example) => (example.kind ?? "expression") === given.kind);
    take(given.expression === undefined ? { ...start, ...given } : { numbers: "", ...given });
    speak();
}

function toAddress() {
    const kept = form.dataset.kind === "network" ? FIELDS.filter((name) => !["expression", "numbers"].includes(name)) : ["expression", "numbers", "wrt"];
    const now = state();
    const hash = new URLSearchParams({ ...Object.fromEntries(kept.map((name) => [name, now[name]])), view, language });
    history.replaceState(null, "", `#${hash}`);
}

// Python ------------------------------------------------------------------------------------------------------------

function start() {
    ready = false;
    waiting = null;
    files = [];
    worker = new Worker("worker.js", { type: "module" });
    worker.onmessage = ({ data }) => heard(data);
    worker.onerror = (event) => heard({ unable: event.message || "worker.js" });
}

function restart(key) {
    clearTimeout(slow);
    worker.terminate();
    element("stop").hidden = true;
    start();
    element("error").textContent = say(key);
    status("playground-starting");
}

function heard({ ready: isReady, unable, fatal, id, answer, file }) {
    if (isReady) {
        ready = true;
        status();
        return next();
    }
    if (unable !== undefined) {
        element("error").textContent = say("playground-unable", { reason: unable });
        return status();
    }
    if (fatal !== undefined) {
        console.warn(fatal);
        return restart("playground-died");
    }
    if (id !== waiting) return;
    clearTimeout(slow);
    element("stop").hidden = true;
    waiting = null;
    status();
    if (file) save(file, answer);
    else show(answer);
    next();
}

function post(question, file) {
    waiting = ++count;
    worker.postMessage({ id: waiting, question: JSON.stringify(question), file });
    slow = setTimeout(() => {
        element("stop").hidden = false;
        status("playground-computing");
    }, PATIENCE);
}

// Asks for what is wanted now, where Python has nothing else to do
function next() {
    if (!ready || waiting !== null) return;
    const file = files.shift();
    if (file) return post({ ...state(), language, file }, file);
    if (!wanted) return;
    wanted = false;
    asked = { ...state(), language, view };
    post(asked);
}

function want() {
    clearTimeout(pause);
    pause = undefined;
    form.dataset.kind = form.elements.kind.value;
    element("panel").classList.add("is-old");
    toAddress();
    wanted = true;
    next();
}

function status(key) {
    element("said").textContent = key ? say(key) : "";
}

// What is shown -----------------------------------------------------------------------------------------------------

function show(answer) {
    element("error").textContent = answer.error ?? "";
    const panel = element("panel");
    if (answer.error !== undefined) return;
    panel.classList.toggle("is-old", wanted || pause !== undefined); // something else is wanted by now
    panel.classList.toggle("frame", FRAMED.includes(asked.view));
    if (FRAMED.includes(asked.view)) {
        const title = say(`playground-${asked.view}`);
        const frame = made("iframe", { title, srcdoc: answer.html });
        frame.setAttribute("sandbox", "allow-scripts");
        panel.replaceChildren(frame);
    } else panel.innerHTML = answer.html;
    element("rows").replaceChildren(...answer.rows.map((row) => made("tr", {}, ...row.map((text) => made("td", { textContent: text })))));
    const wrt = form.elements.wrt;
    if (wrt.value === asked.wrt) {
        wrt.replaceChildren(...answer.names.map((name) => made("option", { value: name, textContent: name })));
        wrt.value = answer.wrt;
    }
    element("by-hand").dataset.weights = answer.weights ?? "";
    toAddress();
}

function save(name, bytes) {
    const link = made("a", { href: URL.createObjectURL(new Blob([bytes])), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function speak() {
    document.documentElement.lang = language;
    document.title = `autograd_lite · ${say("site-playground")}`;
    for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
    for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label));
    for (const select of [form.elements.activation, form.elements.output])
        for (const option of select.options) option.textContent = option.value || say("playground-linear");
    element("language").value = language;
    element("course").href = language === "en" ? "../index.html" : `../${language}/index.html`;
    if (!ready) status("playground-starting");
    tabs();
}

function tabs() {
    element("views").replaceChildren(...Object.keys(VIEWS).map((name) => {
        const tab = made("button", { type: "button", id: `view-${name}`, textContent: say(`playground-${name}`), tabIndex: name === view ? 0 : -1 });
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-selected", name === view);
        tab.setAttribute("aria-controls", "panel");
        tab.onclick = () => look(name);
        return tab;
    }));
    element("panel").setAttribute("aria-labelledby", `view-${view}`);
    const buttons = VIEWS[view].map((file) => {
        const button = made("button", { type: "button", textContent: file });
        button.onclick = () => {
            files.push(file);
            next();
        };
        return button;
    });
    element("files").replaceChildren(`${say("playground-save")} `, ...buttons);
}

function look(name) {
    view = name;
    tabs();
    want();
}

// ---------------------------------------------------------------------------------------------------------------------

for (const select of [form.elements.activation, form.elements.output])
    select.append(...ACTIVATIONS.map((value) => made("option", { value })));
element("examples").append(
    made("option", { value: "", textContent: "…" }),
    ...EXAMPLES.map(({ kind, sizes, activation, expression }, value) =>
        made("option", { value, textContent: kind ? `${sizes.replaceAll(" ", "-")} ${activation}` : expression })),
);
element("examples").onchange = ({ target }) => {
    if (target.value === "") return;
    take({ kind: "expression", ...EXAMPLES[target.value] });
    target.value = "";
    want();
};
element("by-hand").onclick = ({ target }) => {
    form.elements.weights.value = target.dataset.weights || form.elements.weights.value;
    want();
};
element("stop").onclick = () => restart("playground-stopped");
element("language").onchange = ({ target }) => {
    language = target.value;
    speak();
    want();
};
element("views").onkeydown = (event) => {
    const names = Object.keys(VIEWS);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    look(names[(names.indexOf(view) + step + names.length) % names.length]);
    element(`view-${view}`).focus();
};
form.oninput = ({ target }) => {
    if (!FIELDS.includes(target.name)) return;
    clearTimeout(pause);
    if (target.name === "kind") {
        form.dataset.kind = target.value;
        if (target.value === "network" && !form.elements.sizes.value) take(EXAMPLES.find((example) => example.kind));
        if (target.value === "expression" && !form.elements.expression.value) take(EXAMPLES[0]);
    }
    element("panel").classList.add("is-old");
    pause = setTimeout(want, PAUSE);
};
form.onsubmit = (event) => event.preventDefault();
onhashchange = () => {
    fromAddress();
    want();
};
fromAddress();
start();
want();
