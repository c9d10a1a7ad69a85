import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./server.js', import.meta.url));

/** A greeter in a process of its own. */
export class GreeterProcess {
  readonly name: string;
  /** `host:port` it listens on. */
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

  /** SIGKILL: no goodbye, its lease has to run out. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM: it takes back its registration and ends. Resolves when it is gone. */
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
