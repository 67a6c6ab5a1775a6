import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { codeOf } from "../../error-code.js";
import { plainText, type TimedWord, timedWord } from "../engine-line.js";

/** More than the longest segment has words for. */
const MAX_REPLY_BYTES = 1_048_576;

export interface TranscriptionOrder {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly key: string | undefined;
  /** What the form has beside the sound. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly wav: readonly Uint8Array[];
  /** Ends it. */
  readonly signal: AbortSignal;
}

export interface Transcription {
  readonly text: string;
  /** Times in seconds since the beginning of the sound. */
  readonly words: readonly TimedWord[] | undefined;
}

/** There is no transcription. The message completes "the service …", and has neither the address nor the key in it. */
export class TranscriptionError extends Error {
  override readonly name = "TranscriptionError";
  /** Whether the same may succeed later, and is refused for ever otherwise, or only this sound is. */
  readonly kind: "later" | "never" | "this-sound";
  /** How long the service wants to be left alone. */
  readonly retryAfterSec: number | undefined;

  constructor(message: string, kind: TranscriptionError["kind"], retryAfterSec?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterSec = retryAfterSec;
  }
}

/** Asks an OpenAI-compatible service once. @throws TranscriptionError */
export async function requestTranscription(order: TranscriptionOrder): Promise<Transcription> {
  const response = await post(order);
  const { statusCode: status = 0, headers } = response;
  if (status !== 200) {
    response.destroy();
    throw refusal(status, Number(headers["retry-after"] ?? Number.NaN));
  }
  return readReply(await bodyOf(response));
}

function post({ url, key, fields, wav, signal }: TranscriptionOrder): Promise<IncomingMessage> {
  const boundary = `loquilex-${crypto.randomUUID()}`;
  const part = (disposition: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}`;
  const head = [
    ...fields.map(([name, value]) => `${part(`name="${name}"`)}\r\n\r\n${value}\r\n`),
    `${part('name="file"; filename="segment.wav"')}\r\nContent-Type: audio/wav\r\n\r\n`,
  ].join("");
  const body = Buffer.concat([Buffer.from(head), ...wav, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const headers: Record<string, string | number> = {
    "content-type": `multipart/form-data; boundary=${boundary}`,
    "content-length": body.byteLength,
    accept: "application/json",
  };
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  const send = new URL(url).protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    let request: ClientRequest;
    try {
      // A connection that is kept would outlive the run.
      request = send(url, { method: "POST", headers, agent: false, signal });
    } catch (error) {
      // The address or the key holds something that no request can carry.
      reject(new TranscriptionError(`cannot be asked (${codeOf(error)})`, "never"));
      return;
    }
    request.once("response", resolve);
    request.on("error", (error) => reject(asTranscriptionError(error)));
    request.end(body);
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      // Leaving the loop closes the connection.
      if (bytes > MAX_REPLY_BYTES) throw new TranscriptionError("answered with far too much", "this-sound");
      chunks.push(chunk);
    }
  } catch (error) {
    throw asTranscriptionError(error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readReply(body: string): Transcription {
  let reply: Readonly<Record<string, unknown>> = {};
  try {
    reply = (JSON.parse(body) ?? {}) as typeof reply;
  } catch {
    // Said below.
  }
  const text = typeof reply.text === "string" ? plainText(reply.text) : undefined;
  if (text === undefined)
    throw new TranscriptionError("answered with something that is no transcription", "this-sound");
  const words = Array.isArray(reply.words)
    ? reply.words.flatMap((value: unknown) => {
        const { word, start, end } = (value ?? {}) as Readonly<Record<string, unknown>>;
        return timedWord(word, start, end);
      })
    : undefined;
  return { text, words };
}

function refusal(status: number, retryAfterSec: number): TranscriptionError {
  const said = `answered ${status}`;
  if (status === 401 || status === 403) return new TranscriptionError(`refused the key (${status})`, "never");
  if (status === 404 || status === 405) return new TranscriptionError(`has no such address (${status})`, "never");
  if (status >= 300 && status < 400) return new TranscriptionError(`is at another address (${status})`, "never");
  const isLater = status === 408 || status === 409 || status === 429 || status >= 500;
  return new TranscriptionError(said, isLater ? "later" : "this-sound", retryAfterSec >= 0 ? retryAfterSec : undefined);
}

function asTranscriptionError(error: unknown): TranscriptionError {
  if (error instanceof TranscriptionError) return error;
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (name === "AbortError") return new TranscriptionError("did not answer in time", "later");
  return new TranscriptionError(
    `could not be reached (${typeof code === "string" ? code : "no reason was given"})`,
    "later",
  );
}
