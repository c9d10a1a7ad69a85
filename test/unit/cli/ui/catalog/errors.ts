import { Code, DeadlineError, PermissionDeniedError } from '#src/index.js';

/** A read that etcd refuses. */
export const deniedError = () =>
  new PermissionDeniedError('permission denied', {
    code: Code.PERMISSION_DENIED,
    verdict: 'final',
  });

/** A read that etcd does not answer. */
export const silentError = () => new DeadlineError('no answer');
