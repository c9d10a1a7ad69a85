import type { EtcdClient } from '@org/etcd-naming';
import type { EtcdHandle } from '#src/testing/index.js';
import { until } from '#src/testing/wait.js';
import { difference, digestOf } from '../check/contents.js';
import type { MemberCommands, MemberState } from '../workers/member.js';
import { type EtcdUsage, usageOf } from './etcd-usage.js';
import { Remote } from './remote.js';
import { storedLines } from './store.js';
import { windowed } from './windowed.js';

type Member = Remote<MemberCommands>;

/** Processes that start or register at a time, as in a deployment. */
export const startAtOnce = 10;
const rightWithinMs = 120_000;

/** Many processes, each a member of one service that it also follows. */
export class Fleet implements AsyncDisposable {
  readonly etcd: EtcdHandle;
  readonly client: EtcdClient;
  readonly target: string;
  readonly #members: Member[] = [];

  constructor(etcd: EtcdHandle, client: EtcdClient, target: string) {
    this.etcd = etcd;
    this.client = client;
    this.target = target;
  }

  /** Starts the processes, each with a connection. */
  async connect(count: number): Promise<void> {
    const endpoint = this.etcd.endpoints[0] ?? '';
    await windowed(Array.from({ length: count }), startAtOnce, async () => {
      const member = new Remote<MemberCommands>('member');
      this.#members.push(member);
      await member.call('connect', endpoint);
    });
  }

  /** Lets all do something, at most `atOnce` at the same time. */
  each<R>(work: (member: Member, i: number) => Promise<R>, atOnce = this.#members.length): Promise<R[]> {
    return windowed(this.#members, atOnce, work);
  }

  states(): Promise<MemberState[]> {
    return this.each((member) => member.call('state'));
  }

  /** What etcd and all processes together use. */
  async usage(): Promise<{ etcd: EtcdUsage; cpuMs: number; resident: number }> {
    const [etcd, states] = [await usageOf(this.etcd), await this.states()];
    const sum = (of: (state: MemberState) => number) => states.reduce((total, state) => total + of(state), 0);
    return { etcd, cpuMs: sum(({ cpuMs }) => cpuMs), resident: sum(({ resident }) => resident) };
  }

  /** Resolves when all are registered and each view is what etcd has stored. */
  async untilRight(): Promise<void> {
    await until('all registered, and all views right', { timeoutMs: rightWithinMs }, async () => {
      const digest = digestOf(await this.#stored());
      const states = await this.states();
      return states.every((state) => state.registered && state.live && state.digest === digest);
    });
  }

  /** What is wrong, in words. */
  async violations(): Promise<string[]> {
    const stored = await this.#stored();
    const shown = await this.each((member) => member.call('lines'));
    const states = await this.states();
    return shown.flatMap((lines, i) => [
      ...[difference(`process ${i}`, stored, lines) ?? []].flat(),
      ...(states[i]?.registered ? [] : [`process ${i} is not registered`]),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.each((member) => member[Symbol.asyncDispose]());
  }

  async #stored(): Promise<string[]> {
    return (await storedLines(this.client, `${this.target}/`)).get(this.target) ?? [];
  }
}
