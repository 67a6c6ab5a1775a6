const GROUPS_OF_A_NETWORK = 4;

/**
 * Who counts as one sender: an IPv4 address, also if it is written as IPv6, and a network of 64 bits of IPv6, which is what
 * everybody gets for themselves.
 */
export function addressGroup(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined || !address.includes(":")) return v4 ?? address;
  const [head = "", tail] = address.toLowerCase().split("%", 1)[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  // "::" stands for as many zeros as are missing.
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return `${[...groups, ...after].slice(0, GROUPS_OF_A_NETWORK).join(":")}::/64`;
}
