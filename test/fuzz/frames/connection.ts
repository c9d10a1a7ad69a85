import type { Socket } from 'node:net';
import type { HostilePeer } from './faults/index.js';
import {
  encodeFrame,
  type Frame,
  FrameReader,
  flags,
  frame,
  frameTypes,
  preface,
  settings,
} from './frame.js';
import { PacedWriter } from './paced-writer.js';
import { WithheldFrames } from './withheld-frames.js';

/** What a server that is not hostile announces. */
const ordinary = settings([1, 4_096], [3, 1_000], [4, 65_535], [5, 16_384], [6, 65_535]);

export interface ConnectionHooks {
  /** A frame of the server. Returns whether it is sent, after faults. */
  readonly onServerFrame: (frame: Frame, connection: HostileConnection) => 'forward' | 'drop';
  /** Each frame, or other bytes, that the client receives. */
  readonly onSent: (sent: Frame | Buffer, origin: 'server' | 'fault') => void;
}

/** A connection between the client and the server, on which faults add, change and drop the server's frames. */
export class HostileConnection implements HostilePeer {
  isNew = true;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #hooks: ConnectionHooks;
  readonly #writer: PacedWriter;
  readonly #windows = new WithheldFrames();
  readonly #fromClient = new FrameReader();
  readonly #fromServer = new FrameReader();
  readonly #open = new Set<number>();
  readonly #withHeaders = new Set<number>();
  readonly #muted = new Set<number>();
  /** Whose SETTINGS the client has to acknowledge, in order. */
  readonly #unacknowledged: ('server' | 'fault')[] = [];
  /** PING frames of faults that the client has to answer, by payload. */
  readonly #pings = new Map<string, number>();
  #prefaceLeft = preface.length;
  #highest = 0;
  #isSilent = false;

  constructor(client: Socket, server: Socket, hooks: ConnectionHooks) {
    this.#client = client;
    this.#server = server;
    this.#hooks = hooks;
    this.#writer = new PacedWriter(client);
    client.setNoDelay(true);
    client.on('data', (bytes) => this.#onClientBytes(bytes));
    server.on('data', (bytes) => this.#onServerBytes(bytes));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => {});
      one.on('end', () => one === client && other.destroy());
      one.on('close', () => {
        if (one === client || !this.#isSilent) other.destroy();
      });
    }
  }

  get open(): readonly number[] {
    return [...this.#open];
  }

  hasHeaders(streamId: number): boolean {
    return this.#withHeaders.has(streamId);
  }

  send(...frames: readonly Frame[]): void {
    for (const one of frames) this.#sendToClient(one, 'fault');
  }

  raw(bytes: Buffer): void {
    if (this.#isSilent) return;
    this.#hooks.onSent(bytes, 'fault');
    this.#writer.write(bytes);
  }

  mute(streamId: number): void {
    this.#muted.add(streamId);
  }

  silence(): void {
    this.#isSilent = true;
  }

  withholdWindows(): void {
    this.#windows.withhold();
  }

  trickle(bytes: number): void {
    this.#writer.trickle(bytes);
  }

  end(how: 'fin' | 'reset'): void {
    if (how === 'fin') this.#client.end();
    else this.#client.resetAndDestroy();
  }

  /** The server is honest from now on. A silent connection stays silent: the client must notice. */
  restore(): void {
    for (const streamId of this.#muted) if (this.#open.has(streamId)) this.#muted.delete(streamId);
    this.#writer.trickle(0);
    for (const one of this.#windows.release()) this.#sendToClient(one, 'server');
    if (!this.isNew) this.send(frame(frameTypes.settings, 0, ordinary));
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #onServerBytes(bytes: Buffer): void {
    for (const one of this.#fromServer.read(bytes)) {
      if (this.#isSilent) continue;
      const isMuted = one.streamId !== 0 && this.#muted.has(one.streamId);
      if (isMuted || this.#windows.take(one)) continue;
      if (this.#hooks.onServerFrame(one, this) === 'forward') this.#sendToClient(one, 'server');
      this.isNew = false;
    }
  }

  #sendToClient(one: Frame, origin: 'server' | 'fault'): void {
    if (this.#isSilent || this.#client.destroyed) return;
    this.#hooks.onSent(one, origin);
    this.#track(one, origin);
    this.#writer.write(encodeFrame(one));
  }

  #track({ type, flags: flag, streamId, payload }: Frame, origin: 'server' | 'fault'): void {
    if (type === frameTypes.settings && streamId === 0 && !(flag & flags.ack))
      this.#unacknowledged.push(origin);
    if (type === frameTypes.ping && origin === 'fault' && !(flag & flags.ack)) this.#countPing(payload, 1);
    if (type === frameTypes.headers) this.#withHeaders.add(streamId);
    const isEnd =
      type === frameTypes.reset ||
      ((type === frameTypes.data || type === frameTypes.headers) && (flag & flags.endStream) !== 0);
    if (isEnd) this.#open.delete(streamId);
  }

  #onClientBytes(bytes: Buffer): void {
    if (this.#isSilent) return;
    const start = bytes.subarray(0, this.#prefaceLeft);
    this.#prefaceLeft -= start.length;
    if (start.length > 0) this.#server.write(start);
    for (const one of this.#fromClient.read(bytes.subarray(start.length))) {
      const forServer = this.#toServer(one);
      if (forServer) this.#server.write(encodeFrame(forServer));
    }
  }

  /** What the server receives: no answers to frames of faults, which it would take for errors. */
  #toServer(one: Frame): Frame | undefined {
    const { type, streamId, payload } = one;
    const isAck = (one.flags & flags.ack) !== 0;
    switch (type) {
      case frameTypes.headers:
        this.#open.add(streamId);
        this.#highest = Math.max(this.#highest, streamId);
        return one;
      case frameTypes.settings:
        if (isAck) return this.#unacknowledged.shift() === 'server' ? one : undefined;
        // Without a table, no header block of the server depends on another, so that each can be dropped.
        return { ...one, payload: Buffer.concat([payload, settings([1, 0])]) };
      case frameTypes.ping:
        return isAck && this.#countPing(payload, -1) >= 0 ? undefined : one;
      case frameTypes.reset:
        this.#open.delete(streamId);
        return streamId <= this.#highest && streamId % 2 === 1 ? one : undefined;
      default:
        return one;
    }
  }

  /** Returns how many are unanswered then; below 0, the answer is to the server's PING. */
  #countPing(payload: Buffer, change: 1 | -1): number {
    const key = payload.toString('latin1');
    const count = (this.#pings.get(key) ?? 0) + change;
    if (count >= 0) this.#pings.set(key, count);
    if (count <= 0) this.#pings.delete(key);
    return count;
  }
}
