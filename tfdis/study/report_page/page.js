// Puts the page together and listens.

function renderHeader() {
  const counts = new Map();
  for (const status of models.status) counts.set(status, (counts.get(status) || 0) + 1);
  const parts = ["done", "running", "failed", "queued"].filter((status) => counts.has(status))
    .map((status) => `${counts.get(status).toLocaleString("en")} ${status}`);
  const left = data.numLeftOut ? ` ${data.numLeftOut} further numbers per model are in the runs’ directories only.` : "";
  byId("summary").textContent = `${numModels.toLocaleString("en")} models: ${parts.join(", ")}. ${data.scores.length} numbers per model.${left}`;
  byId("where").textContent = data.directory;
}

function renderControls() {
  const options = (select, values, chosen, none) => byId(select).replaceChildren(...values.map((each) =>
    element("option", { value: each, selected: each === chosen }, each || none)));
  options("data-set", dataSets.length > 1 ? [...dataSets, ""] : dataSets, state.dataSet, "all");
  options("representation", representations, state.representation, "");
  byId("data-set-control").hidden = dataSets.length < 2;
  byId("representation-control").hidden = representations.length < 2;
  byId("scope").hidden = dataSets.length < 2 && representations.length < 2;
  byId("filter").value = state.filter;
  byId("status").value = state.status;
  byId("all").checked = Boolean(state.all);
}

// What is drawn again when a part of the state changes.
const DEPENDENTS = [
  [renderModels, ["dataSet", "representation", "filter", "status", "all", "sort", "descending"]],
  [renderDistributions, ["dataSet", "representation", "score"]],
  [renderComparisons, ["representation", "score"]],
  [renderCorrelations, ["dataSet", "representation", "pair"]],
  [renderChosen, ["chosen", "term"]],
];

function render(changed) {
  for (const [draw, keys] of DEPENDENTS) if (keys.some((key) => changed.includes(key))) draw();
  if (changed.includes("chosen"))
    for (const box of document.querySelectorAll("#table tbody input"))
      box.checked = chosenModels().includes(Number(box.closest("tr").dataset.model));
}

function start() {
  readState();
  renderControls();
  renderHeader();
  render(Object.keys(DEFAULTS));
  renderFailed();
}

const listen = (id, key, of = (target) => target.value, event = "change") =>
  byId(id).addEventListener(event, ({ target }) => update({ [key]: of(target) }));
listen("data-set", "dataSet");
listen("representation", "representation");
listen("filter", "filter", undefined, "input");
listen("status", "status");
listen("all", "all", (target) => (target.checked ? "1" : ""));
listen("score", "score");
listen("term", "term");
byId("clear").addEventListener("click", () => update({ chosen: "" }));
byId("choose").addEventListener("submit", () => {
  const model = byId("add").valueAsNumber;
  if (model >= 0 && model < numModels && !chosenModels().includes(model)) update({ chosen: [...chosenModels(), model].join(",") });
  byId("add").value = "";
});
for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
for (const link of document.querySelectorAll("[data-jump]"))
  link.addEventListener("click", (event) => {
    // The address keeps the state, so a jump leaves it alone.
    event.preventDefault();
    byId(link.dataset.jump).scrollIntoView();
    byId(link.dataset.jump).focus({ preventScroll: true });
  });
byId("more").addEventListener("click", moreRows);
new IntersectionObserver((entries) => { if (entries[0].isIntersecting && rowsLeft.length) moreRows(); },
  { root: byId("table-box"), rootMargin: "300px" }).observe(byId("more"));
window.addEventListener("hashchange", start);
byId("run").addEventListener("click", ({ target }) => { if (target === byId("run")) byId("run").close(); });
start();
