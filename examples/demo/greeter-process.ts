import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./server.js', import.meta.url));

/** A greeter in its own process. */
export class GreeterProcess {
  readonly name: string;
  /** The `host:port` at which it listens. */
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(name: string, address: string, child: ChildProcess) {
    this.name = name;
    this.address = address;
    this.#child = child;
  }

  /** Resolves when the greeter listens and is registered. */
  static start(name: string, etcdEndpoint: string): Promise<GreeterProcess> {
    const child = fork(script, [name, etcdEndpoint]);
    process.once('exit', () => child.kill('SIGKILL')); // also one that is not registered yet
    return new Promise((resolve, reject) => {
      child.once('message', (ready: { port: number }) => {
        resolve(new GreeterProcess(name, `127.0.0.1:${ready.port}`, child));
      });
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`greeter ${name} ended with ${code} before it was registered`)),
      );
    });
  }

  /** Sends SIGKILL: the record remains until its lease expires. Resolves when the process has ended. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Sends SIGTERM: the greeter drains and ends. Resolves when the process has ended. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.kill(signal);
    });
  }
}
