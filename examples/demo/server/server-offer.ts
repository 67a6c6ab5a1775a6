/** What the page's own server can do for it. */
export interface ServerOffer {
  readonly faults: boolean;
  /** Whether the server shows what it has recorded, and to whom. */
  readonly api: "open" | "token" | "off";
}

export const NO_OFFER: ServerOffer = { faults: false, api: "off" };

/** Asks the server that the page comes from. A page that is served by anything else is offered nothing. */
export async function fetchOffer(signal: AbortSignal): Promise<ServerOffer> {
  try {
    const answer = await fetch(new URL("/demo.json", location.href), { signal });
    return answer.ok ? readOffer(await answer.json()) : NO_OFFER;
  } catch {
    return NO_OFFER;
  }
}

/** @returns no offer for what is no answer of this server. */
export function readOffer(answer: unknown): ServerOffer {
  const { faults, api } = (answer ?? {}) as Partial<Record<keyof ServerOffer, unknown>>;
  const known = (["open", "token", "off"] as const).find((one) => one === api);
  return typeof faults === "boolean" && known !== undefined ? { faults, api: known } : NO_OFFER;
}
