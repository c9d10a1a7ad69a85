import { PutRequest } from '#src/gen/etcd/rpc.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.js';
import { Rate } from '../rate.js';
import { FakeEtcd } from '../server/fake-etcd.js';

/** Another client writes at this interval, so that watchers receive events. */
const writeMs = 30;

/** A fake etcd behind the proxy, whose answers are correct. */
export class HonestEtcd {
  readonly calls = new Rate();
  readonly #etcd: FakeEtcd;
  readonly #server: ScriptedServer;
  readonly #writing: NodeJS.Timeout;

  private constructor(etcd: FakeEtcd, server: ScriptedServer) {
    this.#etcd = etcd;
    this.#server = server;
    this.#server.script = (call) => this.#serve(call);
    this.#etcd.store.fill('many/', 300);
    this.#writing = setInterval(() => this.#write(), writeMs);
  }

  /** @param advertised The endpoint that members announce. */
  static async start(advertised: () => string): Promise<HonestEtcd> {
    return new HonestEtcd(new FakeEtcd(advertised), await startScriptedServer(() => {}));
  }

  get endpoint(): string {
    return this.#server.endpoint;
  }

  async close(): Promise<void> {
    clearInterval(this.#writing);
    this.#etcd.close();
    await this.#server.close();
  }

  #serve(call: ScriptedCall): void {
    this.calls.add();
    const release = this.#etcd.serve(call, {
      message: (message) => call.send(message),
      end: () => call.end(),
    });
    call.stream.on('close', release);
  }

  #write(): void {
    const { store } = this.#etcd;
    const key = Buffer.from(`k/${store.revision % 10n}`);
    store.put(PutRequest.fromPartial({ key, value: Buffer.from(`${store.revision}`) }));
  }
}
