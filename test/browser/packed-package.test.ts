import { cp } from "node:fs/promises";
import { join } from "node:path";
import { build as esbuild, stop } from "esbuild";
import { build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Consumer } from "../package/consumer.js";
import { BackendProcess } from "../support/backend-process.js";
import { applicationFor } from "../support/bundler-lines.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { FolderSite } from "../support/folder-site.js";
import { HOST, PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { type FileUrls, streamFromSite } from "./stream-from-site.js";
import { html } from "./test-site.js";

const NONCE = "bm9uY2U";

interface Page {
  readonly name: string;
  readonly path: string;
}

const VITE: Page = { name: "an application bundled by vite", path: "vite/vite.html" };
const MODULES: Page = { name: "a page that imports the package's modules", path: "modules.html" };
const SCRIPT_TAG: Page = { name: "a page with a script tag", path: "script-tag.html" };
const ESBUILD: Page = { name: "an application bundled by esbuild", path: "esbuild.html" };

const ADDRESSES: FileUrls = { workletUrl: "/loquilex/capture.worklet.js", workerUrl: "/loquilex/loquilex.worker.js" };

// vitejs/vite#9606, webpack/webpack#11543: the worklet is missing, or no longer a worklet, once a bundler has had it.
describe("the packed package in", () => {
  let consumer: Consumer;
  let backend: BackendProcess;
  let site: FolderSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    [backend, consumer] = await Promise.all([
      BackendProcess.start({ env: { LX_ENGINE: "segmenter" } }),
      Consumer.install(),
    ]);
    const inSite = (path: string): string => join(consumer.folder, "site", path);
    const nonce = ` nonce="${NONCE}"`;
    await cp(consumer.installed("dist"), inSite("loquilex"), { recursive: true });
    await consumer.write("site/modules.html", html('<script type="module" src="modules.js"></script>'));
    await consumer.write(
      "site/modules.js",
      `import * as sdk from "./loquilex/index.js";
       globalThis.urls = ${JSON.stringify(ADDRESSES)};
       globalThis.sdk = sdk;`,
    );
    await consumer.write(
      "site/script-tag.html",
      html(`<script${nonce} src="loquilex/loquilex.iife.js"></script><script${nonce} src="script-tag.js"></script>`),
    );
    await consumer.write("site/script-tag.js", `sdk = LoquiLex; urls = ${JSON.stringify(ADDRESSES)};`);
    await consumer.write("site/esbuild.html", html(`<script${nonce} type="module" src="esbuild/esbuild.js"></script>`));
    await consumer.write("vite.html", html('<script type="module" src="vite.js"></script>'));
    await consumer.write("vite.js", applicationFor("Vite"));
    await consumer.write("esbuild.js", applicationFor("esbuild"));
    await vite({
      root: consumer.folder,
      configFile: false,
      logLevel: "warn",
      base: "./",
      build: { outDir: inSite("vite"), rolldownOptions: { input: join(consumer.folder, "vite.html") } },
    });
    await esbuild({
      entryPoints: [join(consumer.folder, "esbuild.js")],
      outdir: inSite("esbuild"),
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      publicPath: "/esbuild",
      loader: { ".worklet.js": "file", ".worker.js": "file" },
      logLevel: "warning",
    });
    await stop();
    site = await FolderSite.serve(inSite(""));
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await consumer[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  /** Streams from a page of the site, and demands that nothing is said on its console. */
  async function stream({ path }: Page, how: "inside" | "as files", policy?: string): Promise<void> {
    const { end, stats, said } = await streamFromSite(browser, site.url(path, policy), backend, how);
    expect(end).toMatchObject({ outcome: "closed" });
    expect(stats.acknowledgedDurationMs).toBeGreaterThanOrEqual(300);
    if (HOST !== "page") expect(stats.host).toBe("worker");
    expect(said).toEqual([]);
  }

  it.each([VITE, MODULES, SCRIPT_TAG, ESBUILD])("$name streams with nothing to configure", async (page) => {
    await stream(page, "inside");
  });

  it("an application streams a second time in the same page, and holds nothing after it", async () => {
    await stream(VITE, "inside");
    const second = await PageStream.create(browser.page, backend.webSocketUrl);
    await second.start();
    await second.close();
    await expectReleased(browser, { everOpened: { tracks: 2 } });
  });

  it.each([VITE, MODULES, SCRIPT_TAG, ESBUILD])(
    "$name streams under default-src 'self' with worklet and worker as files",
    async (page) => {
      const ownBackend = `ws://127.0.0.1:${backend.port}`;
      await stream(page, "as files", `default-src 'self'; connect-src 'self' ${ownBackend}; img-src data:`);
    },
  );

  it.each([SCRIPT_TAG, ESBUILD])("$name streams under a policy of nonces", async (page) => {
    await stream(page, "as files", `script-src 'nonce-${NONCE}' 'self'; worker-src 'self'`);
  });
});
