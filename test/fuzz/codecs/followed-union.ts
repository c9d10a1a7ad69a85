import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { withServiceName } from '#src/codecs/index.js';
import { type EndpointRecord, parseAddress, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { eventually } from '../../support/eventually.js';
import { type FormatUnderTest, formats, idOf, noProtection } from './formats.js';

const service = 'all';

/**
 * The services of all formats as one service. The valid record of each must be in every view; of an address that occurs
 * under several prefixes, the view has only the records of the first format.
 */
export class FollowedUnion {
  readonly failures: string[] = [];
  readonly #directory: ServiceDirectory;
  readonly #unfollow: () => void;
  #view: ServiceView | undefined;

  /** To be created when the valid records are stored. */
  constructor(client: EtcdClient) {
    const codec = formats.map((format) => withServiceName(format.codec, () => format.service));
    this.#directory = new ServiceDirectory(client, { codec, lossProtection: noProtection });
    this.#unfollow = this.#directory.follow(service, {
      onView: (view) => this.#onView(view),
      onFailure: (error) => this.failures.push(`union: ${error}`),
    });
  }

  /** Requires the view of these records, listed by format; `marker` is the address that was stored last. */
  async compare(listed: readonly (readonly EndpointRecord[])[], marker: string): Promise<void> {
    const records = () => this.#view?.endpoints ?? [];
    await eventually('the union has the last record', () => records().some(({ addr }) => addr === marker));
    const keys = (all: readonly EndpointRecord[]) => all.map(({ key }) => key).sort();
    try {
      assert.deepEqual(keys(records()), keys(preferred(listed)));
    } catch (error) {
      this.failures.push(`union: ${(error as Error).message}`);
    }
  }

  async close(): Promise<void> {
    this.#unfollow();
    await this.#directory.close();
  }

  #onView(view: ServiceView): void {
    this.#view = view;
    const addrs = new Map(view.endpoints.map(({ key, addr }) => [key, addr]));
    for (const format of formats)
      if (addrs.get(goodKey(format)) !== format.good.addr)
        this.failures.push(`union: a view has no valid record of ${format.codec.name}`);
  }
}

function goodKey(format: FormatUnderTest): string {
  return format.codec.keyPrefix(format.service) + idOf(format);
}

/** The records whose address occurs in no format before their own. */
function preferred(listed: readonly (readonly EndpointRecord[])[]): EndpointRecord[] {
  const names = listed.map((records) => new Set(records.map(({ addr }) => nameOf(addr))));
  return listed.flatMap((records, rank) =>
    records.filter(({ addr }) => !names.slice(0, rank).some((known) => known.has(nameOf(addr)))),
  );
}

function nameOf(addr: string): string {
  const parsed = parseAddress(addr);
  return 'name' in parsed ? parsed.name : addr;
}
