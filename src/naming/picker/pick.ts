import type { Clock } from '../../async/index.js';
import { noOptions, optionsChecker, waitChecks } from '../../model/index.js';
import { checkCodecs } from '../codec/codec-list.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { directoryOf, type ServiceDirectory } from '../directory/index.js';
import type { NamingClient } from '../ports.js';
import { resolveService, toTarget } from '../target/index.js';
import { EndpointPicker } from './endpoint-picker.js';
import { type PickerPorts, pickerPorts, portsOf } from './options.js';
import type { PickedEndpoint } from './picked-endpoint.js';

/** The options of {@link pick}. */
export interface PickOptions {
  /**
   * The format of the service's records, such as `kratos()` of `@org/etcd-naming/codecs`; refused beside a
   * ServiceDirectory, which has a codec of its own. Picks with the same object share one watch: pass a codec of your
   * own as one object to each pick; those of `./codecs` are the same object for equal options. A list makes one service
   * of the records in several formats: see {@link DirectoryOptions}.
   * Default: the format of Go's `endpoints`.
   */
  readonly codec?: EndpointCodec | readonly EndpointCodec[];
  /**
   * How long the first pick of a service waits for etcd, in milliseconds. Default 5,000, as the first call of a channel;
   * `Infinity` disables the timeout. Later picks do not wait.
   */
  readonly timeoutMs?: number;
  /** Ends the wait: `pick` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const checkPick = optionsChecker<PickOptions>({ codec: checkCodecs, ...waitChecks });

const defaultTimeoutMs = 5_000;
/** How long a service is followed after its last pick, as by gRPC's channels. */
const idleMs = 30 * 60_000;

/** The picker of one service, while it is in use. */
class SharedPicker {
  readonly #picker: EndpointPicker;
  #isKnown = false;
  #isUsed = true;

  constructor(directory: ServiceDirectory, service: string, ports: PickerPorts, onIdle: () => void) {
    this.#picker = new EndpointPicker(directory, toTarget(service), pickerPorts.set({}, ports));
    this.#closeWhenIdle(ports.clock, onIdle);
  }

  async pick({ timeoutMs = defaultTimeoutMs, signal }: PickOptions): Promise<PickedEndpoint> {
    this.#isUsed = true;
    if (!this.#isKnown) await this.#picker.ready({ minEndpoints: 0, timeoutMs, signal });
    this.#isKnown = true;
    return this.#picker.pick();
  }

  #closeWhenIdle(clock: Clock, onIdle: () => void): void {
    clock.setTimer(idleMs, () => {
      const wasUsed = this.#isUsed;
      this.#isUsed = false;
      if (wasUsed) this.#closeWhenIdle(clock, onIdle);
      else {
        this.#picker.close();
        onIdle();
      }
    });
  }
}

const pickers = new WeakMap<ServiceDirectory, Map<string, SharedPicker>>();

/**
 * Picks an endpoint of a service for one request: `const { addr } = await pick(client, 'shop/cart')`. The first pick of a
 * service waits until its endpoints are known; then the service is followed, until 30 to 60 minutes after the last pick.
 * The endpoints take turns by weight, and none is preferred by its zone: for that and other options, create an
 * {@link EndpointPicker}. Do not pass names from requests without a check against the services that you know: each name,
 * also one without endpoints, is followed with a watch and memory of its own for that time, and nothing limits their number.
 * @param source An etcd client, or a directory with options of its own.
 * @throws {EtcdError} with the code UNAVAILABLE if the service has no endpoint, immediately; {DeadlineError} if etcd does
 *   not answer within `timeoutMs`; {PermissionDeniedError} or another final error; the reason of `signal`; {ClosedError}
 *   after the client or the directory was closed; {NamingError} for an invalid target.
 */
export async function pick(
  source: NamingClient | ServiceDirectory,
  target: string,
  options: PickOptions = noOptions,
): Promise<PickedEndpoint> {
  checkPick(options);
  const directory = directoryOf(source, options.codec);
  const service = resolveService(target, directory.client);
  options.signal?.throwIfAborted();
  return sharedPicker(directory, service, portsOf(options)).pick(options);
}

function sharedPicker(directory: ServiceDirectory, service: string, ports: PickerPorts): SharedPicker {
  const ofDirectory = pickers.get(directory) ?? new Map<string, SharedPicker>();
  pickers.set(directory, ofDirectory);
  const known = ofDirectory.get(service);
  if (known) return known;
  const picker = new SharedPicker(directory, service, ports, () => ofDirectory.delete(service));
  ofDirectory.set(service, picker);
  return picker;
}
