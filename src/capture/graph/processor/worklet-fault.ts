import { withSignal } from "../../../internal/abort.js";
import { deferred } from "../../../internal/deferred.js";
import type { Scope } from "../../../internal/scope.js";
import { messageOf } from "../../media-errors.js";

/** How long after a refusal its report by the browser may come, in milliseconds. */
const REPORT_WAIT_MS = 50;
/** How long the address may take to show what is there, in milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;

/** Sees what happens while the audio-thread module is loaded, so that an error can say it instead of guessing. */
export class WorkletFault {
  readonly #scope: Scope;
  /** The directive of the page's policy that forbade something meanwhile. */
  #directive: string | undefined;

  /**
   * @param owner ends the watching, unless {@link end} does.
   * @param isBlob whether the code comes from a blob. What the policy says of others, such as a worker's, explains nothing.
   */
  constructor(owner: Scope, isBlob: boolean) {
    this.#scope = owner.child("audio-thread module");
    if (typeof document === "undefined") return;
    this.#scope.listen(document, "securitypolicyviolation", (violation: SecurityPolicyViolationEvent) => {
      const isOther = violation.blockedURI.startsWith("blob") !== isBlob;
      if (!isOther && /^(?:script|worker|default)-src/.test(violation.effectiveDirective)) {
        this.#directive ??= violation.effectiveDirective;
      }
    });
  }

  /**
   * What was seen, as a sentence.
   * @param url where the module is served; without it, the code came from a blob.
   * @param cause what loading it was rejected with.
   */
  async describe(url: string | undefined, cause: unknown): Promise<string> {
    const { promise: reported, resolve } = deferred<void>();
    this.#scope.timeout(REPORT_WAIT_MS, resolve, "policy report");
    // The caller that asked for the module may have ended while others still wait for the same one.
    await withSignal(reported, this.#scope.signal).catch(() => {});
    if (this.#directive !== undefined) {
      return `The page's Content Security Policy forbids it: the browser reported a violation of ${this.#directive}.`;
    }
    // Chromium 156 reports no violation for a worklet, and code of the package's own has no other reason to be refused.
    if (url === undefined) return sentence("Most likely the page's Content Security Policy forbids it", cause);
    return (await this.#probe(url)) ?? sentence("The browser refused it", cause);
  }

  end(): void {
    void this.#scope.dispose();
  }

  /** What is at the address, if that explains the failure. */
  async #probe(url: string): Promise<string | undefined> {
    const ending = new AbortController();
    this.#scope.timeout(PROBE_TIMEOUT_MS, () => ending.abort(new Error("No answer came in time.")), "probe");
    this.#scope.follow(this.#scope.signal, (reason) => ending.abort(reason));
    try {
      const response = await fetch(url, { signal: ending.signal });
      const type = response.headers.get("content-type") ?? "no type";
      if (!response.ok) return `The server answers ${response.status} there.`;
      return /javascript|ecmascript/i.test(type) ? undefined : `What is served there is ${type}, not JavaScript.`;
    } catch (error) {
      return sentence("The address cannot be fetched", error);
    } finally {
      ending.abort();
    }
  }
}

function sentence(what: string, cause: unknown): string {
  return `${what}: ${messageOf(cause).replace(/\.?$/, ".")}`;
}
