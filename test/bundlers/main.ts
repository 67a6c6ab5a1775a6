/**
 * Builds an application with webpack from the packed package, with the lines that the README has for them, and
 * streams from it in Chromium: with nothing to configure, and under `default-src 'self'`.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { PageStream } from "../browser/page-stream.js";
import { html } from "../browser/test-site.js";
import { ROOT } from "../package/consumer.js";
import { BackendProcess } from "../support/backend-process.js";
import { applicationFor } from "../support/bundler-lines.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { ensureChromium } from "../support/find-chromium.js";
import { FolderSite } from "../support/folder-site.js";

const run = promisify(execFile);
const HERE = import.meta.dirname;
const LINES = "webpack 5";

/** An application of which there is a folder to serve when it has been built. */
interface Application {
  readonly name: string;
  /** Inside the application's own folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly served: string;
  /** What its pages must be allowed beside `default-src 'self'`. */
  readonly policy: string;
}

const WEBPACK: Application = {
  name: "webpack",
  files: {
    "app.js": applicationFor(LINES),
    "site/index.html": html('<script src="main.js"></script>'),
    "build.mjs": `
      import webpack from "webpack";
      const output = { path: import.meta.dirname + "/site", publicPath: "/" };
      // The nearest tsconfig.json is that of the project, whose paths lead to the source instead of the package.
      const resolve = { tsconfig: false };
      webpack({ mode: "production", entry: "./app.js", context: import.meta.dirname, output, resolve }, (error, stats) => {
        if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString());
      });`,
  },
  command: [process.execPath, "build.mjs"],
  served: "site",
  policy: "",
};

async function install(folder: string): Promise<void> {
  if (!existsSync(join(HERE, "node_modules/webpack")))
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE });
  const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...quiet, join(folder, filename)], { cwd: HERE });
}

async function make({ files, command: [program = "", ...rest] }: Application, folder: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const env = { ...process.env, NODE_ENV: "production" } as const;
  await run(program, rest, { cwd: folder, env, maxBuffer: 100_000_000 });
}

async function stream(browser: ChromiumPage, url: string, backend: BackendProcess, asFiles: boolean): Promise<void> {
  const { page } = browser;
  const lines = browser.consoleErrors.length;
  await page.goto(url);
  await page.waitForFunction(() => "sdk" in globalThis);
  const urls = await page.evaluate(
    () => (globalThis as unknown as { urls: { workletUrl: string; workerUrl: string } }).urls,
  );
  const stream = await PageStream.create(page, backend.webSocketUrl, asFiles ? urls : {});
  await stream.start();
  await stream.captured(300);
  await stream.close();
  const end = await stream.ended();
  const { acknowledgedDurationMs, host } = await stream.stats();
  const said = [...browser.consoleErrors.slice(lines), ...browser.pageErrors];
  if (end.outcome !== "closed" || acknowledgedDurationMs < 300 || host !== "worker" || said.length > 0) {
    throw new Error(`The stream went wrong: ${JSON.stringify({ end, acknowledgedDurationMs, host, said })}`);
  }
}

const folder = await mkdtemp(join(HERE, "out-"));
try {
  await install(folder);
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using browser = await ChromiumPage.launch({ executablePath: await ensureChromium() });
  for (const application of [WEBPACK]) {
    const own = join(folder, application.name);
    await make(application, own);
    await using site = await FolderSite.serve(join(own, application.served));
    await stream(browser, site.url("/"), backend, false);
    const policy = `default-src 'self'; connect-src 'self' ws://127.0.0.1:${backend.port}; img-src data:; ${application.policy}`;
    await stream(browser, site.url("/", policy), backend, true);
    console.log(`${application.name}: streams with nothing to configure, and with worklet and worker as files.`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
