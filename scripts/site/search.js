"use strict";
(() => {
  const field = document.getElementById("search");
  const pages = document.getElementById("pages");
  const found = document.getElementById("found");
  const base = document.documentElement.dataset.base;
  field.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    pages.hidden = words.length > 0;
    const hits = words.length ? INDEX.filter(([, , text]) => words.every((word) => text.includes(word))) : [];
    // What is called so comes before what only speaks of it.
    const named = ([, title]) => (words.every((word) => title.toLowerCase().includes(word)) ? 0 : 1);
    hits.sort((a, b) => named(a) - named(b));
    found.replaceChildren(
      ...hits.slice(0, 30).map(([address, title, , about]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = base + address;
        link.append(title);
        const small = document.createElement("small");
        small.append(about);
        link.append(small);
        item.append(link);
        return item;
      }),
    );
    if (words.length && !hits.length) found.append("Nothing fits.");
  });
})();
