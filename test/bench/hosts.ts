/** Where the running side may be, of the values of the option `host` those that are measured. */
export const HOSTS: readonly string[] = ["worker", "page"];
