import { TlsError } from '../../errors/index.js';
import { describeTried } from '../call/attempt-log.js';

/** Throws one error for all the errors; returns if there are none. */
export function throwTlsErrors(errors: readonly TlsError[]): void {
  const [first, second] = errors;
  if (!first) return;
  if (!second) throw first;
  const tried = errors.flatMap((error) => error.tried);
  throw new TlsError(
    `no etcd member could be reached with TLS: ${describeTried(tried)}`,
    first.reason,
    tried,
    first,
  );
}
