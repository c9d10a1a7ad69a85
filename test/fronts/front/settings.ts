/** How a front end forwards. */
export type Mode = 'tcp' | 'grpc';

/**
 * Where TLS is used. `client`: between the client and the front end. `etcd`: between the front end and etcd. `both`: the
 * front end ends the client's TLS and starts its own. `through`: the client's TLS passes a TCP proxy.
 */
export type TlsPlacement = 'none' | 'client' | 'etcd' | 'both' | 'through';

/** What a front end limits, beside its example configuration. */
export interface FrontLimits {
  /** Ends connections and requests on which nothing is sent for this time. */
  readonly idleSeconds?: number;
  /** How long to wait for etcd's answer. */
  readonly answerSeconds?: number;
  readonly requestsPerConnection?: number;
  readonly concurrentStreams?: number;
  readonly bodyBytes?: number;
  readonly headerBytes?: number;
  /** Speaks only HTTP/1.1 to clients. */
  readonly http1?: boolean;
}

/** Files in PEM. `pair` has a certificate and its key. */
export interface FrontFiles {
  readonly certificate: string;
  readonly key: string;
  readonly pair: string;
  /** The authority of etcd's certificate. */
  readonly authority: string;
}

export interface FrontSettings {
  readonly mode: Mode;
  readonly tls: TlsPlacement;
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** `host:port`. */
  readonly etcd: string;
  readonly files: FrontFiles;
  /** Where it writes a line for each request, or in mode `tcp` for each connection, once it has ended. */
  readonly log: string;
  readonly limits: FrontLimits;
}

/** Whether the front end decrypts what its clients send. */
export function endsTls({ tls }: Pick<FrontSettings, 'tls'>): boolean {
  return tls === 'client' || tls === 'both';
}

/** Whether the front end uses TLS of its own to etcd. */
export function startsTls({ tls }: Pick<FrontSettings, 'tls'>): boolean {
  return tls === 'etcd' || tls === 'both';
}

/** A program that forwards to etcd. */
export interface FrontKind {
  readonly name: 'nginx' | 'haproxy';
  readonly program: string;
  /** The arguments that start it in the foreground. */
  args(configFile: string, folder: string): readonly string[];
  /** Makes the configuration from the example of the mode. */
  config(settings: FrontSettings): Promise<string>;
  /** Starts new workers; the old ones end their connections within a second. */
  readonly reloadSignal: NodeJS.Signals;
  /** Ends the program, after its connections, within about a second. */
  readonly stopSignal: NodeJS.Signals;
  /** Whether the log has the output of the program itself. */
  readonly logsToOutput: boolean;
  /** The package to install if a part of the program is missing; undefined if nothing is. */
  missing(mode: Mode): Promise<string | undefined>;
  /** Whether it offers HTTP/2 in its TLS handshake with etcd, without which etcd speaks HTTP/1.1. */
  offersHttp2(mode: Mode): boolean;
  /** The limits that this release does not have. */
  readonly lacks: readonly (keyof FrontLimits)[];
}
