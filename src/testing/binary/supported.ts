import { EtcdStartError } from '../errors.js';

const OLDEST = [3, 4] as const;

/**
 * Checks that a release has the required features: 3.3 has neither the JSON gateway under `/v3` nor progress requests.
 *
 * @throws EtcdStartError that names `what` and the version, for a release before 3.4.
 */
export function checkSupported(version: string, what: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (isOld)
    throw new EtcdStartError(
      `${what} is etcd ${version}; ${OLDEST.join('.')} is the oldest that is supported`,
    );
}
