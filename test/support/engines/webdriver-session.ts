import { systemClock } from "loquilex/resources";

const START_TIMEOUT_MS = 30_000;
/** Longer than any script of a test takes. */
const SCRIPT_TIMEOUT_MS = 30_000;
/** WebKitWebDriver has been seen to answer never, now and then. */
const COMMAND_TIMEOUT_MS = SCRIPT_TIMEOUT_MS + 5_000;
const END_TIMEOUT_MS = 5_000;

/** As much of W3C WebDriver as the tests need, over plain HTTP. */
export class WebDriverSession {
  /** What the driver says about its browser. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly #url: string;

  private constructor(url: string, capabilities: Readonly<Record<string, unknown>>) {
    this.#url = url;
    this.capabilities = capabilities;
  }

  /** @param driverUrl without a slash at the end. */
  static async begin(driverUrl: string, capabilities: object): Promise<WebDriverSession> {
    await untilReady(driverUrl);
    const answer = await command("POST", `${driverUrl}/session`, { capabilities: { alwaysMatch: capabilities } });
    const session = answer as { sessionId: string; capabilities: Record<string, unknown> };
    const url = `${driverUrl}/session/${session.sessionId}`;
    await command("POST", `${url}/timeouts`, { script: SCRIPT_TIMEOUT_MS });
    return new WebDriverSession(url, session.capabilities);
  }

  async open(url: string): Promise<void> {
    await command("POST", `${this.#url}/url`, { url });
  }

  /** Runs the body of an asynchronous function, and resolves with what it returns. */
  async run(body: string, argument: unknown): Promise<unknown> {
    const script = `
      const done = arguments[arguments.length - 1];
      (async (argument) => { ${body} })(arguments[0]).then(
        (value) => done({ value: value === undefined ? null : value }),
        (error) => done({ error: String(error), stack: String(error && error.stack) }),
      );`;
    const args = [argument === undefined ? null : argument];
    const answer = (await command("POST", `${this.#url}/execute/async`, { script, args })) as {
      value?: unknown;
      error?: string;
      stack?: string;
    };
    if (answer.error !== undefined) throw new Error(`In the page: ${answer.error}\n${answer.stack}`);
    return answer.value ?? undefined;
  }

  async end(): Promise<void> {
    await command("DELETE", this.#url, undefined, END_TIMEOUT_MS);
  }
}

async function command(method: string, url: string, body?: object, timeoutMs = COMMAND_TIMEOUT_MS): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { connection: "close" },
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as { value: unknown };
  if (response.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`WebDriver: ${error}: ${message}`);
}

async function untilReady(driverUrl: string): Promise<void> {
  const deadline = systemClock.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const status = (await command("GET", `${driverUrl}/status`)) as { ready: boolean };
      if (status.ready) return;
    } catch (error) {
      if (systemClock.now() > deadline) throw new Error("The WebDriver does not answer.", { cause: error });
    }
    await new Promise<void>((resolve) => systemClock.schedule(50, resolve));
  }
}
