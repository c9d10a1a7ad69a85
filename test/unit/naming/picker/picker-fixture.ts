import { directoryClock } from '#src/naming/directory/directory.js';
import { ServiceDirectory } from '#src/naming/index.js';
import { EndpointPicker, type PickerOptions } from '#src/naming/picker/index.js';
import { type PickerPorts, pickerPorts } from '#src/naming/picker/options.js';
import { Random } from '../../../sim/random.js';
import { FakeClock } from '../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../fake-service.js';

/** The value of a record. */
export function endpoint(addr: string, metadata?: object): string {
  return JSON.stringify({ Addr: addr, ...(metadata && { Metadata: metadata }) });
}

/** A directory of one service `svc` in a scripted etcd, with pickers on a clock of the test. */
export class PickerFixture {
  readonly clock = new FakeClock();
  readonly etcd = new FakeClient();
  readonly directory = new ServiceDirectory(this.etcd.client, directoryClock.set({}, this.clock));
  readonly ports: PickerPorts = { clock: this.clock, random: new Random(7).next };

  get mirror(): FakeMirror {
    return this.etcd.mirrors.at(-1)!;
  }

  async picker(options: PickerOptions = {}): Promise<EndpointPicker> {
    const picker = new EndpointPicker(this.directory, 'svc', pickerPorts.set(options, this.ports));
    await settled();
    return picker;
  }

  /** A picker of a service with these records: metadata by address. */
  async pickerOf(records: Record<string, object>, options?: PickerOptions): Promise<EndpointPicker> {
    const picker = await this.picker(options);
    await this.list(records);
    return picker;
  }

  /** Makes a change and waits until pickers have applied it. */
  async change(make: (mirror: FakeMirror) => void): Promise<void> {
    make(this.mirror);
    await settled();
    this.clock.advance(20);
  }

  async list(records: Record<string, object>): Promise<void> {
    await this.change((mirror) =>
      mirror.values(
        Object.fromEntries(
          Object.entries(records).map(([addr, metadata]) => [addr, endpoint(addr, metadata)]),
        ),
      ),
    );
  }

  async put(addr: string, metadata: object = {}): Promise<void> {
    await this.change((mirror) => mirror.put(addr, endpoint(addr, metadata)));
  }
}

/** How many of the picks each address gets. */
export function shares(picker: Pick<EndpointPicker, 'pick'>, picks = 1_000): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const { addr } = picker.pick();
    counts[addr] = (counts[addr] ?? 0) + 1;
  }
  return counts;
}
