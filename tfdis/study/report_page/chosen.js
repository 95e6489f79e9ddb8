// The chosen models: who they are, their learning curves and their traversals.

const chosenColour = (place) => PALETTE[place % PALETTE.length];
const chosenDash = (place) => ["", "6 3", "2 3"][Math.floor(place / PALETTE.length) % 3];

function renderChosen() {
  const chosen = chosenModels();
  byId("chosen-note").textContent = chosen.length
    ? "At first the best of each algorithm by the first score; the table’s first column chooses others."
    : "None is chosen: tick some in the table, or add one by its number.";
  byId("chips").replaceChildren(...chosen.map((model, place) => {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = chosenColour(place);
    const leave = () => update({ chosen: chosen.filter((each) => each !== model).join(",") });
    return element("li", { class: "chip" }, swatch, runButton(model, label(model)),
      element("button", { type: "button", "aria-label": `leave out model ${model}`, onclick: leave }, "✕"));
  }));
  renderCurves(chosen);
  byId("traversals").replaceChildren(...chosen.map(traversal));
}

function traversal(model) {
  const file = data.pictureFiles[model];
  const source = data.pictures[model] || (file && linkTo(file));
  const caption = element("figcaption", {}, runButton(model, label(model)));
  if (!source) return element("figure", {}, caption, nothing("No traversal was drawn."));
  const picture = element("img", { src: source, alt: `Traversal of ${label(model)}` });
  picture.addEventListener("error", () => picture.replaceWith(nothing(`The picture is ${file} of the study’s directory; this page found none there.`)));
  const whole = element("a", { href: linkTo(file), target: "_blank", rel: "noopener" }, picture);
  return element("figure", {}, caption, whole);
}

function renderCurves(chosen) {
  const names = unique(chosen.flatMap((model) => Object.keys(data.curves[model] || {}))).filter((name) => name !== "step");
  const term = names.includes(state.term) ? state.term : names[0];
  byId("term").replaceChildren(...names.map((name) => element("option", { selected: name === term }, name)));
  const curves = chosen.map((model, place) => ({ model, place, points: pointsOf(model, term) })).filter(({ points }) => points.length);
  byId("curves").replaceChildren(curves.length ? curveChart(curves, term) : nothing("The chosen models have no learning curve."));
}

function pointsOf(model, term) {
  const curve = data.curves[model];
  if (!curve || !curve[term]) return [];
  return curve.step.map((step, i) => [step, curve[term][i]]).filter(([, height]) => height !== null);
}

function curveChart(curves, term) {
  const [width, height, left, right, top, bottom] = [1180, 360, 76, 60, 26, 40];
  const all = curves.flatMap(({ points }) => points);
  const heights = all.map(([, each]) => each);
  const least = Math.min(...heights), greatest = Math.max(...heights);
  // A loss that falls tenfold shows nothing of its end on a linear axis.
  const isLog = least > 0 && greatest / least > 10;
  const up = isLog ? Math.log10 : (number) => number;
  const xs = [Math.min(...all.map(([step]) => step)), Math.max(...all.map(([step]) => step))];
  if (xs[0] === xs[1]) xs[1] += 1;
  const ys = padded(heights.map(up));
  const x = scale(xs, [left, width - right]);
  const y = (number) => scale(ys, [height - bottom, top])(up(number));
  const drawing = chart(width, height, `${term} of the chosen models`);
  const marks = isLog
    ? [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power)).filter((tick) => up(tick) >= ys[0] && up(tick) <= ys[1])
    : ticks(...ys, 6);
  for (const tick of marks)
    drawing.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "soft", x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)));
  for (const tick of ticks(...xs, 8))
    drawing.append(svg("text", { class: "soft", x: x(tick), y: height - bottom + 16, "text-anchor": "middle" }, tick.toLocaleString("en")));
  drawing.append(svg("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
    svg("text", { x: 0, y: 13, "font-weight": 600 }, `${term}${isLog ? " (log scale)" : ""}`),
    svg("text", { class: "soft", x: width - right, y: height - 8, "text-anchor": "end" }, "step"));
  for (const { model, place, points } of curves)
    drawing.append(svg("polyline", { "data-model": model, points: points.map(([step, each]) => `${x(step).toFixed(1)},${y(each).toFixed(1)}`).join(" "),
      fill: "none", stroke: chosenColour(place), "stroke-width": 1.6, "stroke-dasharray": chosenDash(place) }, svg("title", {}, label(model))));
  // Labels at the ends, moved apart where curves end together.
  const ends = curves.map((curve) => ({ ...curve, at: y(curve.points.at(-1)[1]) })).sort((a, b) => b.at - a.at);
  let above = height - bottom - 2;
  for (const { model, place, at } of ends) {
    const baseline = Math.min(at + 4, above);
    above = baseline - 13;
    drawing.append(svg("text", { x: width - right + 6, y: baseline, style: `fill:${chosenColour(place)}`, role: "button", onclick: () => showRun(model) }, `#${model}`));
  }
  return drawing;
}

function renderFailed() {
  const failed = models.status.map((status, model) => ({ status, model })).filter(({ status }) => status === "failed");
  const entry = ({ model }) => {
    const { error, details } = data.errors[model] || { error: "error not recorded", details: "" };
    const more = element("details", {}, element("summary", {}, "Traceback"), element("pre", {}, details));
    return element("div", { class: "failure" }, element("p", {}, runButton(model, label(model))), element("p", {}, error),
      element("p", { class: "path" }, `${pathOf(model)}/log.txt`), details ? more : null);
  };
  const shown = failed.slice(0, 200).map(entry);
  if (!failed.length) shown.push(element("p", {}, "No model failed."));
  if (failed.length > 200) shown.push(element("p", {}, `${failed.length - 200} more: choose the status “failed” in the table.`));
  byId("failures").replaceChildren(...shown);
}
