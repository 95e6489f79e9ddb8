// Spearman's rank correlation of every two scores, and the models behind one of them.

// Blue for 1, white for 0, red for -1: told apart by the colour-blind.
function heat(correlation) {
  const end = correlation < 0 ? [178, 24, 43] : [33, 102, 172];
  const parts = end.map((part) => Math.round(250 + (part - 250) * Math.min(Math.abs(correlation), 1)));
  return `rgb(${parts.join(",")})`;
}

function renderCorrelations() {
  const found = data.correlations.find((each) => each.dataSet === state.dataSet && each.representation === state.representation);
  const [map, scatter] = [byId("heat-map"), byId("scatter")];
  byId("correlation-note").textContent = "";
  if (!found || found.scores.length < 2 || found.counts[0][0] < 3) {
    scatter.replaceChildren();
    return map.replaceChildren(nothing("Rank correlations need two scores of three models."));
  }
  const where = dataSets.length < 2 ? "" : state.dataSet ? ` on ${state.dataSet}` : ", pooled over all data sets";
  byId("correlation-note").textContent =
    `Spearman’s ρ over up to ${Math.max(...found.counts.flat()).toLocaleString("en")} models${where}: whether two scores rank the models alike. A cell shows the models behind it; arrow keys move among them.`;
  const size = found.scores.length;
  const wanted = state.pair.split(",").map((name) => found.scores.findIndex((score) => data.scores[score].name === name));
  const pair = wanted.length === 2 && wanted.every((place) => place >= 0) ? wanted : [1, 0];
  map.replaceChildren(heatMap(found, size, pair));
  scatter.replaceChildren(scatterChart(found, pair));
}

function heatMap(found, size, pair) {
  const cell = Math.max(34, Math.min(50, 430 / size));
  const names = found.scores.map((score) => data.scores[score].label);
  const longest = Math.max(...names.map((name) => name.length)) * 6.4;
  const [left, top] = [longest + 12, longest * 0.64 + 18];
  const drawing = chart(left + cell * size + longest * 0.64, top + cell * size + 4, "Rank correlation of the metrics");
  const cells = [];
  names.forEach((name, i) => {
    const middle = i * cell + cell / 2;
    drawing.append(
      svg("text", { x: left - 8, y: top + middle + 4, "text-anchor": "end" }, name),
      svg("text", { transform: `translate(${left + middle + 2},${top - 7}) rotate(-40)` }, name));
    names.forEach((other, j) => {
      const correlation = found.matrix[i][j];
      const text = correlation === null ? "–" : correlation.toFixed(2).replace("-", "−");
      const pick = () => {
        update({ pair: `${data.scores[found.scores[i]].name},${data.scores[found.scores[j]].name}` });
        document.querySelectorAll("#heat-map .cell")[i * size + j].focus();
      };
      cells.push(svg("g", { class: "cell", role: "button", "aria-pressed": String(pair[0] === i && pair[1] === j),
        "data-correlation": correlation ?? "", onclick: pick,
        "aria-label": `${name} and ${other}: ${text} over ${found.counts[i][j]} models` },
        svg("title", {}, `${name} and ${other}: ${text} over ${found.counts[i][j]} models`),
        svg("rect", { x: left + j * cell + 1, y: top + i * cell + 1, width: cell - 2, height: cell - 2, fill: correlation === null ? "#eee" : heat(correlation) }),
        svg("text", { x: left + j * cell + cell / 2, y: top + middle + 4, "text-anchor": "middle",
          style: `pointer-events:none;fill:${Math.abs(correlation ?? 0) > 0.55 ? "#fff" : "#1b1f24"}` }, text)));
    });
  });
  drawing.append(...cells);
  roving(cells, size);
  return drawing;
}

function scatterChart(found, [i, j]) {
  const [width, height, left, bottom] = [450, 450, 62, 44];
  const top = 48 + 16 * Math.floor((algorithms.join("").length * 6.2 + algorithms.length * 26) / (width - left));
  const [across, up] = [found.scores[j], found.scores[i]];
  const shown = [];
  for (let model = 0; model < numModels; model++)
    if (inDataSet(model) && value(model, across) !== null && value(model, up) !== null) shown.push(model);
  const drawing = chart(width, height, `${data.scores[up].label} against ${data.scores[across].label}`);
  if (!shown.length) return drawing;
  const [xs, ys] = [across, up].map((score) => padded(shown.map((model) => value(model, score))));
  const [x, y] = [scale(xs, [left, width - 8]), scale(ys, [height - bottom, top])];
  for (const tick of ticks(...xs, 5))
    drawing.append(svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: top, y2: height - bottom }),
      svg("text", { class: "soft", x: x(tick), y: height - bottom + 16, "text-anchor": "middle" }, tickText(tick)));
  for (const tick of ticks(...ys, 5))
    drawing.append(svg("line", { class: "grid", x1: left, x2: width - 8, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "soft", x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)));
  drawing.append(
    svg("text", { x: (left + width) / 2, y: height - 8, "text-anchor": "middle", "font-weight": 600 }, data.scores[across].label),
    svg("text", { x: left - 54, y: 14, "font-weight": 600 }, data.scores[up].label),
    svg("text", { class: "soft", x: width - 8, y: 14, "text-anchor": "end" },
      `ρ = ${format(found.matrix[i][j])}, ${found.counts[i][j].toLocaleString("en")} models`));
  let [place, line] = [left, 36];
  for (const algorithm of algorithms) {
    const needed = 26 + algorithm.length * 6.2;
    if (place + needed > width) [place, line] = [left, line + 16];
    drawing.append(svg("circle", { cx: place + 4, cy: line - 4, r: 4, fill: algorithmColour(algorithm) }),
      svg("text", { x: place + 12, y: line, style: "font-size:11px" }, algorithm));
    place += needed;
  }
  for (const model of shown)
    drawing.append(svg("circle", { cx: x(value(model, across)), cy: y(value(model, up)), r: shown.length > 1000 ? 2 : 4,
      fill: algorithmColour(models.algorithm[model]), "fill-opacity": shown.length > 1000 ? 0.35 : 0.7, role: "button", onclick: () => showRun(model, up) },
      svg("title", {}, label(model))));
  return drawing;
}
