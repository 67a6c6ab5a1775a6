/**
 * `npm run test:browser -- --engine chromium|firefox|webkit|all`: the suite of every engine in those that are named, and
 * what is tested in Chromium alone where it is among them. What is named and not there is an error.
 */
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";
import { ENGINE_NAMES } from "../support/engines/engine-page.js";

const CHOICES: readonly string[] = [...ENGINE_NAMES, "all"];

function chosenEngine(): string {
  try {
    const { values } = parseArgs({ options: { engine: { type: "string", default: "all" } } });
    if (CHOICES.includes(values.engine)) return values.engine;
    throw new Error(`--engine is ${values.engine}`);
  } catch (error) {
    console.error(`${(error as Error).message}. Say: npm run test:browser -- --engine ${CHOICES.join("|")}`);
    process.exit(1);
  }
}

const engine = chosenEngine();
process.env.LX_ENGINES = engine;
const project = engine === "chromium" || engine === "all" ? ["browser", "engines"] : ["engines"];
const vitest = await startVitest("test", [], { run: true, watch: false, project });
await vitest.close();
