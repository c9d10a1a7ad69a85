import { type Clock, systemClock } from '../../async/index.js';
import { InvalidInputError } from '../../errors/index.js';
import { callback, duration, InternalOption, oneOf, optionsChecker, text } from '../../model/index.js';
import type { BalanceOptions, Traits } from '../balance/index.js';
import { checkCodecs } from '../codec/codec-list.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { type SelectionOptions, selectionChecks } from '../selection/index.js';
import type { PickedEndpoint } from './picked-endpoint.js';

/** The options of an {@link EndpointPicker}. */
export interface PickerOptions extends SelectionOptions, Pick<BalanceOptions, 'zone' | 'slowStartMs'> {
  /**
   * The format of the service's records, such as `kratos()` of `@org/etcd-naming/codecs`. A ServiceDirectory has a codec
   * of its own, so this option is refused beside one. A list makes one service of the records in several formats: see
   * {@link DirectoryOptions}. Default: the format of Go's `endpoints`.
   */
  readonly codec?: EndpointCodec | readonly EndpointCodec[];
  /**
   * `weighted`: by the weights and zones in the records' metadata. `round_robin`: each endpoint gets the same share. With
   * both, endpoints that drain or have the weight 0 come last. Default `weighted`; without metadata the two are the same.
   */
  readonly policy?: 'weighted' | 'round_robin';
  /**
   * Called when an endpoint is no longer picked, because its address is no longer registered or the picker was closed: the
   * place to close its connections. An exception becomes a process warning (`ETCD_NAMING_CALLBACK`). Default: none.
   */
  readonly onRemoved?: (endpoint: PickedEndpoint) => void;
}

/** The sources of time and randomness of a picker; tests replace them. */
export interface PickerPorts {
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

export const pickerPorts = new InternalOption<PickerPorts>('ports');

export function portsOf(options: object): PickerPorts {
  return pickerPorts.get(options) ?? { clock: systemClock, random: Math.random };
}

const checkNames = optionsChecker<PickerOptions>({
  codec: checkCodecs,
  ...selectionChecks,
  zone: text,
  slowStartMs: duration(),
  policy: oneOf('weighted', 'round_robin'),
  onRemoved: callback,
});

/** @throws {InvalidInputError} for an unknown or invalid option. */
export function checkPicker(options: PickerOptions): void {
  checkNames(options);
  if (options.policy === 'round_robin' && options.zone !== undefined)
    throw new InvalidInputError("the options policy 'round_robin' and zone exclude each other");
}

/** The traits that the policy uses. */
export function traitsFor({ policy }: PickerOptions, traits: Traits): Traits {
  if (policy !== 'round_robin') return traits;
  return { weight: traits.weight === 0 ? 0 : 1, zone: undefined, draining: traits.draining };
}
