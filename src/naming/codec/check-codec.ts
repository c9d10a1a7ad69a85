import {
  anything,
  boolean,
  type Check,
  callback,
  objectWithMethods,
  optionsChecker,
  text,
  wrongTypeError,
} from '../../model/index.js';
import type { EndpointCodec } from './endpoint-codec.js';

const nameOfFormat: Check = (value, name) => {
  if (typeof value !== 'string' || value === '') throw wrongTypeError(name, value, 'the name of the format');
};

const checkMembers = optionsChecker<EndpointCodec>({
  name: nameOfFormat,
  keyPrefix: anything,
  decode: anything,
  encode: callback,
  defaultId: callback,
  canDrain: boolean,
  root: text,
  variant: text,
  serviceOf: callback,
});

const hasMethods = objectWithMethods('keyPrefix', 'decode');

/** Checks the option `codec`: an {@link EndpointCodec}. */
export const checkCodec: Check = (codec, name) => {
  if (typeof codec === 'function')
    throw wrongTypeError(name, codec, 'a codec; call the function that returns it, as in kratos()');
  if (Array.isArray(codec))
    throw wrongTypeError(name, codec, 'one codec; only readers of a service take a list');
  if (codec === null) throw wrongTypeError(name, codec, 'a codec, such as kratos()');
  hasMethods(codec, name);
  nameOfFormat((codec as EndpointCodec).name, `${name}.name`);
  checkMembers(codec as EndpointCodec, name);
};
