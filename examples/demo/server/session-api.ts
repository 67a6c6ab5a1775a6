/** What the server has of a session, as its API describes it. */
export interface KeptSession {
  /** Whether it may still become more. */
  readonly live: boolean;
  /** How many recordings there are: more than one after a restart of the server. */
  readonly recordings: number;
}

/** What can be downloaded, in the order of the buttons. */
export const DOWNLOADS = [
  { label: "Text", path: "transcript.txt" },
  { label: "WebVTT", path: "transcript.vtt" },
  { label: "SRT", path: "transcript.srt" },
  { label: "JSON lines", path: "transcript.jsonl" },
] as const;

/** Asks the server's API about one session. Every failure is an Error with a sentence for people. */
export class SessionApi {
  readonly #address: string;
  readonly #token: string;
  readonly #signal: AbortSignal;

  constructor(options: { readonly sessionId: string; readonly token: string; readonly signal: AbortSignal }) {
    this.#address = new URL(`/api/sessions/${encodeURIComponent(options.sessionId)}`, location.href).href;
    this.#token = options.token;
    this.#signal = options.signal;
  }

  async describe(): Promise<KeptSession> {
    const answer = (await (await this.#get("")).json()) as { live?: unknown; recordings?: unknown };
    const recordings = Array.isArray(answer.recordings) ? answer.recordings.length : 0;
    return { live: answer.live === true, recordings };
  }

  async download(path: string): Promise<Blob> {
    return (await this.#get(`/${path}`)).blob();
  }

  async #get(path: string): Promise<Response> {
    const headers: Record<string, string> = this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` };
    let answer: Response;
    try {
      answer = await fetch(`${this.#address}${path}`, { headers, signal: this.#signal });
    } catch {
      throw new Error("The server cannot be reached. Try it again when it is back.");
    }
    if (answer.ok) return answer;
    throw new Error(await refusalOf(answer));
  }
}

/** The API's own sentence. */
async function refusalOf(answer: Response): Promise<string> {
  const body = (await answer.json().catch(() => undefined)) as { error?: { message?: unknown } } | undefined;
  const message = body?.error?.message;
  return typeof message === "string" ? message : `The server answered ${answer.status}.`;
}
