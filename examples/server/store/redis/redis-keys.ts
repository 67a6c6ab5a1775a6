/** The three keys of a session: what it is, its audio, its messages. The braces keep them on one machine of a Redis cluster. */
export const keysOf = (sessionId: string): readonly [session: string, audio: string, messages: string] => {
  // An id comes from the network, and may hold anything.
  const name = `loquilex:{${Buffer.from(sessionId).toString("base64url")}}`;
  return [name, `${name}:audio`, `${name}:messages`];
};
