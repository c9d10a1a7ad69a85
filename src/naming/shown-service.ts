import {
  type ClientDiagnostics,
  type DepartureReason,
  diagnosticsOf,
  serverName,
} from '../diagnostics/index.js';
import type { EndpointCodec } from './codec/endpoint-codec.js';
import { formatsId } from './codec/record-formats.js';
import type { NamingClient } from './ports.js';

/** A service as metrics and events show it. Two services of one client differ in one of the two. */
export interface ServiceIdentity {
  /** The target, after the prefix of a namespace. */
  readonly target: string;
  /** The names of the codecs; absent for the format of Go. */
  readonly codec?: string;
}

/** More services than this are forgotten when nothing follows them, the one that was followed first before the others. */
const maxUnfollowed = 1_000;

/** What a client keeps of a service, for all directories that follow it. */
export class ShownService {
  readonly identity: ServiceIdentity;
  /** The endpoints that departed. */
  readonly departures: Record<DepartureReason, number> = {
    drained: 0,
    'store-replaced': 0,
    invalid: 0,
    deleted: 0,
    'lease-ended': 0,
    unknown: 0,
  };
  readonly #followers = new Set<object>();

  constructor(identity: ServiceIdentity) {
    this.identity = identity;
  }

  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  /** The returned function ends it. */
  follow(follower: object): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Counts a departure that a follower saw: of several, which all see it, the first one counts. */
  countDeparture(follower: object, reason: DepartureReason): void {
    const [first] = this.#followers;
    if (first === follower) this.departures[reason]++;
  }
}

const byClient = new WeakMap<ClientDiagnostics, Map<string, ShownService>>();

/** What the client of a directory keeps of a service. */
export function shownService(
  client: NamingClient,
  service: string,
  { codecs, direct }: { readonly codecs: readonly EndpointCodec[]; readonly direct: boolean },
): ShownService {
  const diagnostics = diagnosticsOf(client);
  const services = byClient.get(diagnostics) ?? new Map<string, ShownService>();
  byClient.set(diagnostics, services);
  const target = serverName(client, service);
  const formats = formatsId(service, codecs);
  const id = JSON.stringify([target, formats, direct]);
  const known = services.get(id);
  if (known) return known;
  forgetUnfollowed(services);
  const codec = uniqueCodec(services, target, codecText(codecs, formats === undefined, direct));
  const added = new ShownService({ target, ...(codec !== undefined && { codec }) });
  services.set(id, added);
  return added;
}

function codecText(
  codecs: readonly EndpointCodec[],
  isDefault: boolean,
  direct: boolean,
): string | undefined {
  if (isDefault && !direct) return undefined;
  const names = codecs.map(({ name, variant }) => (variant === undefined ? name : `${name} (${variant})`));
  return [...names, ...(direct ? ['direct'] : [])].join(',');
}

/** Codecs with the same name may have different prefixes: a number distinguishes them. */
function uniqueCodec(
  services: ReadonlyMap<string, ShownService>,
  target: string,
  codec: string | undefined,
): string | undefined {
  if (codec === undefined) return undefined;
  const used = new Set<string | undefined>();
  for (const { identity } of services.values()) if (identity.target === target) used.add(identity.codec);
  let [unique, number] = [codec, 1];
  while (used.has(unique)) unique = `${codec} ${++number}`;
  return unique;
}

function forgetUnfollowed(services: Map<string, ShownService>): void {
  if (services.size < maxUnfollowed) return;
  for (const [id, { isFollowed }] of services) {
    if (isFollowed) continue;
    services.delete(id);
    return;
  }
}
