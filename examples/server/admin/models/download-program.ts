/**
 * Downloads one file in a process of its own: reads a {@link DownloadOrder} from its input, and prints {@link DownloadLine}s.
 * When its input ends, the server is gone, and so are this process and what it has written.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { DownloadFailure } from "./download-failure.js";
import type { DownloadLine, DownloadOrder } from "./download-messages.js";
import { requestModel } from "./model-request.js";

const PROGRESS_INTERVAL_MS = 200;
/** Pieces at the beginning that are told at once, so that a slow start is seen. */
const EAGER_PIECES = 8;

function say(line: DownloadLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function download({ url, path, sha256, bytes, maxBytes, hosts }: DownloadOrder): Promise<number> {
  const response = await requestModel(url, hosts).catch((error: unknown) => {
    if (error instanceof DownloadFailure) throw error;
    throw new DownloadFailure(
      "unreachable",
      `The model's server could not be reached (${reasonOf(error)}); try again later.`,
    );
  });
  const { headers } = response;
  // The length of a compressed answer is not the length of the file.
  const length = headers["content-encoding"] === undefined ? Number(headers["content-length"]) : 0;
  const totalBytes = bytes ?? (length > 0 ? length : undefined);
  if (totalBytes !== undefined && totalBytes > maxBytes) throw tooLarge(maxBytes);
  const file = await open(path, "wx");
  const hash = createHash("sha256");
  let receivedBytes = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let pieces = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      receivedBytes += chunk.byteLength;
      if (totalBytes !== undefined && receivedBytes > totalBytes) throw wrongSize(totalBytes);
      if (receivedBytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      await writeAll(file, chunk);
      pieces += 1;
      if (pieces > EAGER_PIECES && performance.now() - toldAt < PROGRESS_INTERVAL_MS) continue;
      toldAt = performance.now();
      say({ type: "progress", receivedBytes, totalBytes });
    }
    if (totalBytes !== undefined && receivedBytes !== totalBytes) throw wrongSize(totalBytes);
    if (hash.digest("hex") !== sha256) {
      throw new DownloadFailure(
        "wrong_checksum",
        "What came is not the model that the catalogue names: its SHA-256 differs.",
      );
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return receivedBytes;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}

const wrongSize = (totalBytes: number): DownloadFailure =>
  new DownloadFailure("wrong_size", `The model should have ${totalBytes} bytes, and what came has not.`);

const tooLarge = (maxBytes: number): DownloadFailure =>
  new DownloadFailure(
    "too_large",
    `The model has more than ${maxBytes} bytes, which LX_MODEL_MAX_BYTES does not allow.`,
  );

/** The system's code, which never has the address in it. */
function reasonOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : "no reason was given";
}

function failureOf(error: unknown): DownloadLine {
  if (error instanceof DownloadFailure) return { type: "failed", code: error.code, message: error.message };
  const reason = reasonOf(error);
  if (reason === "ENOSPC" || reason === "EDQUOT") {
    return { type: "failed", code: "disk_full", message: "The disk is full; free some space and try again." };
  }
  return { type: "failed", code: "interrupted", message: `The download broke off (${reason}); try again.` };
}

let path: string | undefined;
const input = createInterface({ input: process.stdin });
input.once("line", (line) => {
  const order = JSON.parse(line) as DownloadOrder;
  path = order.path;
  download(order).then(
    (receivedBytes) => {
      say({ type: "done", receivedBytes });
      path = undefined;
      input.close();
      process.stdin.destroy();
    },
    (error: unknown) => {
      say(failureOf(error));
      process.exitCode = 1;
      input.close();
      process.stdin.destroy();
    },
  );
});
input.once("close", () => {
  if (path === undefined) return;
  rmSync(path, { force: true });
  process.exit(1);
});
