/** @throws TypeError when it is no object. @param alternatives what it may be otherwise. */
export function checkObject(name: string, value: unknown, alternatives = ""): asserts value is object {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be an object${alternatives}, and is ${String(value)}.`);
  }
}

/** @throws TypeError when it is no function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${name} must be a function, and is ${typeof value}.`);
}

/** @throws TypeError when it is neither absent nor a truth value. */
export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`${name} must be true or false, and is ${String(value)}.`);
  }
}

/** @throws TypeError when it is neither absent nor an AbortSignal. */
export function checkSignal(name: string, value: unknown): void {
  if (value === undefined) return;
  checkObject(name, value, " of the kind AbortSignal");
  const { aborted, addEventListener } = value as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw new TypeError(`${name} must be an AbortSignal, such as the signal of an AbortController.`);
  }
}

/** @throws TypeError when it is neither absent nor a device's id or a constraint for it. */
export function checkDeviceId(value: unknown): void {
  if (value !== undefined && typeof value !== "string" && (typeof value !== "object" || value === null)) {
    throw new TypeError(`deviceId must be a string or a constraint, and is ${String(value)}.`);
  }
}
