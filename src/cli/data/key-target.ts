import type { SelectedCodec } from '../args/codec.js';
import type { Target } from '../args/target.js';
import { serviceFormat, serviceOf } from './services.js';

/** The service of a key, as a target; undefined for a key that is not a record's. */
export function targetOfKey(key: string, selected: SelectedCodec | undefined): Target | undefined {
  const { codec, args: codecArgs = '' } = selected ?? {};
  const service = serviceOf(codec, key);
  const format = service === undefined ? undefined : serviceFormat(service, codec);
  if (service === undefined || !format || !key.startsWith(format.prefix)) return undefined;
  return { input: service, service, prefix: format.prefix, authority: undefined, codec, codecArgs, format };
}
