import type { EtcdAuthOptions } from '#src/testing/index.js';
import { secretOf } from '../support/canary.js';

/** Keys that the clients' user may not read. Many, because a client reads a refused key on its own from then on. */
export const refusedKeys = Array.from({ length: 200 }, (_, i) => `x/${i}`);

const prefixes = ['r/', 'c/', 'd/', 'p/', 'l/'];

/** The user of the clients. */
export const workerName = 'worker';

export const chaosAuth: EtcdAuthOptions = {
  users: { [workerName]: { password: secretOf('chaos'), roles: ['worker'] } },
  roles: { worker: prefixes.map((prefix) => ({ access: 'readwrite', prefix })) },
};
