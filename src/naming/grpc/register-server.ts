import type { Server } from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint.js';
import type { NamingClient } from '../ports.js';
import { type DrainOptions, type RegisterOptions, type Registration, register } from '../register/index.js';

/** What `grpc-health-check`'s HealthImplementation has, and anything else that can be told how a server is. */
export interface HealthReporter {
  /** The empty service stands for the whole server. */
  setStatus(service: string, status: 'SERVING' | 'NOT_SERVING'): void;
}

export interface RegisterServerOptions extends Omit<RegisterOptions, 'endpoint'> {
  /** What callers dial: the address of the bound port, for instance by `advertiseAddress(port)`. */
  readonly addr: string;
  readonly metadata?: Endpoint['metadata'];
  /** Told `SERVING` before the record is stored, and `NOT_SERVING` when the server begins to drain or the registration ends. */
  readonly health?: HealthReporter;
}

/**
 * As `register`, for a server of grpc-js whose port is bound: `drain()` then also waits for the server's calls under
 * way, and shuts it down; a `whenIdle` of your own takes the place of that. In a program: `process.once('SIGTERM', () => registration.drain().then(() => process.exit()))`.
 */
export async function registerServer(
  server: Server,
  client: NamingClient,
  options: RegisterServerOptions,
): Promise<Registration> {
  const { addr, metadata, health, ...rest } = options;
  let told = '';
  const tell = (status: 'SERVING' | 'NOT_SERVING') => {
    if (told !== status) health?.setStatus('', status);
    told = status;
  };
  tell('SERVING');
  const endpoint = metadata === undefined ? { addr } : { addr, metadata };
  const registration = await register(client, { ...rest, endpoint }).catch((error) => {
    tell('NOT_SERVING');
    throw error;
  });
  void registration.ended.then(() => tell('NOT_SERVING')).catch(() => {}); // what a reporter throws is its own affair
  const drain = registration.drain.bind(registration);
  registration.drain = (of: DrainOptions = {}) => {
    tell('NOT_SERVING');
    return drain({ ...of, whenIdle: of.whenIdle ?? (() => shutDown(server)) });
  };
  return registration;
}

/** Takes no new call, and waits for those under way. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => (error ? reject(error) : resolve()));
  });
}
