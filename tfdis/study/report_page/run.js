// Where a number came from: one run with its directory, seed, bindings and scores, or a setting's runs.

function openDialog(title, ...content) {
  const dialog = byId("run");
  const close = element("button", { type: "button", onclick: () => dialog.close() }, "Close");
  dialog.replaceChildren(element("header", {}, element("h2", { id: "run-title", style: "border:0;padding:0" }, title), close),
    ...content.filter((each) => each !== null));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function showRun(model, asked = null) {
  const facts = [["Directory", pathOf(model)], ["Algorithm", models.algorithm[model]], ["Data set", models.dataSet[model]],
    ["Setting", models.setting[model]], ["Seed", models.seed[model]], ["Status", models.status[model]],
    ["Error", data.errors[model]?.error]].filter(([, text]) => text !== "" && text !== null && text !== undefined);
  const others = members(model).filter((other) => other !== model);
  const scores = data.scores.map((_, index) => index).filter((index) => value(model, index) !== null);
  const scoreRows = scores.map((index) => {
    const file = scoreFile(model, index);
    return element("tr", { class: index === asked ? "asked" : "" }, element("td", {}, data.scores[index].name),
      element("td", { class: "number" }, String(value(model, index))),
      element("td", { class: "path" }, element("a", { href: linkTo(file), target: "_blank", rel: "noopener" }, file)));
  });
  const own = Object.entries(data.ownBindings).map(([name, { values, of }]) => [name, values[of[model]]]).filter(([, text]) => text !== null);
  openDialog(`Model ${label(model)}`,
    element("dl", {}, ...facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, String(text))])),
    others.length ? element("p", { class: "note" }, "Other seeds of this setting: ", ...others.slice(0, 60).flatMap((other) => [runButton(other, `#${other}`, asked), " "])) : null,
    element("h3", {}, "Scores"),
    scores.length ? table(["Number", "Value", "File"], scoreRows) : element("p", {}, "It has none yet."),
    element("h3", {}, "Gin bindings that differ among the models"),
    bindingsText(own),
    element("details", {}, element("summary", {}, "Gin bindings that all models share"),
      bindingsText([...Object.entries(data.sharedBindings)])),
    data.studyBindings.length ? element("p", { class: "note" }, `The study was launched with --gin_bindings: ${data.studyBindings.join("; ")}`) : null);
}

function showGroup(group, score) {
  const [count, mean, low, high] = group.interval;
  const rows = group.models.map((model) => element("tr", {}, element("td", {}, runButton(model, label(model), score)),
    element("td", { class: "number" }, String(value(model, score))), element("td", { class: "path" }, scoreFile(model, score))));
  const interval = low === null ? "" : `, 95% interval ${low} to ${high} (Student’s t, ${count - 1} degrees of freedom)`;
  openDialog(`${data.scores[score].label}: ${models.algorithm[group.first]} ${models.setting[group.first]}`,
    element("p", {}, `Mean ${mean} over ${count} seeds${interval}.`), table(["Run", "Value", "File"], rows));
}

function members(model) {
  const found = [];
  for (let other = 0; other < numModels; other++) if (models.group[other] === models.group[model]) found.push(other);
  return found;
}

const table = (titles, rows) =>
  element("table", {}, element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col", class: title === "Value" ? "number" : "" }, title)))),
    element("tbody", {}, ...rows));

const bindingsText = (bindings) => element("pre", {}, bindings.map(([name, text]) => `${name} = ${text}`).join("\n") || "none");
