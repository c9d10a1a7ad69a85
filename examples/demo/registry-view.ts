import { EndpointManager, type EtcdClient } from '@org/etcd-naming';

/** The names of the registered servers, kept up to date by a watch. */
export class RegistryView {
  readonly #manager: EndpointManager;
  readonly #abort = new AbortController();
  readonly #names = new Set<string>();

  constructor(client: EtcdClient, target: string) {
    this.#manager = new EndpointManager(client, target);
    void this.#follow();
  }

  get names(): readonly string[] {
    return [...this.#names].sort();
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    try {
      for await (const event of this.#manager.watch({ signal })) {
        if (event.type === 'snapshot') {
          this.#names.clear();
          for (const key of event.endpoints.keys()) this.#names.add(this.#nameOf(key));
        } else {
          for (const { key } of event.added) this.#names.add(this.#nameOf(key));
          for (const key of event.removed) this.#names.delete(this.#nameOf(key));
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #nameOf(key: string): string {
    return key.slice(this.#manager.target.length + 1);
  }
}
