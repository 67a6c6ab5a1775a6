/** What is used of Trusted Types, which TypeScript's own declarations do not have. */
interface PolicyFactory {
  createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
}

interface ScriptPolicy {
  createScriptURL(url: string): string;
}

/** What pages list in their `trusted-types` directive. */
const POLICY_NAME = "loquilex";

/** `null` if there is none, or the page does not allow it: asking again would be reported again. */
let policy: ScriptPolicy | null | undefined;

/**
 * An address of a script as pages take it that run scripts from trusted addresses only (`require-trusted-types-for`).
 * Elsewhere, and on a page that does not allow the policy, it is the address as it is.
 * @param url of this origin, or of a blob.
 */
export function trustedUrl(url: string): string {
  if (policy === undefined) policy = makePolicy();
  try {
    return policy?.createScriptURL(url) ?? url;
  } catch {
    // The browser judges the bare address, and a default policy of the page's own may still allow it.
    return url;
  }
}

function makePolicy(): ScriptPolicy | null {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  try {
    return trustedTypes?.createPolicy(POLICY_NAME, { createScriptURL: checkOrigin }) ?? null;
  } catch {
    return null;
  }
}

/** The policy vouches only for what the page has made or serves itself. @throws TypeError. */
function checkOrigin(url: string): string {
  if (new URL(url, document.baseURI).origin === self.origin) return url;
  throw new TypeError("foreign");
}
