import { credentials, status } from '@grpc/grpc-js';
import { channelTarget } from '@org/etcd-naming';
import { GreeterClient } from '../greeter/greeter.js';

export interface FailedCall {
  readonly peer: string;
  /** A time of `performance.now()`, in milliseconds. */
  readonly startedAt: number;
  readonly text: string;
}

const pauseMs = 10;
const deadlineMs = 2_000;

/** An ordinary gRPC client that calls continuously and counts the results. It knows only the service's name in etcd. */
export class Caller {
  /** The number of answered calls, by server. */
  readonly answered = new Map<string, number>();
  readonly failed: FailedCall[] = [];
  readonly #client: GreeterClient;
  #made = 0;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(service: string) {
    const { target, options } = channelTarget(service);
    this.#client = new GreeterClient(target, credentials.createInsecure(), options);
  }

  /** The number of calls made. */
  get made(): number {
    return this.#made;
  }

  /** The number of calls that any server answered. */
  get answeredCount(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0);
  }

  start(): void {
    this.#timer = setInterval(() => this.#call(), pauseMs);
  }

  /** Stops calling. Resolves when no call is in progress. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#open > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    this.#client.close();
  }

  #call(): void {
    this.#made++;
    this.#open++;
    const startedAt = performance.now();
    const call = this.#client.sayHello(
      { name: 'world' },
      { deadline: Date.now() + deadlineMs },
      (error, reply) => {
        this.#open--;
        if (reply) this.answered.set(reply.server, (this.answered.get(reply.server) ?? 0) + 1);
        else
          this.failed.push({
            peer: call.getPeer(),
            startedAt,
            text: `${status[error?.code ?? 2]}: ${error?.details}`,
          });
      },
    );
  }
}
