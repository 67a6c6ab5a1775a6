import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../examples/python-server/server.py", import.meta.url));
/** The one that packages of the system are for, if there is another beside it. */
const SYSTEM_PYTHON = "/usr/bin/python3";

/** `examples/python-server` in a process of its own, with a folder of its own. */
export class PythonServer implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly #end: () => Promise<void>;

  private constructor(url: string, pid: number, end: () => Promise<void>) {
    this.url = url;
    this.pid = pid;
    this.#end = end;
  }

  /** @throws Error with what Python said, such as that the package websockets is not there. */
  static async start(): Promise<PythonServer> {
    const folder = await mkdtemp(join(tmpdir(), "loquilex-python-"));
    const child = spawn(existsSync(SYSTEM_PYTHON) ? SYSTEM_PYTHON : "python3", [PROGRAM, "0"], {
      cwd: folder,
      env: { ...process.env, RESUME_SEC: "2" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exit = once(child, "exit");
    const end = async (): Promise<void> => {
      child.kill("SIGKILL");
      await exit;
      await rm(folder, { recursive: true, force: true });
    };
    const complaints: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
    const firstLine = once(createInterface({ input: child.stdout }), "line");
    const url = await Promise.race([firstLine, exit.then(() => [])]);
    if (typeof url[0] === "string") return new PythonServer(url[0], child.pid ?? 0, end);
    await end();
    throw new Error(`The server in Python did not start; it needs python3-websockets. ${complaints.join("\n")}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}
