import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

const codes = new Map<string, Promise<string>>();
/** One at a time, since the compiler is stopped after each. */
let last: Promise<unknown> = Promise.resolve();

/**
 * The code of a thread as one text, made once for all of them. A thread that loaded its modules by itself would need the
 * TypeScript loader, which costs each half a second of work, and would leave files open when it ends while it loads.
 * @param module a TypeScript module. @throws Error when it cannot be compiled.
 */
export function threadCode(module: URL): Promise<string> {
  const code = codes.get(module.href) ?? last.then(() => compile(module));
  codes.set(module.href, code);
  last = code.catch(() => {});
  return code;
}

async function compile(module: URL): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(module)],
      bundle: true,
      write: false,
      platform: "node",
      format: "cjs",
      target: "node20",
    });
    return outputFiles[0]?.text ?? "";
  } finally {
    // Its process would stay for as long as this one.
    await stop();
  }
}
