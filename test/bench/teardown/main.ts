/** `npm run bench:teardown`: streams that are aborted at random moments in a real browser, and how soon they hold nothing. */
import { version } from "../../../src/version.js";
import { TestSite } from "../../browser/test-site.js";
import { type AbortCycles, abortAtRandomMoments } from "../../support/abort-cycles.js";
import { BackendProcess } from "../../support/backend-process.js";
import { ChromiumPage } from "../../support/chromium-page.js";
import { ensureChromium } from "../../support/find-chromium.js";
import { HOSTS } from "../hosts.js";
import { browserVersion, type Cell, listOption, numberOption, quantile, report, tell } from "../report.js";

const SEED = 20_261_126;
const WARM_UP_CYCLES = 20;
const RELEASE_LIMIT_MS = 250;

const count = numberOption("cycles", 200);
const executablePath = await ensureChromium();
const faults: string[] = [];
const rows: Cell[][] = [];

/** Aborts the streams of one host in a browser of its own. */
async function measure(host: string): Promise<AbortCycles> {
  await using backend = await BackendProcess.start({
    env: { LX_ENGINE: "segmenter", LX_MAX_SESSIONS: "500", LX_WS_RESUME_TTL: "0" },
  });
  await using site = await TestSite.serve();
  await using browser = await ChromiumPage.launch({ executablePath });
  await browser.page.goto(site.url());
  await browser.page.waitForFunction(() => "sdk" in globalThis);
  const options = { url: backend.webSocketUrl, stream: { host } };
  // The first ones compile the code and fill the browser's caches.
  await abortAtRandomMoments(browser, { ...options, count: WARM_UP_CYCLES, seed: SEED + 1 });
  return await abortAtRandomMoments(browser, { ...options, count, seed: SEED });
}

for (const host of listOption("hosts", HOSTS)) {
  const { states, liveAfterAbort, abortMs, closedMs, releaseMs } = await measure(host);
  const p99 = quantile(releaseMs, 0.99);
  const times = [abortMs, closedMs, releaseMs].flatMap((values) => [
    quantile(values, 0.5),
    quantile(values, 0.99),
    quantile(values, 1),
  ]);
  const aborted = Object.entries(states).map(([state, streams]) => `${streams} ${state}`);
  rows.push([host, aborted.join(", "), liveAfterAbort, ...times]);
  if (liveAfterAbort > 0)
    faults.push(`Host ${host}: ${liveAfterAbort} microphones were on after abort() had returned.`);
  if (p99 >= RELEASE_LIMIT_MS) faults.push(`Host ${host}: everything is released after ${p99.toFixed(1)} ms (p99).`);
}

const three = (title: string) => ["p50", "p99", "max"].map((share) => ({ title: `${title} ${share}, ms`, digits: 1 }));
tell(
  report({
    name: "teardown",
    versions: { Chromium: await browserVersion(executablePath), LoquiLex: version },
    tables: [
      {
        title: `${count} streams, each aborted at a random moment`,
        columns: [
          { title: "host" },
          { title: "aborted while" },
          { title: "microphones on after the call" },
          ...three("call"),
          ...three("closed"),
          ...three("nothing left"),
        ],
        rows,
      },
    ],
    notes: [],
    faults,
  }),
);
