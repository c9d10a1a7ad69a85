import { type AsyncStream, OneLoop, Subscription, secondLoopError } from '../../../async/index.js';
import type { EtcdError } from '../../../errors/index.js';
import type { ServiceSubscriber } from '../views/view.js';
import type { Departure, Departures } from './departures.js';

const maxQueued = 1_000;

export interface DepartureSource {
  readonly departures: Departures;
  /** The service whose departures are wanted; undefined for all. */
  readonly service: string | undefined;
  /** Follows the service; the returned function ends that. */
  readonly follow: (subscriber: ServiceSubscriber) => () => void;
}

/** The stream of {@link ServiceDirectory.departures}. */
export function departureStream(
  { departures, service, follow }: DepartureSource,
  signal: AbortSignal | undefined,
): AsyncStream<Departure> {
  const subscribe = (put: (departure: Departure) => void, end: (error?: EtcdError) => void) => {
    const take = (departure: Departure) => {
      if (service === undefined || departure.target === service) put(departure);
    };
    const unfollow = follow({ onView: () => {}, onFailure: (error) => fail(error) });
    const unlisten = departures.listen(take, (error) => {
      unfollow();
      end(error);
    });
    const leave = () => {
      unlisten();
      unfollow();
    };
    const fail = (error: EtcdError) => {
      if (error.verdict !== 'final') return;
      leave();
      end(error);
    };
    return leave;
  };
  const stream = new Subscription<Departure>(subscribe, { maxQueued, signal });
  return new OneLoop(stream, () => secondLoopError('a stream', 'departures'));
}
