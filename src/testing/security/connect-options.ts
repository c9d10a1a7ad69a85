/**
 * How to connect to an etcd that the test kit started: options of an `EtcdClient`. Members that are not needed are absent.
 */
export interface EtcdConnectOptions {
  /** The client addresses as `host:port`. */
  readonly endpoints: readonly string[];
  /** With the option `tls`. */
  readonly tls?: {
    /** The authority of etcd's certificate, as PEM. */
    readonly ca: string;
    /** With `clientCertificates`: the user's certificate, as PEM. */
    readonly cert?: string;
    /** With `clientCertificates`: the key of the certificate, as PEM. */
    readonly key?: string;
  };
  /** With the option `auth`, unless the user has no password. */
  readonly auth?: {
    /** The user's name. */
    readonly username: string;
    /** The user's password. */
    readonly password: string;
    /** Set for an etcd without TLS on another host, such as a remote Docker engine. */
    readonly allowPlaintext?: boolean;
  };
}
