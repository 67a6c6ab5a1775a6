import type { Bytes } from "../../protocol/bytes.js";

/** Encrypts what a journal holds, and knows it again. */
export interface Sealing {
  /** @param record the number it is stored under. */
  seal(plain: Bytes, record: number): Promise<Bytes>;
  /** Rejects for anything but what {@link seal} made under this number. */
  open(body: Bytes, record: number): Promise<Bytes>;
}
