/** A user and a password, for etcd's own authentication. */
export interface AuthOptions {
  readonly username: string;
  readonly password: string;
}

/**
 * The token that calls carry, one for the whole client. However many calls and streams find it expired at once, one
 * Authenticate is sent: a password check costs etcd some 70 ms of a processor.
 */
export class TokenSource {
  readonly #authenticate: () => Promise<string | undefined>;
  readonly #listeners = new Set<(generation: number) => void>();
  #token: string | undefined;
  #generation = 0;
  #refreshing: Promise<void> | undefined;

  /** `authenticate` gives undefined when etcd does no authentication; calls then go without a token. */
  constructor(authenticate: () => Promise<string | undefined>) {
    this.#authenticate = authenticate;
  }

  /** Counts the tokens: 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** Resolves when there is a newer token than that of `used`; who comes while one is being fetched waits for that one. */
  refresh(used: number): Promise<void> {
    if (this.#generation > used) return Promise.resolve();
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  onChange(listener: (generation: number) => void): void {
    this.#listeners.add(listener);
  }

  async #fetch(): Promise<void> {
    this.#token = await this.#authenticate();
    this.#generation++;
    for (const listener of this.#listeners) listener(this.#generation);
  }

  /** Never the token itself. */
  toJSON(): object {
    return { generation: this.#generation };
  }
}
