import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where Debian keeps libraries, one folder for each architecture. */
const LIBRARIES = "/usr/lib";

/** What a process believes the date to be, by libfaketime. Its clocks that nobody sets go on. */
export class FalseDate {
  /** For the environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly #path: string;

  private constructor(library: string, path: string) {
    this.#path = path;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path,
      // It looks at the file each time it is asked.
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** @param folder for its file. @throws Error that says how to install libfaketime, if it is not there. */
  static async in(folder: string): Promise<FalseDate> {
    const date = new FalseDate(await findLibrary(), join(folder, "date"));
    await date.set("+0");
    return date;
  }

  /** @param offset from the real date, such as `"-3d"`. */
  async set(offset: string): Promise<void> {
    await writeFile(this.#path, offset);
  }
}

async function findLibrary(): Promise<string> {
  for (const architecture of await readdir(LIBRARIES)) {
    const folder = join(LIBRARIES, architecture, "faketime");
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes("libfaketime.so.1")) return join(folder, "libfaketime.so.1");
  }
  throw new Error("This test needs libfaketime. On Debian: apt-get install -y --no-install-recommends libfaketime");
}
