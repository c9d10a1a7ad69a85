import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClientReport } from './findings.js';

/** Time for recovery and for stopping, each of which has its own limit, on a busy machine. */
const endMs = 400_000;

/** How a client process ended. */
export interface ClientEnd {
  /** The exit code or signal; `late` if it did not end in time. */
  readonly end: string;
  /** The last 4,000 characters. */
  readonly stderr: string;
  readonly report: ClientReport | undefined;
}

/** The client under test, in a process of its own. */
export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #hasExited = false;
  #stderr = '';
  #report: ClientReport | undefined;

  /** @param recoverMs How long the client may need to recover, longer than its longest backoff and several leases. */
  constructor(endpoint: string, seed: number, recoverMs = 45_000) {
    const path = fileURLToPath(new URL('./main.js', import.meta.url));
    this.#child = fork(path, [endpoint, String(seed), String(recoverMs)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (bytes) => {
      this.#stderr = (this.#stderr + bytes).slice(-4_000);
    });
    this.#child.on('message', (message) => {
      this.#report = message as ClientReport;
    });
    const kill = () => this.kill();
    process.once('exit', kill);
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      process.off('exit', kill);
      this.#hasExited = true;
      return `${code ?? signal}`;
    });
  }

  /** Waits until the process has ended, or for `until`, at most for this time. */
  async run(ms: number, until: Promise<void> = sleep(ms)): Promise<void> {
    await Promise.race([this.#ended, sleep(ms), until]);
  }

  /** The faults have ended: the client checks that it recovers, reports and exits. */
  async recover(): Promise<ClientEnd> {
    if (!this.#hasExited && this.#child.connected) this.#child.send('recover');
    const end = await Promise.race([this.#ended, sleep(endMs, 'late', { ref: false })]);
    return { end, stderr: this.#stderr, report: this.#report };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
