import { systemClock } from "loquilex/resources";
import { freePort } from "../free-port.js";
import { Belongings } from "./belongings.js";
import type { EnginePage, EnginePageOptions } from "./engine-page.js";
import { LeashedProcess } from "./leashed-process.js";
import { WebDriverSession } from "./webdriver-session.js";

/** Of the browser that the driver opens; its permission prompts are not shown in automation. */
const BROWSER_FLAGS = [
  "--automation",
  "--enable-media-stream=true",
  "--media-playback-requires-user-gesture=false",
  "--autoplay-policy=allow",
];

/**
 * With the buffers that it chooses itself, WebKitGTK 2.50 runs out of sound and puts quanta of silence into its own
 * microphone, in eight of ten recordings of three seconds; with these in three of twenty.
 */
const PULSE_LATENCY_MSEC = "60";

const LOAD_TIMEOUT_MS = 30_000;
const LOAD_POLL_MS = 20;

export interface WebKitOptions extends EnginePageOptions {
  /** Of WebKitWebDriver. */
  readonly driverPath: string;
}

/** WebKitGTK's MiniBrowser by WebDriver, on a display and a message bus of its own. */
export class WebKitEngine implements EnginePage {
  readonly version: string;
  readonly #belongings: Belongings;
  readonly #session: WebDriverSession;

  private constructor(belongings: Belongings, session: WebDriverSession) {
    this.#belongings = belongings;
    this.#session = session;
    this.version = `WebKitGTK ${session.capabilities.browserVersion}`;
  }

  static async launch({ executablePath, driverPath, env }: WebKitOptions): Promise<WebKitEngine> {
    const belongings = new Belongings();
    return belongings.unlessItFails(async () => {
      const display = belongings.use(
        new LeashedProcess({
          command: "Xvfb",
          args: ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"],
          env,
        }),
      );
      const DISPLAY = `:${await display.written(/^\d+$/)}`;
      const port = await freePort();
      const driver = belongings.use(
        new LeashedProcess({
          command: "dbus-run-session",
          args: ["--", driverPath, `--port=${port}`],
          env: {
            ...env,
            DISPLAY,
            GDK_BACKEND: "x11",
            LIBGL_ALWAYS_SOFTWARE: "1",
            NO_AT_BRIDGE: "1",
            GTK_A11Y: "none",
            GSETTINGS_BACKEND: "memory",
            PULSE_LATENCY_MSEC,
          },
        }),
      );
      driver.expectAlive();
      const session = await WebDriverSession.begin(`http://127.0.0.1:${port}`, {
        // Our own sites over https have a certificate that nobody vouches for.
        acceptInsecureCerts: true,
        "webkitgtk:browserOptions": { binary: executablePath, args: BROWSER_FLAGS },
      });
      belongings.defer(() => session.end());
      return new WebKitEngine(belongings, session);
    });
  }

  async open(url: string): Promise<void> {
    await this.#session.open(url);
    const deadline = systemClock.now() + LOAD_TIMEOUT_MS;
    while (!(await this.#isLoaded())) {
      if (systemClock.now() > deadline) throw new Error(`WebKitGTK has not loaded ${url}.`);
      await new Promise<void>((resolve) => systemClock.schedule(LOAD_POLL_MS, resolve));
    }
  }

  /** WebKitWebDriver 2.50 answers before the page's modules have run, in six of eight tries, and at times before the page is there. */
  #isLoaded(): Promise<boolean> {
    return this.evaluate(() => location.href !== "about:blank" && document.readyState === "complete").catch(
      () => false,
    );
  }

  evaluate<R, A>(script: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  evaluate<R>(script: () => R | Promise<R>): Promise<R>;
  async evaluate(script: (argument: unknown) => unknown, argument?: unknown): Promise<unknown> {
    return this.#session.run(`return (${script})(argument);`, argument);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#belongings[Symbol.asyncDispose]();
  }
}
