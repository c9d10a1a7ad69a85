import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import { guard } from '#src/testing/process-guard.js';
import type { Door } from '../faults/world.js';
import type { Resources } from '../resources.js';
import type { SeenView, Told } from './told.js';

const program = fileURLToPath(new URL('process.js', import.meta.url));

/** One process of the run, with doors of its own to the members; started again under the same name as often as needed. */
export class Hand {
  readonly name: string;
  readonly role: 'registrar' | 'viewer';
  readonly doors: readonly Door[];
  readonly #target: string;
  readonly #onView: (view: SeenView) => void;
  #child: ChildProcess | undefined;
  #lives = 0;
  /** The last view of a viewer. */
  view: SeenView | undefined;

  constructor(
    role: Hand['role'],
    name: string,
    target: string,
    doors: readonly Door[],
    onView: (view: SeenView) => void,
  ) {
    this.role = role;
    this.name = name;
    this.doors = doors;
    this.#target = target;
    this.#onView = onView;
  }

  get key(): string {
    return `${this.#target}/${this.name}`;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const endpoints = this.doors.map(({ proxy }) => proxy.endpoint).join(',');
    const child = fork(program, [this.role, endpoints, this.#target, this.name], { stdio: 'ignore' });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    this.#child = child;
    const viewer = `${this.name}.${this.#lives++}`;
    child.once('exit', () => guarding.release());
    child.on('message', (told: Told) => {
      if (told.type !== 'view') return;
      this.view = {
        viewer,
        revision: BigInt(told.revision),
        records: new Map(told.records.map(([key, revision]) => [key, BigInt(revision)])),
        held: new Set(told.held),
      };
      this.#onView(this.view);
    });
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    this.view = undefined;
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await gone;
  }

  /** Asks a registrar to close; resolves when it says that it has. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const gone = once(child, 'exit');
    child.send('close');
    await gone;
  }
}

/** Six registrars and four viewers. */
export async function openCrew(
  cluster: EtcdClusterHandle,
  target: string,
  onView: (view: SeenView) => void,
  resources: Resources,
): Promise<Hand[]> {
  const names = [
    ...Array.from({ length: 6 }, (_, i) => ['registrar', `r${i}`] as const),
    ...Array.from({ length: 4 }, (_, i) => ['viewer', `v${i}`] as const),
  ];
  const hands: Hand[] = [];
  for (const [role, name] of names) {
    const doors: Door[] = [];
    for (const { name: member, endpoint } of cluster.members) {
      const proxy = await startFaultProxy({ target: endpoint });
      resources.use(proxy);
      doors.push({ clients: [name], member, proxy });
    }
    const hand = new Hand(role, name, target, doors, onView);
    resources.defer(() => hand.kill());
    hand.start();
    hands.push(hand);
  }
  return hands;
}
