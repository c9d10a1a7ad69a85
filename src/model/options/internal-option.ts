/**
 * An option that other modules and the tests set, and users cannot: it is in no public type, and a symbol is its name, so
 * the check for unknown names ignores it.
 */
export class InternalOption<T> {
  readonly #key: symbol;

  constructor(name: string) {
    this.#key = Symbol(name);
  }

  /** Returns a copy of the options in which this option has the value. */
  set<O extends object>(options: O, value: T): O {
    return { ...options, [this.#key]: value };
  }

  /** Returns the value; undefined by default. */
  get(options: object): T | undefined {
    return Reflect.get(options, this.#key);
  }
}
