import type { AuthOptions } from './auth/auth.js';
import type { DiscoveryOptions, DnsOptions } from './dns/options.js';
import type { SyncRule } from './member/membership.js';
import type { TlsOptions } from './tls/options.js';

/** The client's options with all defaults applied; see the client for meanings and defaults. */
export interface TransportOptions {
  /** Undefined with `discovery`. */
  readonly endpoints: readonly string[] | undefined;
  readonly discovery: DiscoveryOptions | undefined;
  readonly dns: DnsOptions;
  readonly tls: TlsOptions | undefined;
  readonly auth: AuthOptions | undefined;
  readonly sync: (SyncRule & { readonly intervalMs?: number }) | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly maxReceiveBytes: number;
  readonly maxRequestBytes: number;
  readonly maxReconnectDelayMs: number;
}
