#!/usr/bin/env node
import { parseArgs } from "node:util";
import { runConformance } from "./run.js";
import { table } from "./table.js";

const HELP = `Tests a server against the LoquiLex protocol:

  loquilex conformance ws://127.0.0.1:8787/v1/stream

Each numbered sentence of PROTOCOL.md that can be tested from outside is one line of the table. The exit code is 1 if one
is broken, and 2 if nothing could be tested.

  --json          prints the verdicts as JSON
  --only 6.1,6.2  tests these sentences alone
  --patience 40   seconds that one test may wait for a timeout of the server; 40 unless told, and 0 skips such tests
  --token TEXT    presented in each opening; LX_TOKEN in the environment is not seen by other users of the machine
`;
const DEFAULT_PATIENCE_SEC = 40;

const fail = (message: string): number => {
  process.stderr.write(`${message}\n`);
  return 2;
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      only: { type: "string" },
      patience: { type: "string", default: String(DEFAULT_PATIENCE_SEC) },
      token: { type: "string" },
    },
  });
  const [command, address = "", ...others] = positionals;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (command !== "conformance" || others.length > 0) return fail(HELP);
  if (!URL.canParse(address) || !/^wss?:$/.test(new URL(address).protocol)) {
    return fail(`The address must begin with ws:// or wss://, and is "${address}".`);
  }
  const patienceSec = Number(values.patience);
  if (!(patienceSec >= 0)) return fail(`--patience must be a number of seconds, and is "${values.patience}".`);
  const verdicts = await runConformance({
    url: address,
    token: values.token ?? process.env.LX_TOKEN,
    patienceMs: 1_000 * patienceSec,
    only: values.only?.split(","),
  });
  process.stdout.write(values.json ? `${JSON.stringify(verdicts, undefined, 2)}\n` : `${table(verdicts)}\n`);
  return verdicts.some(({ outcome }) => outcome === "broken") ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
