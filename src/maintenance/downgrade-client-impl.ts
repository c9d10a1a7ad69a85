import { checkWait, noOptions, text } from '../model/index.js';
import type { CallOptions, MaintenanceCalls } from '../wire/index.js';
import type { Downgrade, DowngradeClient } from './maintenance-client.js';

const [validateAction, enableAction, cancelAction] = [0, 1, 2] as const;

export class DowngradeClientImpl implements DowngradeClient {
  readonly #calls: Pick<MaintenanceCalls, 'downgrade'>;

  constructor(calls: Pick<MaintenanceCalls, 'downgrade'>) {
    this.#calls = calls;
  }

  async validate(version: string, options: CallOptions = noOptions): Promise<Downgrade> {
    text(version, 'version');
    return this.#send(validateAction, version, options);
  }

  async enable(version: string, options: CallOptions = noOptions): Promise<Downgrade> {
    text(version, 'version');
    return this.#send(enableAction, version, options);
  }

  async cancel(options: CallOptions = noOptions): Promise<Downgrade> {
    return this.#send(cancelAction, '', options);
  }

  async #send(action: 0 | 1 | 2, version: string, options: CallOptions): Promise<Downgrade> {
    checkWait(options);
    const answer = await this.#calls.downgrade({ action, version }, options);
    return { clusterVersion: answer.version };
  }
}
