import type { Scope } from "../../../internal/scope.js";
import { listInputs } from "../microphones.js";
import type { DeviceList } from "./device-list.js";

/** The newest list of the devices that the browser has given. */
export class LatestList {
  readonly #scope: Scope;
  readonly #onList: (list: DeviceList) => void;
  #latest: DeviceList | undefined;
  /** Lists asked for, and which of them came last. */
  #asked = 0;
  #came = 0;

  /** @param onList called with each list until the scope ends. */
  constructor(scope: Scope, onList: (list: DeviceList) => void) {
    this.#scope = scope;
    this.#onList = onList;
  }

  /** `undefined` as long as the browser has given none. */
  get latest(): DeviceList | undefined {
    return this.#latest;
  }

  /** Asks the browser. An answer that fails, or comes after a newer one, is passed over. */
  async refresh(): Promise<void> {
    if (this.#scope.disposed) return;
    this.#asked += 1;
    const turn = this.#asked;
    const list = await listInputs(this.#scope).catch(() => undefined);
    if (list === undefined || this.#scope.disposed || turn < this.#came) return;
    this.#came = turn;
    this.#latest = list;
    this.#onList(list);
  }
}
