// Every two algorithms by the score that "Scores over seeds" shows, over pairs of the same models.

function renderComparisons() {
  const scores = shownScores(true);
  const chosen = scores.find((index) => data.scores[index].name === state.score) ?? scores[0];
  const found = data.comparisons[chosen] ?? [];
  const box = byId("comparison-table");
  byId("comparison-note").textContent = "";
  if (!found.length)
    return box.replaceChildren(nothing("No two algorithms have two pairs of models that are the same otherwise, or this score is no headline."));
  byId("comparison-note").textContent =
    `${data.scores[chosen].label}, over all data sets. A pair of models agrees in every binding that both algorithms have in common, the seed included. The interval is a bootstrap of the paired differences, p a permutation test, Holm its correction over these ${found.length} comparisons; “better” is the probability that a model of the first scores more than one of the second; “seeds” are the pairs that would find this difference with power 0.8.`;
  const names = ["First", "Second", "Pairs", "Difference", "95% interval", "p", "Holm", "Better", "Seeds"];
  const rows = found.map(([first, second, pairs, difference, low, high, p, corrected, better, seeds]) =>
    element("tr", { class: corrected < 0.05 ? "found" : "" }, element("td", {}, first), element("td", {}, second),
      ...[pairs, format(difference), `[${format(low)}, ${format(high)}]`, format(p), format(corrected), format(better), seeds ?? "–"]
        .map((text) => element("td", { class: "number" }, String(text)))));
  box.replaceChildren(element("table", {},
    element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows)));
}
