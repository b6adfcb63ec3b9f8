"use strict";
(() => {
  const home = document.getElementById("findings");
  const tools = document.getElementById("tools");
  if (!home || !tools) return;
  const findings = Array.from(home.querySelectorAll(".finding"));
  const search = document.getElementById("search");
  const grouping = document.getElementById("grouping");
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const order = {
    side: ["security", "productivity", "cost"],
    severity: ["critical", "high", "medium", "low", "info"],
  };
  const texts = new Map();
  tools.hidden = false;

  const textOf = (finding) => {
    let text = texts.get(finding);
    if (text === undefined) {
      text = finding.textContent.toLowerCase();
      texts.set(finding, text);
    }
    return text;
  };

  const checked = (name) =>
    new Set(Array.from(tools.querySelectorAll(`input[name="${name}"]:checked`), (box) => box.value));

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const sides = checked("side");
    const severities = checked("severity");
    let shown = 0;
    for (const finding of findings) {
      const visible =
        (!sides.size || sides.has(finding.dataset.side)) &&
        (!severities.size || severities.has(finding.dataset.severity)) &&
        words.every((word) => textOf(finding).includes(word));
      finding.hidden = !visible;
      shown += visible;
    }
    // From the inside out: a group is shown if something in it is.
    for (const group of Array.from(home.querySelectorAll(".group")).reverse()) {
      const inside = group.querySelectorAll(".finding:not([hidden])").length;
      group.hidden = inside === 0;
      group.querySelector("small").textContent = inside;
    }
    count.textContent = `${shown} of ${findings.length}`;
    nothing.hidden = shown > 0;
  };

  const group = (title, level) => {
    const section = document.createElement("section");
    section.className = "group";
    const heading = document.createElement(level);
    heading.append(title, document.createElement("small"));
    section.append(heading);
    return section;
  };

  const sorted = (names, key) => {
    const known = order[key];
    return known ? names.sort((a, b) => known.indexOf(a) - known.indexOf(b)) : names.sort();
  };

  const arrange = () => {
    const keys = grouping.value.split(" ");
    const build = (members, depth) => {
      const key = keys[depth];
      const parts = new Map();
      for (const each of members) {
        const name = each.dataset[key];
        if (!parts.has(name)) parts.set(name, []);
        parts.get(name).push(each);
      }
      return sorted(Array.from(parts.keys()), key).map((name) => {
        const section = group(name, depth === 0 ? "h2" : "h3");
        const inside = parts.get(name);
        section.append(...(depth + 1 < keys.length ? build(inside, depth + 1) : inside));
        return section;
      });
    };
    home.replaceChildren(...build(findings, 0));
    filter();
  };

  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(filter, 120);
  });
  tools.addEventListener("change", (event) => {
    if (event.target === grouping) arrange();
    else if (event.target !== search) filter();
  });
  document.getElementById("unfold").addEventListener("click", (event) => {
    const open = event.target.getAttribute("aria-pressed") !== "true";
    event.target.setAttribute("aria-pressed", String(open));
    event.target.textContent = open ? "Fold all" : "Unfold all";
    for (const finding of findings) finding.firstElementChild.open = open;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target.tagName !== "INPUT") {
      event.preventDefault();
      search.focus();
    }
  });
  filter();
})();
