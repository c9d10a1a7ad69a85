import { credentials, status } from '@grpc/grpc-js';
import { dial } from '@org/etcd-naming';
import { GreeterClient } from '../greeter/greeter.js';

export interface FailedCall {
  readonly peer: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly text: string;
}

const pauseMs = 10;
const deadlineMs = 2_000;

/** An ordinary gRPC client that calls all the time and keeps count. It knows the service by its name in etcd alone. */
export class Caller {
  readonly answered = new Map<string, number>();
  readonly failed: FailedCall[] = [];
  readonly #client: GreeterClient;
  #made = 0;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(service: string) {
    const { target, options } = dial(service);
    this.#client = new GreeterClient(target, credentials.createInsecure(), options);
  }

  get made(): number {
    return this.#made;
  }

  /** Calls answered, by whomever. */
  get answers(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0);
  }

  start(): void {
    this.#timer = setInterval(() => this.#call(), pauseMs);
  }

  /** Resolves when no call is under way any more. */
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
