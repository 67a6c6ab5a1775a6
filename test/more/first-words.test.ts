import { join } from "node:path";
import { build } from "vite";
import { expect, inject, it } from "vitest";
import { html } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { FolderSite } from "../support/folder-site.js";
import { snippetOf } from "../support/run-snippet.js";
import { project } from "./more.js";

it("an empty Vite project has captions with the script of docs/start.md, which has fewer than ten lines", async () => {
  const { code } = snippetOf("docs/start.md", "js", "defineCaptionsElement");
  expect(code.trim().split("\n").filter(Boolean).length).toBeLessThan(10);
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  const folder = await project({
    "index.html": html('<script type="module" src="main.js"></script>'),
    "main.js": code.replace("ws://127.0.0.1:8787/v1/stream", backend.webSocketUrl),
  });
  await build({ root: folder, configFile: false, logLevel: "warn" });
  await using site = await FolderSite.serve(join(folder, "dist"));
  await using browser = await ChromiumPage.launch({
    executablePath: inject("chromiumPath"),
    microphone: { what: "digits", tailMs: 20_000 },
  });
  await browser.page.goto(site.url("/"));
  const clicked = performance.now();
  await browser.page.getByRole("button", { name: "Start" }).click();
  await browser.page.getByRole("log").getByText(/\w/).first().waitFor();
  console.log(`Words were shown ${Math.round(performance.now() - clicked)} ms after the click.`);
  expect(browser.pageErrors).toEqual([]);
  await browser.page.goto("about:blank");
});
