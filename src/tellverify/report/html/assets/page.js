// Search and filter of protocols, links that open what they lead to, copies, zoom.
{
  const rows = [...document.querySelectorAll("details.protocol")];
  const groups = [...document.querySelectorAll("details.group")].map((group) => {
    const of = group.querySelector(":scope > summary .of");
    return { group, of, words: of.textContent, rows: [...group.querySelectorAll(".protocol")] };
  });
  const filter = document.querySelector(".filter");
  if (filter) {
    const said = (part) => part.textContent.toLowerCase();
    const names = rows.map((row) => {
      const [name, place] = row.querySelectorAll(":scope > summary > code, :scope > summary > .at");
      return `${said(name)} ${said(place)}`;
    });
    filter.hidden = false;
    const field = filter.querySelector("input");
    const buttons = [...filter.querySelectorAll("button")];
    let asked = false;
    const fold = (asks) => {
      for (const { group, of, words, rows } of groups) {
        const count = rows.filter((row) => !row.hidden).length;
        group.hidden = !count;
        if (asks || asked) group.open = asks && count > 0;
        of.textContent = count === rows.length ? words : `${count} of ${words}`;
      }
      asked = asks;
    };
    const apply = () => {
      const text = field.value.trim().toLowerCase();
      const wanted = buttons
        .filter((button) => button.getAttribute("aria-pressed") === "true")
        .map((button) => button.dataset.status);
      let count = 0;
      for (const [number, row] of rows.entries()) {
        const has = row.dataset.status.split(" ");
        const fits =
          names[number].includes(text) &&
          (!wanted.length || wanted.some((word) => has.includes(word)));
        row.hidden = !fits;
        count += fits ? 1 : 0;
      }
      fold(text !== "" || wanted.length > 0);
      filter.querySelector(".shown").textContent = `${count} of ${rows.length}`;
    };
    field.addEventListener("input", apply);
    for (const button of buttons)
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        apply();
      });
    apply();
  }

  // `#case-…@5` opens the case and shows step 5 of its run.
  const follow = () => {
    const [name, step] = decodeURIComponent(location.hash.slice(1)).split("@");
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    for (let at = target; at; at = at.parentElement) at.hidden = false;
    target.scrollIntoView();
    const explorer = target.querySelector(".explorer");
    if (step && explorer)
      explorer.dispatchEvent(new CustomEvent("show-step", { detail: Number(step) }));
  };
  addEventListener("hashchange", follow);
  follow();

  // What scrolls is reached by the keyboard, and what does not scroll is no stop on the way.
  const boxes = [...document.querySelectorAll(".lines, .scroll")].filter(
    (box) => !box.hasAttribute("tabindex"),
  );
  const reach = () => {
    const scrolls = boxes.map(
      (box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight,
    );
    for (const [place, box] of boxes.entries()) {
      if (scrolls[place] === box.hasAttribute("tabindex")) continue;
      if (scrolls[place]) {
        const caption = box.closest("figure")?.querySelector("figcaption");
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", (caption ? caption.textContent : "Table").slice(0, 80));
      } else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  };
  let planned = 0;
  const soon = () => {
    cancelAnimationFrame(planned);
    planned = requestAnimationFrame(reach);
  };
  addEventListener("resize", soon);
  document.addEventListener("toggle", soon, true);
  reach();

  for (const command of document.querySelectorAll("code.command")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      const done = () => (button.textContent = "Copied");
      navigator.clipboard.writeText(command.textContent).then(done, () => {
        getSelection().selectAllChildren(command);
      });
    });
    command.after(button);
  }

  for (const box of document.querySelectorAll(".picture > .scroll")) {
    const picture = box.querySelector("svg");
    const [width, height] = [picture.width.baseVal.value, picture.height.baseVal.value];
    let scale = 1;
    const zoom = (next) => {
      scale = Math.min(4, Math.max(0.2, next));
      picture.setAttribute("width", String(width * scale));
      picture.setAttribute("height", String(height * scale));
    };
    const bar = document.createElement("span");
    bar.className = "zoom";
    for (const [sign, words, act] of [
      ["−", "Smaller", () => zoom(scale / 1.25)],
      ["+", "Larger", () => zoom(scale * 1.25)],
      ["Fit", "Fit the width", () => zoom(Math.min(1, (box.clientWidth - 8) / width))],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.title = words;
      button.setAttribute("aria-label", words);
      button.addEventListener("click", act);
      bar.append(button);
    }
    box.parentElement.querySelector("figcaption").append(bar);
    let from = null;
    box.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY, box.scrollLeft, box.scrollTop];
    });
    addEventListener("pointerup", () => (from = null));
    box.addEventListener("pointermove", (event) => {
      if (!from) return;
      box.scrollLeft = from[2] - (event.clientX - from[0]);
      box.scrollTop = from[3] - (event.clientY - from[1]);
    });
  }
}
