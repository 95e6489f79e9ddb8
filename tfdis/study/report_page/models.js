// The table of models: filtered, sorted, and drawn a piece at a time.

let rowsLeft = [];

function columns() {
  const named = [
    { key: "number", title: "Model", of: (model) => model },
    { key: "dataSet", title: "Data set", of: (model) => models.dataSet[model] },
    { key: "algorithm", title: "Algorithm", of: (model) => models.algorithm[model] },
    { key: "setting", title: "Setting", of: (model) => models.setting[model] },
    { key: "seed", title: "Seed", of: (model) => models.seed[model] },
    { key: "status", title: "Status", of: (model) => models.status[model] },
  ].filter(({ key }) => key !== "dataSet" || dataSets.length > 1);
  const scores = shownScores(state.all).map((score) => {
    const numbers = data.values[score].filter((number) => number !== null);
    return { key: data.scores[score].name, title: data.scores[score].label, score,
      range: padded(numbers), of: (model) => value(model, score) };
  });
  return [...named, ...scores];
}

// All words must be in the row's text; a word like mig>0.2 compares the first score of that name.
function filterOf(text) {
  const compares = { ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b };
  const tests = text.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const [, name, sign, number] = /^(.+?)(>=|<=|>|<)(-?[\d.]+(?:e-?\d+)?)$/.exec(word) || [];
    const score = name && shownScores(true).find((index) =>
      `${data.scores[index].label} ${data.scores[index].name}`.toLowerCase().replaceAll(" ", "").includes(name));
    if (score !== undefined && sign)
      return (model) => value(model, score) !== null && compares[sign](value(model, score), Number(number));
    return (model) => `${label(model)} ${models.status[model]}`.toLowerCase().includes(word);
  });
  return (model) => tests.every((test) => test(model));
}

function foundModels(shown) {
  const passes = filterOf(state.filter);
  const found = [];
  for (let model = 0; model < numModels; model++)
    if (inDataSet(model) && (!state.status || models.status[model] === state.status) && passes(model)) found.push(model);
  const column = shown.find(({ key }) => key === state.sort) || shown[0];
  const sign = state.descending ? -1 : 1;
  // What is missing comes last in either order.
  const isMissing = (each) => each === null || each === undefined || each === "";
  return found.sort((a, b) => {
    const [first, second] = [column.of(a), column.of(b)];
    if (isMissing(first) || isMissing(second)) return isMissing(first) - isMissing(second) || a - b;
    const order = typeof first === "number" ? first - second : String(first).localeCompare(second, "en", { numeric: true });
    return sign * order || a - b;
  });
}

function renderModels() {
  const shown = columns();
  const head = shown.map(({ key, title, score }) => {
    const isSorted = state.sort === key;
    const order = isSorted ? (state.descending ? "descending" : "ascending") : "none";
    const sortBy = () => {
      // The first click on a score puts the greatest on top.
      const descending = isSorted ? !state.descending : score !== undefined;
      update({ sort: key, descending: descending ? "1" : "" });
      [...document.querySelectorAll("#table th")].find((each) => each.dataset.key === key).querySelector("button").focus();
    };
    const metric = score !== undefined && data.scores[score].representation;
    return element("th", { scope: "col", "aria-sort": order, "data-key": key, class: score !== undefined || key === "number" || key === "seed" ? "number" : "" },
      element("button", { type: "button", onclick: sortBy, title: key },
        `${title}${isSorted ? (state.descending ? "\u00a0▼" : "\u00a0▲") : ""}`),
      metric && representations.length > 1 ? element("small", {}, metric) : null);
  });
  byId("table").tHead.replaceChildren(element("tr", {}, element("th", { scope: "col" }, "Chosen"), ...head));
  rowsLeft = foundModels(shown);
  byId("found").textContent = `${rowsLeft.length.toLocaleString("en")} of ${numModels.toLocaleString("en")} models`;
  byId("table").tBodies[0].replaceChildren();
  byId("table-box").scrollTop = 0;
  moreRows();
}

function moreRows() {
  const shown = columns();
  const chosen = new Set(chosenModels());
  const piece = rowsLeft.splice(0, Math.max(20, Math.round(4000 / shown.length)));
  byId("table").tBodies[0].append(...piece.map((model) => row(model, shown, chosen)));
  byId("more").hidden = rowsLeft.length === 0;
}

function row(model, shown, chosen) {
  const choose = ({ target }) => {
    const rest = chosenModels().filter((each) => each !== model);
    update({ chosen: (target.checked ? [...rest, model] : rest).join(",") });
  };
  const cells = shown.map((column) => {
    if (column.key === "number") return element("td", { class: "number" }, runButton(model));
    const content = column.of(model);
    if (column.score === undefined) {
      const kind = column.key === "status" ? `status-${content}` : column.key === "seed" ? "number" : "";
      return element("td", { class: kind }, String(content ?? "–"));
    }
    const cell = element("td", { class: "number", onclick: () => showRun(model, column.score) }, format(content));
    if (content !== null) {
      const share = Math.round(scale(column.range, [0, 100])(content));
      cell.style.background = `linear-gradient(90deg, var(--bar) ${share}%, transparent ${share}%)`;
    }
    return cell;
  });
  const box = element("input", { type: "checkbox", "aria-label": `choose model ${model}`, checked: chosen.has(model), onchange: choose });
  return element("tr", { "data-model": model }, element("td", {}, box), ...cells);
}
