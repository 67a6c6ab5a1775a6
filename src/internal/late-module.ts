/** A module that is loaded once it is needed. */
export class LateModule<Module> {
  readonly #import: () => Promise<Module>;
  #loading: Promise<Module> | undefined;
  #loaded: Module | undefined;

  /** @param load imports it, by a literal name that bundlers see. */
  constructor(load: () => Promise<Module>) {
    this.#import = load;
  }

  /** `undefined` until it is loaded. */
  get loaded(): Module | undefined {
    return this.#loaded;
  }

  /** Resolves with the module. A load that has failed does not count: the next call tries again. */
  load(): Promise<Module> {
    this.#loading ??= this.#import().then(
      (module) => {
        this.#loaded = module;
        return module;
      },
      (cause) => {
        this.#loading = undefined;
        throw cause;
      },
    );
    return this.#loading;
  }
}
