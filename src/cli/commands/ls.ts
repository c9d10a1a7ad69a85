import { codecFrom, codecOptions } from '../args/codec.js';
import { parseTargetArgument, type Target } from '../args/target.js';
import type { Command, Invocation } from '../command.js';
import { usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { listEndpoints } from '../listing/endpoint-listing.js';
import { printListing, type ReadListing } from '../listing/listing.js';
import { followListing } from '../listing/live-listing.js';
import { listAllServices } from '../listing/service-listing.js';
import { onSignals, terminationSignals } from '../signals.js';

export const ls: Command = {
  name: 'ls',
  usage: '[target]',
  summary: 'list the endpoints of a service, or all services',
  details: [
    'LEASE is the time after which the record expires unless its owner renews the lease; a permanent record stays until it is',
    'deleted. REVISION is the revision of the store at which the record was last written: etcd stores no times. Without a',
    'target, every key whose value is an endpoint belongs to the service before its last slash. --codec lists the services of',
    'another framework, with the names by which it calls them; --prefix is then a prefix of keys too. --output wide adds the id of',
    'the lease, the revision at which the record was created, and the metadata. The table truncates text after 200 characters;',
    '--json does not. With --watch the whole list is printed again after each change, on a terminal in place, until SIGINT,',
    'SIGTERM or SIGHUP; the command watch prints the changes instead. While nothing changes or etcd is away, a pipe gets the',
    'last list again, at intervals that grow to a minute.',
  ],
  options: {
    watch: { help: 'print the list again after each change' },
    prefix: { value: 'PREFIX', help: 'without a target: list only services below a prefix such as team-a/' },
    ...codecOptions,
  },
  examples: [
    'etcd-naming ls',
    'etcd-naming ls --prefix team-a/',
    'etcd-naming ls foo/bar/my-service --watch',
    'etcd-naming ls --codec kratos',
    'etcd-naming ls foo/bar/my-service --output wide',
    'etcd-naming ls etcd:///foo/bar/my-service --json | jq -r ".endpoints[].addr"',
  ],
  positionalCount: [0, 1],
  async run(invocation) {
    const [input] = invocation.positionals;
    const givenPrefix = invocation.options.text('prefix');
    if (input !== undefined && givenPrefix !== undefined)
      throw usageError('--prefix and a target exclude each other: --prefix lists services');
    const selected = await codecFrom(invocation.options);
    const codec = selected?.codec;
    const target = input === undefined ? undefined : parseTargetArgument(input, selected);
    const prefix = target?.prefix ?? givenPrefix ?? codec?.root ?? '';
    const isWide = invocation.format === 'wide';
    const read: ReadListing = (client) =>
      target ? listEndpoints(client, target, isWide) : listAllServices(client, { prefix, codec }, isWide);
    if (invocation.options.flag('watch')) await follow(invocation, { prefix, target }, read);
    else printListing(invocation.io, invocation.format, await read(invocation.createClient()));
    return exitCodes.ok;
  },
};

async function follow(
  invocation: Invocation,
  { prefix, target }: { readonly prefix: string; readonly target: Target | undefined },
  read: ReadListing,
): Promise<void> {
  const ending = new AbortController();
  const removeHandlers = onSignals(terminationSignals, () => ending.abort());
  try {
    const { io, format, createClient } = invocation;
    await followListing({ io, format, client: createClient(), target }, prefix, read, ending.signal);
  } finally {
    removeHandlers();
  }
}
