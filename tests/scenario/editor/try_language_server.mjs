// Tries the schema with the YAML language server of the editors: what it completes, explains and marks.
//
//   npm install --prefix FOLDER yaml-language-server
//   node tests/editor/try_language_server.mjs FOLDER/node_modules/yaml-language-server
//
// Prints what was asked and answered, and ends with code 1 where an answer is not the one expected.

import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const scenarios = resolve(dirname(fileURLToPath(import.meta.url)), "../../scenarios");
const server = spawn("node", [join(resolve(process.argv[2]), "bin/yaml-language-server"), "--stdio"]);
const waiting = new Map();
const marks = new Map();
let buffer = Buffer.alloc(0);
let number = 0;
let failures = 0;

server.stderr.on("data", (data) => process.stderr.write(data));
server.stdout.on("data", (data) => {
  buffer = Buffer.concat([buffer, data]);
  for (;;) {
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end).toString())[1]);
    if (buffer.length < end + 4 + length) return;
    receive(JSON.parse(buffer.subarray(end + 4, end + 4 + length).toString()));
    buffer = buffer.subarray(end + 4 + length);
  }
});

function send(message) {
  const text = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

function ask(method, params) {
  number += 1;
  send({ id: number, method, params });
  return new Promise((answered) => waiting.set(number, answered));
}

function receive(message) {
  if (message.method === "textDocument/publishDiagnostics") {
    marks.get(message.params.uri)?.(message.params.diagnostics);
  } else if (message.method === "workspace/configuration") {
    const yaml = { validate: true, completion: true, hover: true, schemaStore: { enable: false } };
    send({ id: message.id, result: message.params.items.map(({ section }) => (section === "yaml" ? yaml : {})) });
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (waiting.has(message.id)) {
    waiting.get(message.id)(message.result);
    waiting.delete(message.id);
  }
}

let opened = 0;

/** Opens a text as a file beside the shipped scenarios; `|` is where the cursor stands. */
async function open(text) {
  opened += 1;
  const uri = pathToFileURL(join(scenarios, `tried-${opened}.yaml`)).href;
  const head = "# yaml-language-server: $schema=scenario.schema.json\n";
  const whole = text.startsWith("# yaml") ? text : head + text;
  const marked = new Promise((given) => marks.set(uri, given));
  const cursor = whole.indexOf("|");
  const content = cursor < 0 ? whole : whole.slice(0, cursor) + whole.slice(cursor + 1);
  const textDocument = { uri, languageId: "yaml", version: 1, text: content };
  send({ method: "textDocument/didOpen", params: { textDocument } });
  const before = whole.slice(0, Math.max(cursor, 0)).split("\n");
  const position = { line: before.length - 1, character: before.at(-1).length };
  return { marked, at: { textDocument: { uri }, position } };
}

function expect(title, got, wanted) {
  const missing = wanted.filter((word) => !got.includes(word));
  failures += missing.length ? 1 : 0;
  console.log(`${missing.length ? "FAILED" : "ok"}: ${title}`);
  console.log(`    ${got.replaceAll("\n", "\n    ")}`);
  if (missing.length) console.log(`    missing: ${missing.join(", ")}`);
}

async function completes(title, text, wanted, unwanted = []) {
  const { at } = await open(text);
  const answer = await ask("textDocument/completion", at);
  const labels = (answer.items ?? answer).map((item) => item.label);
  expect(`completion ${title}`, labels.join(", "), wanted);
  const wrong = unwanted.filter((word) => labels.includes(word));
  failures += wrong.length ? 1 : 0;
  if (wrong.length) console.log(`FAILED: offered ${wrong.join(", ")}`);
}

async function explains(title, text, wanted) {
  const { at } = await open(text);
  const answer = await ask("textDocument/hover", at);
  expect(`hover ${title}`, (answer?.contents?.value ?? "none").split("\n\nSource:")[0], wanted);
}

async function marksAs(title, text, wanted) {
  const { marked } = await open(text);
  const said = (await marked).map((mark) => `${mark.range.start.line + 1}: ${mark.message}`);
  expect(`marks ${title}`, said.join("\n") || "none", wanted);
}

await ask("initialize", {
  processId: process.pid,
  rootUri: pathToFileURL(scenarios).href,
  capabilities: {
    textDocument: {
      completion: { completionItem: { snippetSupport: true } },
      hover: { contentFormat: ["markdown"] },
      publishDiagnostics: {},
    },
    workspace: { configuration: true },
  },
});
send({ method: "initialized", params: {} });
const settings = { yaml: { validate: true, completion: true, hover: true, schemaStore: { enable: false } } };
send({ method: "workspace/didChangeConfiguration", params: { settings } });

const plant = "name: mine\ninvestments:\n  - id: X-1\n    ";

await completes("of keys at the top", "|", ["name", "horizon", "investments", "localization", "overrides"]);
await completes("of keys of an investment", `${plant}|`, ["sector", "amount", "production_start", "probability"]);
await completes("of sectors", `${plant}sector: |`, ["autos", "batteries", "nonferrous_metals", "other"]);
await completes("of kinds", `${plant}kind: |`, ["greenfield", "expansion", "acquisition", "pledge"]);
await completes("of books", "name: mine\nbasis: |", ["korea_customs", "us_census"]);
await completes("of forms of a number", `${plant}amount: |`, ["normal", "triangular", "interval"]);
await completes("of an amount in won", `${plant}amount:\n      |`, ["krw_trillion", "distribution", "interval"]);
await completes("of laws", `${plant}amount:\n      distribution: |`, ["normal", "lognormal", "discrete"]);
await completes("of coefficients", `${plant}overrides:\n      |`, ["output_per_capex", "korean_share"]);
await completes("of sectors to override", "name: mine\noverrides:\n  sectors:\n    |", ["steel", "solar"]);
await completes("of paths", "name: mine\nlocalization:\n  path: |", ["fitted", "hold", "target", "step"]);
await completes(
  "of what a target needs",
  "name: mine\nlocalization:\n  path: target\n  |",
  ["local", "by", "sectors"],
  ["speed", "shares"],
);
const branch = "name: mine\nmixture:\n  - scenario: hyundai\n    ";
await completes("of keys of a branch", `${branch}|`, ["weight", "label"]);
await completes("of forms of a weight", `${branch}weight: |`, ["uniform", "interval"]);
await completes("of a scenario in a branch", "name: mine\nmixture:\n  - scenario:\n      |", ["extends", "tariffs"]);
await explains("of the amount", `${plant}am|ount: 5.8`, ["Amount", "bn USD"]);
await explains("of the horizon", "name: mine\nhor|izon: 2040", ["Horizon", "last year simulated", "Default: 2035"]);
await explains("of a probability left out", `${plant}prob|ability: 0.9`, ["fraction from 0 to 1", "as fitted"]);
await explains(
  "of a coefficient of a sector",
  "name: mine\noverrides:\n  sectors:\n    steel:\n      output_p|er_capex: 0.6",
  ["USD a year per USD", "Prior for steel", "80 % interval"],
);
await explains("of a path", "name: mine\nlocalization:\n  pa|th: hold", ["Path"]);
await marksAs("a misspelt sector", `${plant}sector: stel`, ["autos"]);
await marksAs("a misspelt key", "name: mine\nhorizn: 2040", ["horizn"]);
await marksAs("a missing key", `${plant}sector: steel`, ["company"]);
await marksAs("a wrong date", `${plant}announced: 2029-Q1`, ["expected a quarter (2029Q1)"]);
await marksAs("a branch without a weight", "name: mine\nmixture:\n  - scenario: hyundai", ["weight"]);
await marksAs("a horizon beside a mixture", `${branch}weight: 1\nhorizon: 2030`, ["horizon"]);
for (const name of readdirSync(scenarios).filter((file) => file.endsWith(".yaml"))) {
  await marksAs(`nothing in ${name}`, readFileSync(join(scenarios, name), "utf8"), ["none"]);
}

console.log(failures ? `${failures} answers were not as expected` : "every answer as expected");
server.kill();
process.exit(failures ? 1 : 0);
