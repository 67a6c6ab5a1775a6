/** `npm run bench:engines`: what a page that blocks its own thread delays, in each engine, by each way that a worker has. */
import { ENGINE_NAMES } from "../../support/engines/engine-page.js";
import { ensureSound, findEngine } from "../../support/engines/find-engines.js";
import { type Cell, listOption, numberOption, report, type Table, tell } from "../report.js";
import { type Delays, type EngineDelays, measureEngine } from "./measure-engine.js";

/** A worker that nothing delays still shares the processors of the machine with the page. */
const UNDELAYED_MS = 250;

const blockMs = numberOption("block-ms", 1_500);
await ensureSound();
const engines: EngineDelays[] = [];
const notes: string[] = [];
const chosen = listOption("engines", ENGINE_NAMES);
for (const name of ENGINE_NAMES.filter((name) => chosen.includes(name))) {
  const engine = await findEngine(name);
  if (engine === undefined) notes.push(`${name} is not on this machine.`);
  else engines.push(await measureEngine(engine, blockMs));
}

function delayTable(title: string, delaysOf: (engine: EngineDelays) => Delays): Table {
  const ways = new Set(engines.flatMap((engine) => [...delaysOf(engine).keys()]));
  const isMeasured = (way: string): boolean => engines.some((engine) => delaysOf(engine).get(way) !== undefined);
  return {
    title,
    columns: [
      { title: "way" },
      ...engines.flatMap(({ name }) => ["p50", "max"].map((share) => ({ title: `${name} ${share}, ms` }))),
    ],
    rows: [...ways].filter(isMeasured).map((way): Cell[] => {
      const delays = engines.map((engine) => delaysOf(engine).get(way));
      return [way, ...delays.flatMap((delay) => [delay?.p50, delay?.max])];
    }),
  };
}

const features = new Set(engines.flatMap((engine) => Object.keys(engine.features)));
const faults: string[] = [];
for (const { name, fromAudioThread, toServer } of engines) {
  // What this SDK relies on: see the support table in docs/browsers.md.
  const relied = { port: fromAudioThread.get("message port to a worker"), socket: toServer.get("WebSocket, worker") };
  const parts = name === "chromium" ? [relied.port, relied.socket] : name === "firefox" ? [relied.port] : [];
  if (parts.some((delay) => delay === undefined || delay.max > UNDELAYED_MS)) {
    faults.push(`${name}: a blocked page delays what docs/browsers.md says it does not delay.`);
  }
}
tell(
  report({
    name: "engines",
    versions: Object.fromEntries(engines.map(({ version }) => version.split(" ", 2))),
    tables: [
      delayTable(
        `From the audio thread to a worker, page blocked for ${blockMs} ms`,
        (engine) => engine.fromAudioThread,
      ),
      delayTable(`From a worker to the server, page blocked for ${blockMs} ms`, (engine) => engine.toServer),
      delayTable(`From the server to a worker, page blocked for ${blockMs} ms`, (engine) => engine.fromServer),
      {
        title: "What the engines have",
        columns: [{ title: "feature" }, ...engines.map(({ name }) => ({ title: name }))],
        rows: [...features].map((feature) => [
          feature,
          ...engines.map((engine) => (engine.features[feature] ? "yes" : "no")),
        ]),
      },
    ],
    notes,
    faults,
  }),
);
