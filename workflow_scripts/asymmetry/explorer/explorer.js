"use strict";

const { scenes, judges, models, start } = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const FILTERS = ["objective", "discriminator", "weight", "seed"];
const ZOOMS = ["whole", "1", "2", "4"];
const STEP = 5; // percent of the wipe, and pixels of the crop, an arrow key moves
const trained = models.filter((model) => model.objective);
const model = (id) => models.find((one) => one.id === id);
const sceneIndex = () => scenes.findIndex((scene) => scene.name === state.scene);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const columns = [
  { key: "name", head: "Model", value: nameOf },
  { key: "discriminator", head: "Discriminator", value: (one) => one.discriminator },
  { key: "weight", head: "Weight", value: (one) => one.weight && Number(one.weight) },
  { key: "seed", head: "Seed", value: (one) => one.seed && Number(one.seed) },
  ...judges.map((judge, index) => ({
    key: `judge-${judge.name}`, head: headOf(judge), judge, value: (one) => one.scores[sceneIndex()][index],
  })),
];

function nameOf(one) {
  return one.objective || one.id.replace("-", " ");
}

function labelOf(one) {
  if (!one.objective) return nameOf(one);
  const beside = one.discriminator === "none" ? "" : ` + ${one.discriminator} at ${one.weight}`;
  return `${one.objective}${beside}, seed ${one.seed}${one.diverged ? ", diverged" : ""}`;
}

function headOf(judge) {
  return `${judge.name} ${judge.higher ? "↑" : "↓"}`;
}

function printed(value, judge) {
  return value === null ? "–" : value.toFixed(judge.digits).replace("-", "−");
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function option(value, textContent = value) {
  return make("option", { value, textContent });
}

// --- What is shown, and its address

const values = (name) => {
  const found = [...new Set(trained.map((one) => one[name]))];
  return found.sort(Number.isNaN(Number(found[0])) ? undefined : (a, b) => a - b);
};
const number = (low, high) => (text) => text !== "" && Number(text) >= low && Number(text) <= high;
const among = (allowed) => (text) => allowed.includes(text);
const VALID = {
  scene: among(scenes.map((scene) => scene.name)),
  a: among(models.map((one) => one.id)),
  b: among(models.map((one) => one.id)),
  wipe: number(0, 100),
  zoom: among(ZOOMS),
  x: number(0, 1e6),
  y: number(0, 1e6),
  ...Object.fromEntries(FILTERS.map((name) => [name, among(values(name))])),
  sort: among(columns.map((column) => column.key)),
  order: among(["up", "down"]),
};
const DEFAULTS = {
  scene: scenes[0].name, a: start[0], b: start[1], wipe: 50, zoom: "2",
  objective: "", discriminator: "", weight: "", seed: "", sort: "", order: "up",
};
let state = {};
let saving = 0;

function fromAddress() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const wrong = Object.keys(given).filter((key) => !(VALID[key] && VALID[key](given[key])));
  wrong.forEach((key) => delete given[key]);
  const text = `This run has nothing of that name: ${wrong.join(", ")}. That part of the address was left out.`;
  byId("notice").textContent = wrong.length ? text : "";
  byId("notice").hidden = !wrong.length;
  for (const key of ["wipe", "x", "y"]) if (key in given) given[key] = Number(given[key]);
  return { ...DEFAULTS, ...given };
}

function toAddress() {
  const whole = { ...state, x: Math.round(state.x), y: Math.round(state.y) };
  const kept = Object.entries(whole).filter(([key, value]) => value !== "" && (key !== "order" || state.sort));
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
}

function update(change) {
  if ("scene" in change && !("x" in change && "y" in change)) {
    const { x, y } = scenes.find((scene) => scene.name === change.scene);
    change = { ...change, x, y };
  }
  Object.assign(state, change);
  const changed = (...names) => names.some((name) => name in change);
  if (changed(...FILTERS, "a", "b")) fillChoices();
  if (changed("scene", "a", "b")) showPictures();
  if (changed("scene", "sort", "order", ...FILTERS)) fillTable();
  byId("scene").value = state.scene;
  byId("wipe").value = state.wipe;
  byId("wipe").setAttribute("aria-valuetext", `${Math.round(state.wipe)} % A`);
  document.querySelector(`#zoom [value="${state.zoom}"]`).checked = true;
  markPair();
  place();
  clearTimeout(saving); // browsers refuse an address that changes with every pixel of a drag
  saving = setTimeout(toAddress, 200);
}

// --- Choices

function fits(one) {
  return FILTERS.every((name) => !state[name] || one[name] === state[name]);
}

function fillChoices() {
  const shown = trained.filter(fits);
  for (const name of FILTERS) byId(name).value = state[name];
  byId("count").textContent = `${shown.length} of ${trained.length} trained models`;
  for (const side of ["a", "b"]) {
    const others = [model(state[side])].filter((one) => one.objective && !fits(one));
    const listed = (members) => members.map((one) => option(one.id, labelOf(one)));
    const group = (label, members) => make("optgroup", { label }, ...listed(members));
    byId(side).replaceChildren(
      group("baselines", models.filter((one) => !one.objective)),
      ...(shown.length ? [group("trained", shown)] : []),
      ...(others.length ? [group("outside the filter", others)] : []),
    );
    byId(side).value = state[side];
  }
}

function stepScene(by) {
  update({ scene: scenes[(sceneIndex() + by + scenes.length) % scenes.length].name });
}

// --- Pictures and their scores

const layers = [...document.querySelectorAll(".layer")];
const shownIn = (layer) => model(state[layer.dataset.view] || layer.dataset.view);

function showPictures() {
  const scene = scenes[sceneIndex()];
  for (const layer of layers) {
    const image = layer.querySelector("img");
    const one = shownIn(layer);
    const address = `${one.folder}/${scene.file}`;
    if (image.getAttribute("src") === address) continue;
    layer.querySelector(".broken").hidden = true;
    image.hidden = false;
    image.alt = `${scene.name}: ${labelOf(one)}`;
    image.src = address;
  }
  for (const side of ["a", "b"]) byId(`name-${side}`).textContent = labelOf(model(state[side]));
  fillScores(byId("scores-both"), ["A", "B"], [model(state.a), model(state.b)]);
  fillScores(byId("scores-reference"), ["Value"], [model("reference")]);
}

function complain(layer) {
  const image = layer.querySelector("img");
  const text = layer.querySelector(".broken");
  image.hidden = true;
  text.textContent = `Missing or broken picture: ${decodeURIComponent(image.getAttribute("src"))}`;
  text.hidden = false;
}

function fillScores(table, heads, shown) {
  const cell = (value, judge, best) =>
    make("td", { className: "number" }, best ? make("b", {}, printed(value, judge)) : printed(value, judge),
      ...(best ? [make("span", { className: "hidden" }, " better")] : []));
  const rows = judges.map((judge, index) => {
    const scores = shown.map((one) => one.scores[sceneIndex()][index]);
    const best = (judge.higher ? Math.max : Math.min)(...scores);
    const known = !judge.reason && !scores.includes(null);
    const differ = known && new Set(scores.map((score) => printed(score, judge))).size > 1;
    return make("tr", { className: judge.reason ? "invalid" : "" },
      make("th", { scope: "row", textContent: headOf(judge) }),
      ...scores.map((score) => cell(score, judge, differ && score === best)));
  });
  const head = make("tr", {}, make("th", { scope: "col", textContent: "Judge" }),
    ...heads.map((text) => make("th", { scope: "col", className: "number", textContent: text })));
  table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
}

function explainJudges() {
  const invalid = judges.filter((judge) => judge.reason);
  byId("judges").append(
    make("p", {}, "↑ higher is better, ↓ lower is better; underlined: the better of A and B on this scene alone."),
    ...invalid.map(({ name, reason }) => make("p", { className: "invalid" }, `${name} does not count: ${reason}.`)));
}

// --- The crop and the wipe. `x` and `y` are the pixel of the picture in the middle of every stage.

const stage = byId("stage");

function zoomOf(scene) {
  const side = stage.clientWidth;
  return state.zoom === "whole" ? Math.min(side / scene.width, side / scene.height) : Number(state.zoom);
}

function centre(scene) {
  const half = stage.clientWidth / zoomOf(scene) / 2;
  const within = (value, length) => (length <= 2 * half ? length / 2 : clamp(value, half, length - half));
  return { x: within(state.x, scene.width), y: within(state.y, scene.height) };
}

function place() {
  const scene = scenes[sceneIndex()];
  const { x, y } = centre(scene);
  for (const layer of layers) {
    const image = layer.querySelector("img");
    const side = layer.clientWidth;
    const factor = (zoomOf(scene) * side) / stage.clientWidth; // smaller stages show the same crop
    image.style.width = `${scene.width * factor}px`;
    image.style.height = `${scene.height * factor}px`;
    image.style.translate = `${Math.round(side / 2 - x * factor)}px ${Math.round(side / 2 - y * factor)}px`;
    image.classList.toggle("sharp", factor >= 1 || shownIn(layer).id === "input");
    const [width, height] = [scene.width * factor, scene.height * factor];
    layer.parentElement.classList.toggle("movable", Math.max(width, height) > side + 1);
  }
  const [left, width] = visible(scene);
  const line = left + (state.wipe / 100) * width;
  byId("handle").style.left = `${line}px`;
  document.querySelector('[data-view="a"]').style.clipPath = `inset(0 ${stage.clientWidth - line}px 0 0)`;
  document.querySelector('[data-view="b"]').style.clipPath = `inset(0 0 0 ${line}px)`;
}

function visible(scene) {
  const side = stage.clientWidth;
  const width = Math.min(scene.width * zoomOf(scene), side);
  return [(side - width) / 2, width];
}

function pan(x, y) {
  const scene = scenes[sceneIndex()];
  const now = centre(scene);
  update({ x: clamp(now.x + x, 0, scene.width), y: clamp(now.y + y, 0, scene.height) });
}

function onDrag(element, started) {
  element.addEventListener("pointerdown", (down) => {
    if (down.button) return;
    down.preventDefault();
    down.stopPropagation();
    stage.focus({ preventScroll: true });
    element.setPointerCapture(down.pointerId);
    const moved = started(down);
    element.addEventListener("pointermove", moved);
    const ended = () => element.removeEventListener("pointermove", moved);
    element.addEventListener("lostpointercapture", ended, { once: true });
  });
}

function onKey(event) {
  const inStage = event.target === stage;
  if (!(inStage || event.target === document.body) || event.ctrlKey || event.altKey || event.metaKey) return;
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
  const zoom = ZOOMS[["0", "1", "2", "4"].indexOf(event.key)];
  if (event.shiftKey && (x || y)) pan(STEP * x, STEP * y);
  else if (x) update({ wipe: clamp(state.wipe + STEP * x, 0, 100) });
  else if (y && inStage) stepScene(y);
  else if (zoom && inStage) update({ zoom });
  else if (event.key.toLowerCase() === "x" && inStage) update({ a: state.b, b: state.a });
  else return;
  event.preventDefault();
}

// --- The table of all models

function sorted(shown) {
  const column = columns.find((one) => one.key === state.sort);
  if (!column) return shown;
  const sign = state.order === "up" ? 1 : -1;
  const missing = (value) => value === null || value === undefined;
  const keyed = shown.map((one) => ({ one, value: column.value(one) }));
  keyed.sort((first, second) => {
    if (missing(first.value) || missing(second.value)) return missing(first.value) - missing(second.value);
    return sign * (first.value > second.value ? 1 : first.value < second.value ? -1 : 0);
  });
  return keyed.map(({ one }) => one);
}

function fillTable() {
  const shown = models.filter((one) => !one.objective || fits(one));
  const rows = sorted(shown).map((one) => {
    const name = make("th", { scope: "row" }, nameOf(one));
    if (one.diverged) name.append(make("span", { className: "diverged" }, ` diverged at step ${one.diverged}`));
    const picks = ["a", "b"].map((side) => {
      const label = `${side.toUpperCase()}: ${labelOf(one)}`;
      const radio = make("input", { type: "radio", name: `pick-${side}`, value: one.id, ariaLabel: label });
      radio.addEventListener("change", () => update({ [side]: one.id }));
      return make("td", {}, radio);
    });
    const cells = columns.slice(1).map((column) => {
      const value = column.value(one);
      const text = column.judge ? printed(value, column.judge) : (one[column.key] ?? "");
      const kind = column.key === "discriminator" ? "" : column.judge?.reason ? "number invalid" : "number";
      return make("td", { className: kind, textContent: text });
    });
    const row = make("tr", {}, name, ...picks, ...cells);
    row.dataset.id = one.id;
    return row;
  });
  document.querySelector("#models tbody").replaceChildren(...rows);
  byId("none").hidden = trained.some(fits);
  byId("table-scene").textContent = state.scene;
  for (const head of document.querySelectorAll("#models thead [data-key]")) {
    const order = state.order === "up" ? "ascending" : "descending";
    head.setAttribute("aria-sort", head.dataset.key === state.sort ? order : "none");
  }
}

function makeHeads() {
  const heads = columns.map((column) => {
    const button = make("button", { type: "button", textContent: column.head });
    const first = column.judge?.higher ? "down" : "up"; // the best first
    button.addEventListener("click", () => {
      const again = state.sort === column.key && state.order === first;
      update({ sort: column.key, order: again ? (first === "up" ? "down" : "up") : first });
    });
    const head = make("th", { scope: "col" }, button);
    const reason = column.judge?.reason;
    if (reason) Object.assign(head, { className: "invalid", title: `does not count: ${reason}` });
    if (column.key !== "name" && column.key !== "discriminator") head.classList.add("number");
    head.dataset.key = column.key;
    return head;
  });
  const picks = ["A", "B"].map((text) =>
    make("th", { scope: "col" }, make("span", {}, make("b", { className: `tag ${text.toLowerCase()}` }, text))));
  heads.splice(1, 0, ...picks);
  document.querySelector("#models thead tr").append(...heads);
}

function markPair() {
  for (const row of document.querySelectorAll("#models tbody tr")) {
    for (const side of ["a", "b"]) {
      const chosen = row.dataset.id === state[side];
      row.classList.toggle(`is-${side}`, chosen);
      row.querySelector(`[name="pick-${side}"]`).checked = chosen;
    }
  }
}

// --- Start

byId("scene").append(...scenes.map((scene) => option(scene.name)));
for (const name of FILTERS) {
  byId(name).append(option("", "all"), ...values(name).map((value) => option(value)));
}
for (const name of ["scene", "zoom", "a", "b", ...FILTERS]) {
  byId(name).addEventListener("change", (event) => update({ [name]: event.target.value }));
}
byId("wipe").addEventListener("input", (event) => update({ wipe: Number(event.target.value) }));
byId("previous").addEventListener("click", () => stepScene(-1));
byId("next").addEventListener("click", () => stepScene(1));
byId("swap").addEventListener("click", () => update({ a: state.b, b: state.a }));
byId("reset").addEventListener("click", () => update(Object.fromEntries(FILTERS.map((name) => [name, ""]))));
for (const layer of layers) layer.querySelector("img").addEventListener("error", () => complain(layer));
for (const element of document.querySelectorAll(".stage")) {
  onDrag(element, (down) => {
    let last = down;
    return (event) => {
      const scene = scenes[sceneIndex()];
      const factor = (zoomOf(scene) * element.clientWidth) / stage.clientWidth;
      pan((last.clientX - event.clientX) / factor, (last.clientY - event.clientY) / factor);
      last = event;
    };
  });
}
onDrag(byId("handle"), () => (event) => {
  const [left, width] = visible(scenes[sceneIndex()]);
  const wipe = ((event.clientX - stage.getBoundingClientRect().left - left) / width) * 100;
  update({ wipe: Math.round(clamp(wipe, 0, 100)) });
});
document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", () => update(fromAddress()));
new ResizeObserver(place).observe(stage);
makeHeads();
explainJudges();
update(fromAddress());
byId("filters").open = window.innerWidth > 760 || FILTERS.some((name) => state[name]);
