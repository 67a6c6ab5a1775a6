import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { type ChromiumOptions, ChromiumPage } from "../support/chromium-page.js";
import { TcpProxy } from "../support/tcp-proxy.js";

const LAN_NAME = "lan.test";

/** What the page's developer sees. */
interface Seen {
  /** Of `stream.error`; `undefined` if there is none. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** Lines of the console, and what nobody caught. */
  readonly console: readonly string[];
}

/** A page that starts by itself, and writes each state to the console. */
const atOnce = (server: string): string => `<script type="module">
  import { createMicrophoneStream } from "/dist/index.js";
  globalThis.stream = createMicrophoneStream("${server}");
  stream.addEventListener("statechange", () => console.log(stream.state));
  stream.start();
</script>`;

describe("who makes a mistake of a newcomer", () => {
  let backend: BackendProcess;
  let site: TestSite;
  let secureSite: TestSite;
  let nowhere: TcpProxy;
  /** Answers every upgrade with a page, as proxies do that let no WebSocket through. */
  let blocking: Server;
  let lines: string[] = [];

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    const sdk = '<script type="module" src="/sdk.js"></script>';
    site = await TestSite.serve({
      "/frame": { html: html(sdk) },
      "/frames": { html: html('<iframe title="captions" src="about:blank"></iframe>') },
      "/at-once": { html: html(atOnce(backend.webSocketUrl)) },
    });
    secureSite = await TestSite.serve({}, "https");
    nowhere = await TcpProxy.listen({ targetPort: backend.port });
    nowhere.refuse();
    blocking = createServer((_, response) => response.writeHead(403).end("Blocked by policy."));
    blocking.on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    await new Promise<void>((resolve) => blocking.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    blocking.close();
    await nowhere[Symbol.asyncDispose]();
    await secureSite[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  const open = async (path = "/", options: Omit<ChromiumOptions, "executablePath"> = {}, host?: string) => {
    const browser = await launch(options);
    await browser.page.goto(site.url(path, host));
    return browser;
  };

  const launch = async (options: Omit<ChromiumOptions, "executablePath">) => {
    const browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath"), ...options });
    lines = [];
    browser.page.on("console", (line) => lines.push(line.text()));
    browser.page.on("pageerror", (error) => lines.push(error.message));
    return browser;
  };

  /** Does as the README does, but listens to nothing, and returns what is to be seen once there is something. */
  const start = async ({ page }: ChromiumPage, server: string, expected: RegExp, more: object = {}): Promise<Seen> => {
    await page.waitForFunction(() => "sdk" in globalThis);
    await page.evaluate(
      // On a click, and not awaited: the page is told of nothing.
      ([server, more]) => {
        const button = document.createElement("button");
        button.onclick = () => {
          globalThis.stream = sdk.createMicrophoneStream(server, more);
          void globalThis.stream.start();
        };
        document.body.append(button);
        button.click();
      },
      [server, more] as const,
    );
    await eventually(() => lines.join("\n")).toMatch(expected);
    const error = await page.evaluate(() => {
      const found = "stream" in globalThis ? globalThis.stream.error : undefined;
      return { code: found?.code, message: found?.message };
    });
    await page.evaluate(() => "stream" in globalThis && globalThis.stream.abort());
    return { ...error, console: lines };
  };

  it.each([
    ["an address without a scheme", "127.0.0.1:8787/v1/stream", /must begin with ws: or wss:, as in "ws:\/\/127/],
    ["a name without a scheme", "localhost:8787/v1/stream", /must begin with ws: or wss:, as in "ws:\/\/localhost/],
    ["another scheme", "ftp://127.0.0.1/v1/stream", /must use ws, wss, http or https.*Write "wss:/],
    ["no address", "", /must be a valid URL, and is empty/],
  ])("and gives %s is told so in the click, and how to write it", async (_, address, expected) => {
    await using browser = await open();
    await start(browser, address, expected);
    expect((await browser.live()).everOpened.tracks).toBe(0);
  });

  it("and has no server there reads at the first failure, without listening to anything, what to check", async () => {
    await using browser = await open();
    const { console } = await start(browser, `ws://127.0.0.1:${nowhere.port}/v1/stream`, /LoquiLex: The server/);
    const line = console.find((text) => text.startsWith("LoquiLex:")) ?? "";
    expect(line).toContain(`127.0.0.1:${nowhere.port} could not be reached`);
    expect(line).toContain("Check the network, the address and its port");
    expect(line).toContain("without TLS, because the address begins with ws:");
  });

  it("and asks a server without a certificate for TLS reads that the address says so", async () => {
    await using browser = await open();
    const { code, message } = await start(
      browser,
      `wss://127.0.0.1:${backend.port}/v1/stream`,
      /could not be reached/,
      {
        reconnect: false,
      },
    );
    expect(code).toBe("connect-failed");
    expect(message).toContain("with TLS, because the address begins with wss:");
  });

  it("and sits behind a proxy that lets no WebSocket through reads that as one of the causes", async () => {
    await using browser = await open();
    const { port } = blocking.address() as AddressInfo;
    const { code, message } = await start(browser, `ws://127.0.0.1:${port}/v1/stream`, /could not be reached/, {
      reconnect: false,
    });
    expect(code).toBe("connect-failed");
    expect(message).toContain("no proxy or firewall on the way blocks WebSockets");
  });

  it("and opens the page over plain http, as on a phone, is told to use https, before any prompt", async () => {
    await using browser = await open("/", { localNames: [LAN_NAME] }, LAN_NAME);
    const { code, message } = await start(browser, backend.webSocketUrl, /Serve it over https/);
    expect(code).toBe("insecure-context");
    expect(message).toContain("Serve it over https");
    expect((await browser.live()).everOpened.tracks).toBe(0);
  });

  it.each(["auto", "page"])(
    "and names a server with ws: on a page on https is told to write wss:, with host %j",
    async (host) => {
      await using browser = await launch({ trusting: true, localNames: [LAN_NAME] });
      await browser.page.goto(secureSite.url());
      const server = backend.webSocketUrl.replace("127.0.0.1", LAN_NAME);
      const { code, message } = await start(browser, server, /can only use wss:/, { host });
      expect(code).toBe("connect-impossible");
      expect(message).toContain("A page on https can only use wss:");
      expect((await browser.live()).everOpened.sockets).toBe(0);
    },
  );

  it("and starts when the page has loaded instead of in a click reads what the browser waits for, and the next click is enough", async () => {
    await using browser = await launch({ flags: ["--autoplay-policy=document-user-activation-required"] });
    const { page } = browser;
    // What the debugger evaluates counts as a person's gesture, so nothing may be asked of the page before the click.
    await page.goto(site.url("/at-once"));
    await eventually(() => lines.join("\n")).toMatch(/next click or key press lets it go on/);
    expect(lines).not.toContain("streaming");
    await page.mouse.click(10, 10);
    await eventually(() => lines).toContain("streaming");
    await page.evaluate(() => stream.close());
  });

  it.each([
    ["a microphone that is refused", "denied", "permission-denied"],
    ["no microphone", "none", "device-not-found"],
  ] as const)(
    "and forgets to await start() has %s on the console as a rejection that nobody handled",
    async (_, microphone, code) => {
      await using browser = await open("/", { microphone });
      const { message } = await start(browser, backend.webSocketUrl, /microphone/i);
      expect(browser.pageErrors).toEqual([expect.stringContaining(message ?? code)]);
      expect(await browser.page.evaluate(() => stream.error?.code)).toBe(code);
    },
  );

  it("and puts the page into an iframe without allow is told which attribute is missing", async () => {
    await using browser = await open("/frames", { localNames: [LAN_NAME] });
    const { page } = browser;
    const inside = site.url("/frame").replace("127.0.0.1", "localhost");
    await page.evaluate((address) => document.querySelector("iframe")?.setAttribute("src", address), inside);
    await eventually(() => page.frames().some((frame) => frame.url() === inside)).toBe(true);
    const frame = page.frames().find((one) => one.url() === inside);
    await frame?.waitForFunction(() => "sdk" in globalThis);
    const error = await frame?.evaluate(async (server) => {
      const stream = sdk.createMicrophoneStream(server);
      await stream.start().catch(() => {});
      return { code: stream.error?.code, message: stream.error?.message };
    }, backend.webSocketUrl);
    expect(error?.code).toBe("permission-denied");
    expect(error?.message).toContain('Add allow="microphone" to the iframe');
  });

  it("and has the microphone in use elsewhere is told to close that program", async () => {
    await using browser = await open();
    await browser.page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("Could not start audio source", "NotReadableError");
      };
    });
    const { code, message } = await start(browser, backend.webSocketUrl, /another program holds it/);
    expect(code).toBe("device-in-use");
    expect(message).toContain("Close that program");
  });

  it("and starts one stream twice is told to make a new one, and two streams beside each other both work", async () => {
    await using browser = await open();
    const { page } = browser;
    await page.waitForFunction(() => "sdk" in globalThis);
    const [again, ...states] = await page.evaluate(async (server) => {
      const streams = [sdk.createMicrophoneStream(server), sdk.createMicrophoneStream(server)] as const;
      await Promise.all(streams.map((stream) => stream.start()));
      const states = streams.map(({ state }) => state);
      await streams[0].close();
      const again = await streams[0].start().catch((error: Error) => error.message);
      await streams[1].close();
      return [String(again), ...states];
    }, backend.webSocketUrl);
    expect(states).toEqual(["streaming", "streaming"]);
    expect(again).toMatch(/[Mm]ake a new/);
  });
});
