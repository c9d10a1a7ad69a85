/**
 * How to connect to an etcd that the test kit started: options of an `EtcdClient`. Members that are not needed are absent.
 */
export interface EtcdConnectOptions {
  /** The client addresses as `host:port`. */
  readonly endpoints: readonly string[];
  /** With the option `tls`: PEM. `cert` and `key` are present with `clientCertificates`. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /**
   * With the option `auth`, unless the user has no password. `allowPlaintext` is set for an etcd without TLS on another
   * host, such as a remote Docker engine.
   */
  readonly auth?: {
    readonly username: string;
    readonly password: string;
    readonly allowPlaintext?: boolean;
  };
}
