import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { streamFromSite } from "../browser/stream-from-site.js";
import { html } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { applicationFor, bundlerLines } from "../support/bundler-lines.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { FolderSite } from "../support/folder-site.js";
import { MORE, project } from "./more.js";

const run = promisify(execFile);

/** An application of which there is a folder to serve when it has been built. */
interface Application {
  readonly name: string;
  /** Inside the application's own folder. */
  readonly files: Readonly<Record<string, string>>;
  /** The arguments of node. */
  readonly command: readonly string[];
  readonly served: string;
  /** What its pages must be allowed beside `default-src 'self'`. */
  readonly policy: string;
  /** What the page has to say before any script has run. */
  readonly rendered: RegExp;
}

const WEBPACK: Application = {
  name: "webpack",
  files: {
    "app.js": applicationFor("webpack 5"),
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
  command: ["build.mjs"],
  served: "site",
  policy: "",
  rendered: /<script/,
};

const ROLLUP: Application = {
  name: "Rollup",
  files: {
    "app.js": applicationFor("Rollup"),
    "site/index.html": html('<script type="module" src="app.js"></script>'),
    "build.mjs": `
      import resolve from "@rollup/plugin-node-resolve";
      import url from "@rollup/plugin-url";
      import { rollup } from "rollup";
      const files = url({ include: ["**/*.worklet.js", "**/*.worker.js"], limit: 0, publicPath: "/" });
      const bundle = await rollup({ input: "app.js", plugins: [resolve(), files] });
      await bundle.write({ dir: "site", format: "es" });`,
  },
  command: ["build.mjs"],
  served: "site",
  policy: "",
  rendered: /<script/,
};

/** Server components import the package while they are rendered, and a client component uses it. */
const next = (name: string, flags: readonly string[]): Application => ({
  name,
  files: {
    // Without this line Next looks for the lockfile that is furthest up, which is that of the project.
    "next.config.mjs": `
      export default {
        output: "export",
        outputFileTracingRoot: ${JSON.stringify(MORE)},
        turbopack: { root: ${JSON.stringify(MORE)} },
        experimental: { cpus: 1 },
      };`,
    "app/layout.js": `
      export default function Layout({ children }) {
        return <html lang="en"><head><link rel="icon" href="data:," /></head><body>{children}</body></html>;
      }`,
    "app/page.js": `
      import { checkSupport, version } from "loquilex";
      import { Dictation } from "./dictation.js";
      export default function Page() {
        return <main><p>{"Version " + version + ", " + checkSupport().supported}</p><Dictation /></main>;
      }`,
    "app/dictation.js": `
      "use client";
      ${bundlerLines("webpack 5")}
      import * as sdk from "loquilex";
      import { useMicrophoneStream } from "loquilex/react";
      import { useEffect } from "react";
      export function Dictation() {
        const { state } = useMicrophoneStream("wss://example.org/v1/stream");
        useEffect(() => {
          globalThis.urls = { workletUrl: String(workletUrl), workerUrl: String(workerUrl) };
          globalThis.sdk = sdk;
        }, []);
        return <p>{state}</p>;
      }`,
  },
  command: [join(MORE, "node_modules/next/dist/bin/next"), "build", ...flags],
  served: "out",
  // Next starts its pages by scripts in their text.
  policy: "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; worker-src 'self'",
  rendered: /Version \d+\.\d+\.\d+, false<\/p><p>idle<\/p>/,
});

describe("the packed package in an application that is built by", () => {
  let backend: BackendProcess;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it.each([WEBPACK, ROLLUP, next("Next.js", ["--webpack"]), next("Next.js with Turbopack", ["--turbopack"])])(
    "$name streams with nothing to configure, and under a strict policy with worklet and worker as files",
    async ({ files, command, served, policy, rendered }) => {
      const folder = await project(files);
      const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", CI: "1" } as const;
      await run(process.execPath, command, { cwd: folder, env, maxBuffer: 100_000_000 });
      expect(await readFile(join(folder, served, "index.html"), "utf8")).toMatch(rendered);
      const site = await FolderSite.serve(join(folder, served));
      try {
        const strict = `default-src 'self'; connect-src 'self' ws://127.0.0.1:${backend.port}; img-src data:; ${policy}`;
        for (const [url, how] of [
          [site.url("/"), "inside"],
          [site.url("/", strict), "as files"],
        ] as const) {
          const { end, stats, said } = await streamFromSite(browser, url, backend, how);
          expect(end).toMatchObject({ outcome: "closed" });
          expect(stats.acknowledgedDurationMs).toBeGreaterThanOrEqual(300);
          expect(stats.host).toBe("worker");
          expect(said).toEqual([]);
        }
      } finally {
        await site[Symbol.asyncDispose]();
      }
    },
  );
});
