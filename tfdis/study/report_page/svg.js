// What all charts share.

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, content] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), content);
    else made.setAttribute(key, content);
  }
  made.append(...children);
  return made;
}

const chart = (width, height, title) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": title });

// Round numbers that span low to high, about `count` of them.
function ticks(low, high, count = 6) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

// The range of some numbers with a margin; one number gets a range around it.
function padded(values) {
  let low = Infinity, high = -Infinity;
  for (const each of values) { if (each < low) low = each; if (each > high) high = each; }
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
}

const scale = ([low, high], [from, to]) => (number) => from + ((number - low) / (high - low)) * (to - from);

// A tick's text: as many digits as its neighbours need.
const tickText = (number) => (Math.abs(number) >= 1e5 ? number.toExponential(0) : String(number));

// One tab stop for many marks: arrow keys go from one to the next; `columns` makes a grid of them.
function roving(marks, columns = 1) {
  marks.forEach((mark, index) => {
    mark.setAttribute("tabindex", index ? -1 : 0);
    mark.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        mark.dispatchEvent(new MouseEvent("click"));
        return;
      }
      const step = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const next = marks[index + step];
      if (!next) return;
      event.preventDefault();
      marks.forEach((each) => each.setAttribute("tabindex", each === next ? 0 : -1));
      next.focus();
    });
  });
}

const nothing = (text) => element("p", { class: "missing" }, text);
