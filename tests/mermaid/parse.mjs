// Reads a JSON list of diagrams from standard input and writes, for each, null or why Mermaid
// refuses it.
import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, securityLevel: "strict", maxTextSize: 50000 });

const answers = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  if (text.length >= 50000) {
    answers.push("longer than Mermaid draws");
    continue;
  }
  try {
    await mermaid.parse(text);
    answers.push(null);
  } catch (error) {
    answers.push(String(error.message ?? error));
  }
}
process.stdout.write(JSON.stringify(answers));
