import type { GreeterClient, HelloReply } from './greeter.js';

/** Makes one call. Rejects if it fails. */
export function sayHello(greeter: GreeterClient, name: string): Promise<HelloReply> {
  return new Promise((resolve, reject) => {
    greeter.sayHello({ name }, { deadline: Date.now() + 10_000 }, (error, reply) =>
      error || !reply ? reject(error ?? new Error('no reply')) : resolve(reply),
    );
  });
}
