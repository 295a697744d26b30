"use strict";
// Steps through the runs of the page. All that is shown comes from the tables of steps.
for (const explorer of document.querySelectorAll(".explorer")) {
  const rows = [...explorer.querySelectorAll("tr[data-step]")];
  const last = Number(rows[rows.length - 1].dataset.step);
  const numbers = rows.map((row) => Number(row.dataset.step));
  const heads = [...explorer.querySelectorAll(".steps thead th")].slice(2, -2);
  const chart = [...explorer.querySelectorAll(".row")];
  const slider = explorer.querySelector("input[type=range]");
  const now = explorer.querySelector(".now");
  const cards = explorer.querySelector(".cards");
  const buttons = {};
  for (const button of explorer.querySelectorAll("button[data-go]")) {
    buttons[button.dataset.go] = button;
  }
  let at = 0;

  // Scrolls inside its own box, never the page.
  const reveal = (box, inner, sideways = true) => {
    if (!box || !inner) return;
    const outside = box.getBoundingClientRect();
    const inside = inner.getBoundingClientRect();
    if (inside.top < outside.top + 40) box.scrollTop -= outside.top + 40 - inside.top;
    if (inside.bottom > outside.bottom - 8) box.scrollTop += inside.bottom - outside.bottom + 8;
    if (!sideways) return;
    if (inside.left < outside.left) box.scrollLeft -= outside.left - inside.left + 8;
    else if (inside.right > outside.right) box.scrollLeft += inside.right - outside.right + 8;
  };

  const card = (title, cell, names) => {
    const made = document.createElement("div");
    made.className = ["card", ...names].join(" ");
    const head = document.createElement("h5");
    head.append(...title);
    made.append(head, ...[...cell.childNodes].map((node) => node.cloneNode(true)));
    return made;
  };

  const show = (index) => {
    at = Math.max(0, Math.min(index, rows.length - 1));
    const row = rows[at];
    const step = numbers[at];
    for (const other of rows) other.classList.toggle("current", other === row);
    for (const part of chart) {
      part.classList.toggle("future", Number(part.dataset.first) > step);
      part.classList.toggle(
        "current",
        Number(part.dataset.first) <= step && step <= Number(part.dataset.last),
      );
    }
    const count = document.createElement("b");
    count.textContent = step === 0 ? "Start" : `Step ${step} of ${last}`;
    const event = row.querySelector(".event");
    now.replaceChildren(count, ...[...event.childNodes].map((node) => node.cloneNode(true)));
    const shown = [...row.querySelectorAll("td[data-role]")].map((cell, number) =>
      card(
        [...heads[number].childNodes].map((node) => node.cloneNode(true)),
        cell,
        cell.className.split(" ").filter(Boolean),
      ),
    );
    const queues = row.querySelector(".queues");
    const touched = queues.classList.contains("changed") || queues.querySelector(".changed");
    shown.push(card(["Queues"], queues, touched ? ["wide", "changed"] : ["wide"]));
    cards.replaceChildren(...shown);
    for (const line of explorer.querySelectorAll(".listing .l")) {
      const here =
        line.dataset.line === row.dataset.line &&
        line.closest(".listing").dataset.path === row.dataset.path;
      line.classList.toggle("here", here);
      if (here) {
        line.setAttribute("aria-current", "true");
        reveal(line.parentElement, line);
      } else {
        line.removeAttribute("aria-current");
      }
    }
    slider.value = String(step);
    slider.setAttribute("aria-valuetext", now.textContent);
    buttons.first.disabled = buttons.back.disabled = at === 0;
    buttons.last.disabled = buttons.forward.disabled = at === rows.length - 1;
    explorer.dataset.at = String(step);
    reveal(explorer.querySelector(".tall"), row, false);
    reveal(explorer.querySelector(".chart"), explorer.querySelector(".row.current"));
    link.href = `#${explorer.closest("[id$=-case]").id}@${step}`;
  };
  const link = document.createElement("a");
  link.className = "link";
  link.textContent = "Link to this step";
  explorer.querySelector(".bar").append(link);
  explorer.addEventListener("show-step", (event) => {
    const index = numbers.findIndex((number) => number >= event.detail);
    show(index < 0 ? rows.length - 1 : index);
  });

  const go = {
    first: () => show(0),
    back: () => show(at - 1),
    forward: () => show(at + 1),
    last: () => show(rows.length - 1),
  };
  const keys = { ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last" };
  explorer.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go[move]();
  });
  for (const [name, button] of Object.entries(buttons)) {
    button.addEventListener("click", () => go[name]());
  }
  slider.addEventListener("input", () => {
    const wanted = Number(slider.value);
    const index = numbers.findIndex((number) => number >= wanted);
    show(index < 0 ? rows.length - 1 : index);
  });
  for (const [index, row] of rows.entries()) {
    row.addEventListener("click", () => show(index));
  }
  explorer.querySelector(".controls").hidden = false;
  cards.hidden = false;
  show(rows.length - 1);
}
