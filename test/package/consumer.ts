import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A file in the tarball, as npm lists it. */
export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

/** A project outside this one that has installed the packed package, as an application would. */
export class Consumer implements AsyncDisposable {
  readonly folder: string;
  /** What the tarball holds. */
  readonly files: readonly PackedFile[];
  /** Size of the tarball in bytes. */
  readonly packedBytes: number;

  private constructor(folder: string, files: readonly PackedFile[], packedBytes: number) {
    this.folder = folder;
    this.files = files;
    this.packedBytes = packedBytes;
  }

  static async install(): Promise<Consumer> {
    const folder = await mkdtemp(join(tmpdir(), "loquilex-consumer-"));
    const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT });
    const [report] = JSON.parse(packed.stdout) as [{ filename: string; size: number; files: PackedFile[] }];
    const consumer = new Consumer(folder, report.files, report.size);
    await consumer.write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
    // The package needs nothing else, so this must work without a network.
    const options = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", ...options, join(folder, report.filename)], { cwd: folder });
    return consumer;
  }

  /** Path of the installed package, or of a file in it. */
  installed(path = ""): string {
    return join(this.folder, "node_modules/loquilex", path);
  }

  async write(path: string, text: string): Promise<void> {
    const target = join(this.folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }

  /** Runs a program of this project's, or node itself, in the consumer's folder. @throws Error with its output. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const path = command === "node" ? process.execPath : join(ROOT, "node_modules/.bin", command);
    try {
      return (await run(path, args, { cwd: this.folder })).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
