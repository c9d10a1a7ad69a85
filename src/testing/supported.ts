import { EtcdStartError } from './errors.js';

const OLDEST = [3, 4] as const;

/**
 * Whether a release has what is asked of it here: 3.3 has neither the JSON gateway under `/v3` nor progress requests.
 *
 * @throws EtcdStartError naming `what` and the version, when it is older than 3.4.
 */
export function checkSupported(version: string, what: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (isOld)
    throw new EtcdStartError(
      `${what} is etcd ${version}; ${OLDEST.join('.')} is the oldest that is supported`,
    );
}
