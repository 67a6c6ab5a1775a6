/** Whether a client may come in. What is said of a refusal goes to the client, so it never repeats the token. */
export type Admission =
  | {
      readonly granted: true;
      /** Whom the token was issued to, if it was issued to one of many. */
      readonly subject?: string | undefined;
    }
  /** `detail` is a sentence for the client. */
  | { readonly granted: false; readonly detail: string };

/** Checks the token that a client presents in its first message. */
export interface Authenticator {
  /** For the log. */
  readonly name: "none" | "static" | "jwt";
  /** Rejects only for what is no fault of the client. */
  check(token: string | undefined): Promise<Admission>;
}

export const GRANTED: Admission = { granted: true };
export const refusedBecause = (detail: string): Admission => ({ granted: false, detail });
