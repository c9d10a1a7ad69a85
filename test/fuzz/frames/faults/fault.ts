import type { Random } from '../../../sim/random.js';
import type { Frame } from '../frame.js';

/** What the hostile side of a connection can do to the client. */
export interface HostilePeer {
  /** Sends frames that the server did not. Their acknowledgements do not reach it. */
  send(...frames: readonly Frame[]): void;
  /** Sends bytes, which need not be frames. */
  raw(bytes: Buffer): void;
  /** Whether the client has received response headers on this stream. */
  hasHeaders(streamId: number): boolean;
  /** Streams that the client has open. */
  readonly open: readonly number[];
  /** Whether the server's first frame, its SETTINGS, has not been sent yet. */
  readonly isNew: boolean;
  /** The server's frames on this stream are dropped while faults last. */
  mute(streamId: number): void;
  /** Nothing more is read from or sent to the client, and the connection stays open. */
  silence(): void;
  /** WINDOW_UPDATE frames are kept back while faults last. */
  withholdWindows(): void;
  /** The next bytes are sent one at a time. */
  trickle(bytes: number): void;
  /** Ends the connection, by FIN or by RST. */
  end(how: 'fin' | 'reset'): void;
}

/** The place of a fault: a frame that the server is about to send. */
export interface FaultPlace {
  readonly frame: Frame;
  readonly peer: HostilePeer;
  readonly random: Random;
}

/** Whether the server's frame is sent after what the fault has sent. */
export type Afterwards = 'forward' | 'drop';

export interface FrameFault {
  readonly name: string;
  readonly weight: number;
  /** The places where it is possible: on any frame, on one of a stream, or on the first frame of a connection. */
  readonly on: 'any' | 'stream' | 'greeting';
  /** Known to abort some versions of Node: it takes part in few rounds, so that the others are long enough. */
  readonly mayAbort: boolean;
  apply(place: FaultPlace): Afterwards;
}

type Apply = (place: FaultPlace) => Afterwards | undefined;

/** @param apply Without a result, the server's frame is sent. */
export function fault(
  on: FrameFault['on'],
  name: string,
  apply: Apply,
  { weight = 1, mayAbort = false } = {},
): FrameFault {
  return { name, weight, on, mayAbort, apply: (place) => apply(place) ?? 'forward' };
}
