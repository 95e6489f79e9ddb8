// What the page shows, where each model's values are, and the state that the address keeps.

const data = JSON.parse(document.getElementById("data").textContent);
const models = data.models;
const numModels = models.status.length;
const byId = (id) => document.getElementById(id);

const unique = (values) => [...new Set(values)];
const dataSets = unique(models.dataSet);
const algorithms = unique(models.algorithm);
const representations = unique(data.scores.map((score) => score.representation).filter(Boolean));

// Okabe and Ito's colours, which the colour-blind tell apart; the yellow is darker.
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#a8588c", "#b8860b", "#3aa0d8", "#5b5b5b", "#7a4b2a"];
const algorithmColour = (algorithm) => PALETTE[algorithms.indexOf(algorithm) % PALETTE.length];

const value = (model, score) => data.values[score][model];
const label = (model) =>
  [`#${model}`, models.dataSet[model], models.algorithm[model], models.setting[model],
    models.seed[model] === null ? "" : `seed=${models.seed[model]}`].filter(Boolean).join(" ");
const pathOf = (model) => `${data.directory}/${model}`;
const linkTo = (path) => [data.base, ...path.split("/")].map((part, i) =>
  i ? encodeURIComponent(part) : part.split("/").map(encodeURIComponent).join("/")).join("/");

function scoreFile(model, score) {
  const [first, metric] = data.scores[score].name.split("/");
  if (first === "training") return `${model}/model/results/json/train_results.json`;
  if (first === "unlabelled") return "udr.json";
  return `${model}/metrics/${first}/${metric}/results/json/evaluation_results.json`;
}

function format(number) {
  if (number === null || number === undefined) return "–";
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 1e6) return String(number);
  return size >= 1e5 || (size < 5e-4 && size > 0) ? number.toExponential(2) : number.toFixed(size >= 100 ? 1 : 3);
}

// Small helper: an element with attributes, properties of events (on...) and children.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, content] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), content);
    else if (content === true) made.setAttribute(key, "");
    else if (content !== false && content !== null) made.setAttribute(key, content);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const runButton = (model, text = `#${model}`, asked = null) =>
  element("button", { type: "button", class: "link", onclick: () => showRun(model, asked) }, text);

const DEFAULTS = {
  dataSet: dataSets[0], representation: representations[0] || "", filter: "", status: "", all: "",
  sort: "number", descending: "", score: "", pair: "", term: "", chosen: null,
};
let state = {};

function readState() {
  state = { ...DEFAULTS };
  for (const [key, content] of new URLSearchParams(location.hash.slice(1)))
    if (key in DEFAULTS) state[key] = content;
  if (state.chosen === null) state.chosen = defaultChoice().join(",");
}

function update(changes) {
  Object.assign(state, changes);
  const kept = Object.entries(state).filter(([key, content]) => content !== DEFAULTS[key]);
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
  render(Object.keys(changes));
}

const chosenModels = () =>
  state.chosen.split(",").filter((text) => text !== "").map(Number).filter((model) => model < numModels);

const inDataSet = (model) => state.dataSet === "" || models.dataSet[model] === state.dataSet;

// The scores of the chosen representation, as places in data.scores.
const shownScores = (all) => data.scores.map((_, index) => index).filter((index) => {
  const { headline, representation } = data.scores[index];
  return (all || headline) && (representation === "" || representation === state.representation);
});

// The best model of each algorithm by the first score, on the first data set.
function defaultChoice() {
  const best = new Map();
  for (let model = 0; model < numModels; model++) {
    if (!inDataSet(model) || models.status[model] !== "done") continue;
    const rank = data.scores.length && data.scores[0].representation ? value(model, 0) ?? -Infinity : 0;
    const before = best.get(models.algorithm[model]);
    if (!before || rank > before.rank) best.set(models.algorithm[model], { model, rank });
  }
  return [...best.values()].slice(0, PALETTE.length).map(({ model }) => model);
}
