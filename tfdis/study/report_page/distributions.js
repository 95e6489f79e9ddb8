// Every setting's models as dots, with the mean and its interval over seeds.

function renderDistributions() {
  const scores = shownScores(true);
  const chosen = scores.find((index) => data.scores[index].name === state.score) ?? scores[0];
  byId("score").replaceChildren(...scores.map((index) =>
    element("option", { value: data.scores[index].name, selected: index === chosen }, data.scores[index].label)));
  const box = byId("distribution-chart");
  const members = new Map();
  for (let model = 0; model < numModels; model++) {
    if (!inDataSet(model)) continue;
    if (!members.has(models.group[model])) members.set(models.group[model], []);
    members.get(models.group[model]).push(model);
  }
  const groups = [...members].map(([group, all]) => ({
    first: all[0], models: all.filter((model) => chosen !== undefined && value(model, chosen) !== null),
    interval: chosen === undefined ? null : data.groups[group][chosen],
  })).filter(({ interval }) => interval);
  if (!groups.length) return box.replaceChildren(nothing("No model has a score yet."));
  groups.sort((a, b) => algorithms.indexOf(models.algorithm[a.first]) - algorithms.indexOf(models.algorithm[b.first]));
  box.replaceChildren(distributionChart(groups, chosen));
}

function distributionChart(groups, score) {
  const [width, left, right, rowHeight, gap] = [1180, 250, 250, 21, 14];
  const range = padded(groups.flatMap((group) => group.models.map((model) => value(model, score))));
  const x = scale(range, [left, width - right]);
  const breaks = groups.filter((group, i) => i && models.algorithm[group.first] !== models.algorithm[groups[i - 1].first]).length;
  const height = 46 + groups.length * rowHeight + breaks * gap + 24;
  const drawing = chart(width, height, `${data.scores[score].label} of every setting`);
  for (const tick of ticks(...range, 8))
    drawing.append(
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 36, y2: height - 22 }),
      svg("text", { class: "soft", x: x(tick), y: 28, "text-anchor": "middle" }, tickText(tick)),
      svg("text", { class: "soft", x: x(tick), y: height - 6, "text-anchor": "middle" }, tickText(tick)));
  drawing.append(svg("text", { x: x(range[0]), y: 11, "font-weight": 600 }, data.scores[score].label),
    svg("text", { class: "soft", x: width - right + 16, y: 28 }, "mean [95% interval]"),
    svg("text", { class: "soft", x: width - 4, y: 28, "text-anchor": "end" }, "seeds"));
  let y = 36 + rowHeight / 2;
  let before = null;
  const rows = groups.map((group) => {
    const algorithm = models.algorithm[group.first];
    if (before !== null && algorithm !== before) {
      y += gap;
      drawing.append(svg("line", { class: "grid", x1: 0, x2: width, y1: y - rowHeight / 2 - gap / 2, y2: y - rowHeight / 2 - gap / 2 }));
    }
    const mark = distributionRow(group, score, x, range, y, { width, left, right, rowHeight, named: algorithm !== before });
    before = algorithm;
    y += rowHeight;
    return mark;
  });
  drawing.append(...rows);
  roving(rows);
  return drawing;
}

function distributionRow(group, score, x, range, y, { width, left, right, rowHeight, named }) {
  const [count, mean, low, high] = group.interval;
  const { first } = group;
  const colour = algorithmColour(models.algorithm[first]);
  const setting = [dataSets.length > 1 && state.dataSet === "" ? models.dataSet[first] : "", models.setting[first]].filter(Boolean).join(" ");
  const text = `${format(mean)}${low === null ? "" : ` [${format(low)}, ${format(high)}]`}`;
  const mark = svg("g", { class: "row", role: "button", "aria-label": `${models.algorithm[first]} ${setting}: ${text}, ${count} seeds`,
    onclick: () => showGroup(group, score) },
    svg("rect", { class: "back", x: 0, y: y - rowHeight / 2, width, height: rowHeight, fill: "transparent" }));
  if (named) mark.append(svg("text", { x: 0, y: y + 4, "font-weight": 600, style: `fill:${colour}` }, models.algorithm[first]));
  mark.append(
    svg("text", { x: left - 12, y: y + 4, "text-anchor": "end" }, setting),
    svg("text", { x: width - right + 16, y: y + 4 }, text),
    svg("text", { class: "soft", x: width - 4, y: y + 4, "text-anchor": "end" }, String(count)));
  if (low !== null) {
    const ends = [x(Math.max(low, range[0])), x(Math.min(high, range[1]))];
    mark.append(svg("rect", { class: "interval", x: ends[0], width: ends[1] - ends[0], y: y - 4, height: 8, fill: colour, "fill-opacity": 0.22,
      "data-low": low, "data-high": high }));
    if (low < range[0]) mark.append(svg("path", { d: `M${ends[0] - 7},${y} l7,-6 v12 z`, fill: colour }));
    if (high > range[1]) mark.append(svg("path", { d: `M${ends[1] + 7},${y} l-7,-6 v12 z`, fill: colour }));
  }
  group.models.forEach((model, i) => {
    const aside = group.models.length > 8 ? (((i * 7) % 11) - 5) * 1.1 : 0;
    mark.append(svg("circle", { cx: x(value(model, score)), cy: y + aside, r: 3.6, fill: colour, "fill-opacity": group.models.length > 30 ? 0.3 : group.models.length > 8 ? 0.55 : 0.9, "data-model": model,
      onclick: (event) => { event.stopPropagation(); showRun(model, score); } },
      svg("title", {}, `${label(model)}: ${format(value(model, score))}`)));
  });
  // Above the dots, which hide it where there are many.
  mark.append(svg("line", { class: "mean", x1: x(mean), x2: x(mean), y1: y - 7, y2: y + 7, stroke: "#1b1f24", "stroke-width": 2, "data-mean": mean }));
  return mark;
}
