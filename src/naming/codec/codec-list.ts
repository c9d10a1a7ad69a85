import { InvalidInputError } from '../../errors/index.js';
import { type Check, listOf } from '../../model/index.js';
import { checkCodec } from './check-codec.js';
import type { EndpointCodec } from './endpoint-codec.js';
import { goEndpoints } from './go-endpoints.js';

/** The option `codec` of readers: one codec, or those of a service that is stored under several prefixes. */
export type CodecOption = EndpointCodec | readonly EndpointCodec[];

const checkEach = listOf(checkCodec);

/** Checks the option `codec` of readers. The names of the codecs are unique: a record names its codec. */
export const checkCodecs: Check = (option, name) => {
  if (!Array.isArray(option)) {
    checkCodec(option, name);
    return;
  }
  checkEach(option, name);
  if (option.length === 0) throw new InvalidInputError(`${name} is an empty list; it must have a codec`);
  const names = (option as readonly EndpointCodec[]).map((codec) => codec.name);
  const twice = names.find((one, i) => names.indexOf(one) !== i);
  if (twice !== undefined)
    throw new InvalidInputError(
      `${name} has two codecs named '${twice}'; give one another name, as in { ...codec, name: '${twice}-2' }`,
    );
};

/** The codecs of the option, most important first. */
export function toCodecs(option: CodecOption | undefined): readonly EndpointCodec[] {
  if (option === undefined) return [goEndpoints];
  return 'keyPrefix' in option ? [option] : [...option];
}
