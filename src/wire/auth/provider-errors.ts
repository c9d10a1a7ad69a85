import { EtcdError } from '../../errors/index.js';

/** The errors that token and password providers threw, or that have such an error as their cause. */
const ofProviders = new WeakMap<EtcdError, string>();

/** Remembers that the error, or its cause, is a provider's: its text may contain secrets. */
export function markProviderError(error: EtcdError, option: string): EtcdError {
  ofProviders.set(error, option);
  return error;
}

/** The error itself, or one without the text and the cause of a provider's error. */
export function withoutProviderText(error: EtcdError): EtcdError {
  const option = ofProviders.get(error);
  if (option === undefined) return error;
  const { code, verdict } = error;
  return new EtcdError(`${option} failed`, { code, verdict });
}
