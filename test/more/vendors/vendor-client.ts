import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Waiting } from "../../support/waiting.js";

/** What a client says: its own words in the terms of `client.mjs`. */
export interface Said {
  readonly what: "ready" | "opened" | "partial" | "final" | "failed" | "closed" | "ended";
  readonly text: string;
  /** Where the first word of a final text begins, in seconds of the client's session. */
  readonly from?: number;
}

/** Where the service is, and who comes. */
export interface VendorAddress {
  /** Without a slash at the end. */
  readonly webSocket: string;
  /** Without a slash at the end. */
  readonly http: string;
  readonly token: string;
  readonly sampleRate: number;
}

const fixture = (name: string): string => join(import.meta.dirname, "../../support/fixtures", name);
/** The clients trust it beside the usual ones, by a setting of Node's. */
const CERTIFICATE = fixture("tls-1.cert.pem");
/** For a server whose client refuses to speak without TLS. */
export const TLS = { cert: readFileSync(CERTIFICATE), key: readFileSync(fixture("tls-1.key.pem")) };

/** How long a client may take for what is waited for; some wait five seconds before they connect again. */
const PATIENCE_MS = 30_000;

/** A vendor's own client from npm, in a process of its own, and everything that it has said. */
export class VendorClient implements AsyncDisposable {
  readonly said: Said[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Waiting();
  readonly #printed: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (said: Said) => {
      this.said.push(said);
      this.#waiting.changed();
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => this.#printed.push(String(data)));
  }

  /** @param name of a file in `clients`. */
  static async start(name: string): Promise<VendorClient> {
    const child = fork(join(import.meta.dirname, "client.mjs"), [name], {
      cwd: import.meta.dirname,
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: CERTIFICATE },
    });
    const client = new VendorClient(child);
    await client.until("to be loaded", () => client.count("ready") > 0 || child.exitCode !== null);
    return client;
  }

  /** Makes a session, as an application would at its beginning and after a loss that the client does not mend by itself. */
  open(address: VendorAddress): void {
    this.#tell("open", address);
  }

  send(audio: Uint8Array): void {
    this.#tell("send", audio);
  }

  /** Ends the session in the vendor's own way. "ended" follows if that resolves. */
  end(): void {
    this.#tell("end");
  }

  count(what: Said["what"]): number {
    return this.said.filter((said) => said.what === what).length;
  }

  /** Texts that stand, in their order. */
  get finals(): Said[] {
    return this.said.filter(({ what }) => what === "final");
  }

  /** @throws Error that says what was heard and printed instead. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const timer = setTimeout(() => {
      const heard = this.said.map((said) => `  ${said.what} ${said.text}`).join("\n");
      const printed = this.#printed.join("");
      this.#waiting.fail(new Error(`Waited for the client ${what}. It said:\n${heard}\nand printed:\n${printed}`));
    }, PATIENCE_MS);
    await this.#waiting.until(condition).finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await gone;
  }

  #tell(what: string, detail?: unknown): void {
    this.#child.send([what, detail]);
  }
}
