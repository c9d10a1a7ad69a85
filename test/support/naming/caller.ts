import { type ChannelOptions, Client, connectivityState, credentials, Metadata } from '@grpc/grpc-js';
import { eventually } from '../eventually.js';
import { unproxied } from '../proxy.js';
import { path, toBytes, toText } from './servers.js';

/** Waits until the calls of a client are answered by exactly these servers. */
export async function callsGoTo(client: Client, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort().join();
  let found = '';
  await eventually('the named servers answer', async () => {
    const answers = new Set<string>();
    for (let i = 0; i < names.length * 3; i++) answers.add(await ask(client));
    found = [...answers].sort().join();
    return found === wanted;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: wanted ${wanted}, found ${found}`);
  });
}

function ask(client: Client, deadlineMs = 10_000, waitForReady = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + deadlineMs };
    const metadata = new Metadata({ waitForReady });
    client.makeUnaryRequest(path, toBytes, toText, 'who?', metadata, options, (error, name) =>
      error ? reject(error) : resolve(name as string),
    );
  });
}

/** A grpc-js channel, dialled as a user dials it. */
export class Caller {
  readonly #client: Client;

  constructor(target: string, options: ChannelOptions = {}, how = credentials.createInsecure()) {
    // A proxy in the environment would bypass the resolver.
    const all = { ...unproxied, ...options };
    this.#client = new Client(target, how, all);
  }

  get state(): connectivityState {
    return this.#client.getChannel().getConnectivityState(false);
  }

  /** Makes a call. Returns the name of the server that answered. */
  call(deadlineMs?: number, waitForReady?: boolean): Promise<string> {
    return ask(this.#client, deadlineMs, waitForReady);
  }

  /** Makes `count` calls. Returns the number of answers by server. */
  async calls(count: number): Promise<Record<string, number>> {
    const answers: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const name = await this.call();
      answers[name] = (answers[name] ?? 0) + 1;
    }
    return answers;
  }

  /** Waits until calls are answered by exactly these servers. */
  async untilServedBy(...names: string[]): Promise<void> {
    await callsGoTo(this.#client, names);
  }

  async untilIdle(timeoutMs = 10_000): Promise<void> {
    await eventually('the channel is idle', () => this.state === connectivityState.IDLE, timeoutMs);
  }

  close(): void {
    this.#client.close();
  }
}
