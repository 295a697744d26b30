"use strict";
// Shows the state that the server sends, lets a text be edited, and keeps the reader's place in the
// report when a newer one takes its place.
{
  const $ = (id) => document.getElementById(id);
  const [text, files, note, numbers] = [$("text"), $("files"), $("note"), $("numbers")];
  let state = null;
  let report = 0; // the one that is shown
  let shown = null; // the text as the server has it: path, text, sha256
  let wanted = null; // a line to show as soon as its file is there
  let target = ""; // a failure to go to in the next report
  let timer = 0;
  let sending = Promise.resolve();

  const post = async (route, body) => {
    const answer = await fetch(route, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    take(await answer.json());
  };
  const guarded = (action) => action().catch((error) => (note.textContent = error.message));

  // What a reader has done to a report: what is open, how far it is scrolled, which step is shown.
  const name = (one) => {
    const named = one.closest("[id]");
    const summary = one.querySelector(":scope > summary");
    return `${named ? named.id : ""} ${one.id ? "" : summary ? summary.textContent : ""}`;
  };
  const remembered = (frame) => {
    const inner = frame.contentDocument;
    const open = new Map();
    for (const one of inner.querySelectorAll("details")) open.set(name(one), one.open);
    const steps = new Map();
    for (const one of inner.querySelectorAll(".explorer")) {
      const last = one.querySelector("input[type=range]");
      if (last && one.dataset.at !== last.max) steps.set(name(one), Number(one.dataset.at));
    }
    const field = inner.querySelector(".filter input");
    const pressed = [...inner.querySelectorAll(".filter button[aria-pressed=true]")];
    return {
      open,
      steps,
      filter: field ? field.value : "",
      pressed: pressed.map((one) => one.dataset.status),
      top: frame.contentWindow.scrollY,
    };
  };
  const restore = (frame, memory) => {
    const inner = frame.contentDocument;
    for (const one of inner.querySelectorAll("details")) {
      const was = memory.open.get(name(one));
      if (was !== undefined) one.open = was;
    }
    for (const one of inner.querySelectorAll(".explorer")) {
      const at = memory.steps.get(name(one));
      if (at !== undefined) one.dispatchEvent(new CustomEvent("show-step", { detail: at }));
    }
    const field = inner.querySelector(".filter input");
    if (field && memory.filter) {
      field.value = memory.filter;
      field.dispatchEvent(new Event("input"));
    }
    for (const status of memory.pressed) {
      const button = inner.querySelector(`.filter button[data-status="${status}"]`);
      if (button) button.click();
    }
    frame.contentWindow.scrollTo({ top: memory.top, behavior: "instant" });
  };
  const front = () => document.querySelector("iframe.front");
  const show = (anchor) => (front().contentWindow.location.hash = `#${anchor}`);
  // Below the text, a report that goes to its failure would scroll the text away.
  const isBeside = () => !matchMedia("(max-width:64rem)").matches;
  const load = (number) => {
    report = number;
    const frame = document.createElement("iframe");
    frame.title = "Report";
    frame.addEventListener("load", () => {
      if (number !== report) return frame.remove();
      for (const link of frame.contentDocument.querySelectorAll('a[href^="http"]')) {
        link.target = "_blank"; // the frame shows nothing but reports
        link.rel = "noreferrer noopener";
      }
      const before = front();
      if (before) restore(frame, remembered(before));
      frame.className = "front";
      if (before) before.remove();
      if (target && isBeside()) show(target);
      target = "";
      document.body.dataset.report = String(number);
    }, { once: true });
    frame.src = `report?${number}`;
    $("reports").append(frame);
  };

  // The text.
  const number = () => {
    const lines = text.value.split("\n").length;
    if (numbers.childElementCount === 0 && Number(numbers.dataset.lines) === lines) return;
    numbers.dataset.lines = String(lines);
    numbers.textContent = Array.from({ length: lines }, (_, line) => line + 1).join("\n") + "\n";
  };
  const reveal = (line) => {
    const lines = text.value.split("\n");
    const at = Math.min(Math.max(line, 1), lines.length) - 1;
    const start = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
    const height = text.scrollHeight / Math.max(lines.length, 1);
    text.focus();
    text.setSelectionRange(start, start + lines[at].length);
    text.scrollTop = Math.max(0, (at - 3) * height);
    text.scrollLeft = 0;
  };
  const fetchText = async (path) => {
    const answer = await fetch(`file?path=${encodeURIComponent(path)}`);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    const found = await answer.json();
    if (files.value !== path) return;
    const isTyping = shown && shown.path === path && text.value !== shown.text;
    const plain = found.text.replaceAll("\r\n", "\n");
    if (!isTyping && plain !== text.value) {
      const [from, to, top] = [text.selectionStart, text.selectionEnd, text.scrollTop];
      const isSame = shown && shown.path === path;
      text.value = plain;
      if (isSame) {
        text.setSelectionRange(from, to);
        text.scrollTop = top;
      } else text.scrollTop = 0;
    }
    shown = { path, text: isTyping ? shown.text : plain, sha256: found.sha256 };
    number();
    marks();
    if (wanted !== null) {
      reveal(wanted);
      wanted = null;
    }
  };
  const choose = (path) => {
    files.value = path;
    guarded(() => fetchText(path));
  };
  const marks = () => {
    const file = state && state.files.find((one) => one.path === files.value);
    $("revert").disabled = !(file && file.is_edited);
    $("save").hidden = !(state && state.may_write);
    $("save").disabled = !(file && file.is_edited && !file.is_stale);
    if (!file) note.textContent = "";
    else if (file.is_stale) note.textContent = "The file has changed below this text: revert to see it.";
    else if (!file.is_edited) note.textContent = "As in the file.";
    else if (state.may_write) note.textContent = "Edited, not saved.";
    else note.textContent = "Edited; the file stays as it is.";
  };
  const send = () => {
    timer = 0;
    if (!shown || text.value === shown.text) return;
    const sent = { path: shown.path, text: text.value };
    shown.text = sent.text;
    sending = sending.then(() => guarded(() => post("edit", sent)));
  };
  text.addEventListener("input", () => {
    number();
    clearTimeout(timer);
    timer = setTimeout(send, 250);
  });
  text.addEventListener("scroll", () => (numbers.scrollTop = text.scrollTop));
  files.addEventListener("change", () => {
    if (timer) {
      clearTimeout(timer);
      send();
    }
    choose(files.value);
  });
  $("revert").addEventListener("click", () => {
    clearTimeout(timer);
    const path = files.value;
    shown = null;
    sending = sending.then(() =>
      guarded(async () => {
        await post("revert", { path });
        await fetchText(path);
      }),
    );
  });
  $("save").addEventListener("click", () => {
    clearTimeout(timer);
    send();
    const path = files.value;
    sending = sending.then(() =>
      guarded(async () => {
        await post("save", { path, sha256: shown.sha256 });
        await fetchText(path);
      }),
    );
  });
  $("fold").addEventListener("click", () => {
    const isWide = document.querySelector("main").classList.toggle("wide");
    $("fold").setAttribute("aria-expanded", String(!isWide));
  });

  // The state.
  const row = (one) => {
    const made = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const code = document.createElement("b");
    code.textContent = one.code;
    const at = document.createElement("span");
    at.className = "at";
    at.textContent = `${one.path}:${one.line} ${one.protocol} ${one.what}`.trim();
    const said = document.createElement("span");
    said.className = "said";
    for (const [place, part] of one.message.split("`").entries()) {
      const piece = document.createElement(place % 2 ? "code" : "span");
      piece.textContent = part;
      said.append(piece);
    }
    button.append(code, at, said);
    button.addEventListener("click", () => {
      if (state.files.some((file) => file.path === one.path)) {
        wanted = one.line;
        choose(one.path);
      }
      if (one.anchor && front()) show(one.anchor);
    });
    made.append(button);
    return made;
  };
  const take = (next) => {
    if (state && next.number < state.number) return;
    const before = state;
    state = next;
    document.body.classList.toggle("busy", next.is_busy);
    const [word, mood] =
      next.exit_code === null ? ["checking", ""]
      : next.exit_code === 0 ? ["holds", "good"]
      : next.exit_code === 1 || next.exit_code === 2 ? ["does not hold", "bad"]
      : ["not settled", "open"];
    $("verdict").textContent = word;
    $("verdict").className = `verdict ${mood}`;
    document.title = `${word}: tellverify`;
    const busy = next.is_busy ? "Checking… " : "";
    $("status").textContent = `${busy}${next.headline}`;
    $("problem").hidden = !next.problem;
    $("problem").textContent = next.problem;
    $("count").textContent = next.failures.length ? `Failures (${next.failures.length})` : "Nothing fails";
    if (next.exit_code === null) $("count").textContent = "Failures";
    if (!before || JSON.stringify(before.failures) !== JSON.stringify(next.failures))
      $("failures").replaceChildren(...next.failures.map(row));
    const chosen = files.value;
    const options = next.files.map((one) => {
      const option = document.createElement("option");
      option.value = one.path;
      option.textContent = one.path + (one.is_edited ? " (edited)" : "");
      return option;
    });
    files.replaceChildren(...options);
    const isThere = next.files.some((one) => one.path === chosen);
    if (isThere) files.value = chosen;
    marks();
    if (next.report !== report) {
      const known = new Set((before ? before.failures : []).map((one) => one.anchor));
      const fresh = next.failures.find((one) => one.anchor && !known.has(one.anchor));
      target = fresh ? fresh.anchor : "";
      load(next.report);
    }
    if (!isThere && next.files.length) {
      const first = next.failures.find((one) => next.files.some((file) => file.path === one.path));
      choose(first ? first.path : next.files[0].path);
    } else if (isThere && before && before.report !== next.report && !timer) choose(chosen);
  };
  const events = new EventSource("events");
  events.addEventListener("message", (event) => take(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    document.body.classList.remove("busy");
    $("status").textContent = "The server does not answer; the page shows the last state.";
  });
}
