// Plays the machines of a protocol: possible events are buttons, past events a list.
for (const player of document.querySelectorAll(".player")) {
  const data = JSON.parse(player.nextElementSibling.textContent);
  const roles = data.roles;
  let states, queues, crashed, history, faults = false;
  const make = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  const key = (sender, receiver) => `${sender} ${receiver}`;
  const moves = (role) => data.machines[role].moves.filter((move) => move[0] === states[role]);
  const isFinal = (role) => data.machines[role].final.includes(states[role]);
  const words = (event) =>
    event.kind === "lose"
      ? `the network loses ${event.label} from ${roles[event.sender]} to ${roles[event.receiver]}`
      : event.kind === "crash"
        ? `${roles[event.role]} crashes`
        : event.move[2]
          ? `${roles[event.role]} sends ${event.move[4]} to ${roles[event.move[3]]}`
          : `${roles[event.role]} takes ${event.move[4]} from ${roles[event.move[3]]}`;
  const enabled = () => {
    const found = [];
    for (const role of roles.keys()) {
      if (crashed.has(role)) continue;
      for (const move of moves(role)) {
        const queue = queues.get(key(move[3], role)) || [];
        if (move[2] || queue[0] === move[4]) found.push({ kind: "move", role, move });
      }
    }
    if (faults) {
      for (const [channel, queue] of queues) {
        const [sender, receiver] = channel.split(" ").map(Number);
        if (queue.length) found.push({ kind: "lose", sender, receiver, label: queue[0] });
      }
      for (const role of roles.keys())
        if (!crashed.has(role) && moves(role).length) found.push({ kind: "crash", role });
    }
    return found;
  };
  const play = (event) => {
    if (event.kind === "crash") crashed.add(event.role);
    else if (event.kind === "lose") queues.get(key(event.sender, event.receiver)).shift();
    else {
      const [, target, sends, partner, label] = event.move;
      states[event.role] = target;
      if (sends) {
        const channel = key(event.role, partner);
        queues.set(channel, [...(queues.get(channel) || []), label]);
      } else queues.get(key(partner, event.role)).shift();
    }
    history.push(event);
  };
  const restart = (events) => {
    states = roles.map(() => 0);
    queues = new Map();
    crashed = new Set();
    history = [];
    for (const event of events) play(event);
  };
  const button = (text, act, name) => {
    const made = make("button", text, name);
    made.type = "button";
    made.addEventListener("click", () => {
      act();
      draw();
    });
    return made;
  };
  const ending = (possible) => {
    if (possible.some((event) => event.kind === "move")) return "";
    const waiting = [...roles.keys()].filter((role) => !crashed.has(role) && !isFinal(role));
    const left = [...queues.values()].some((queue) => queue.length);
    if (waiting.length) return `Stuck: ${waiting.map((role) => roles[role]).join(", ")} still wait.`;
    return left ? "All roles have finished; messages are left in queues." : "All roles have finished.";
  };
  const draw = () => {
    const possible = enabled();
    const bar = make("div", "", "bar");
    bar.append(
      button("Start again", () => restart([])),
      button("Back", () => restart(history.slice(0, -1))),
    );
    const label = make("label", " with faults");
    const box = make("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", "with faults");
    box.checked = faults;
    box.addEventListener("change", () => {
      faults = box.checked;
      draw();
    });
    label.prepend(box);
    bar.append(label);
    const choices = make("div", "", "choices");
    for (const event of possible)
      choices.append(button(words(event), () => play(event), event.kind === "move" ? "" : "faulty"));
    const table = make("table");
    for (const role of roles.keys()) {
      const row = make("tr");
      const head = make("th", roles[role]);
      head.scope = "row";
      const wants = moves(role)
        .map((move) => (move[2] ? `send ${move[4]} to ` : `take ${move[4]} from `) + roles[move[3]])
        .join(", or ");
      const end = crashed.has(role) ? "crashed" : isFinal(role) && !wants ? "finished" : wants;
      row.append(head, make("td", `state ${states[role]}`), make("td", end));
      table.append(row);
    }
    const queued = [...queues].filter(([, queue]) => queue.length);
    const lines = queued.map(([channel, queue]) => {
      const [sender, receiver] = channel.split(" ").map(Number);
      return make("div", `${roles[sender]} → ${roles[receiver]}: ${queue.join(", ")}`, "queue");
    });
    const past = make("ol", "", "past");
    for (const event of history) past.append(make("li", words(event)));
    const status = make("p", ending(possible), "now");
    status.setAttribute("aria-live", "polite");
    const views = make("div", "", "views");
    const left = make("div");
    left.append(choices, status, table, ...(lines.length ? lines : [make("p", "all queues empty", "quiet")]));
    views.append(left, past);
    player.replaceChildren(bar, views);
    player.dataset.events = String(history.length);
  };
  restart([]);
  player.closest("details").addEventListener("toggle", () => {
    if (!player.childNodes.length) draw();
  });
}
