import { codecOptions } from '../args/codec.js';
import type { Command } from '../command.js';
import { packageRoot, packageVersion } from '../package.js';

export const ui: Command = {
  name: 'ui',
  usage: '',
  summary: 'show services live in a browser',
  details: [
    'Serves a page on this machine that shows the services, how they change and why an endpoint left, their locks and',
    'elections, and the members of etcd; it can drain and undrain endpoints, set their weight, and remove them. It prints the',
    'URL, which opens the page once, and works until SIGINT, SIGTERM or SIGHUP. On a terminal, Enter prints another URL. Its',
    'host name is a random one below localhost for each start; for a browser that does not resolve it, write 127.0.0.1 in its',
    'place. The port is 23790; if it is in use, and --port is not given, any free one. If etcd does not answer the page opens,',
    'and shows that; if it refuses the read, the command fails.',
    'Beyond loopback the page requires TLS, and with --allow-host or beyond loopback it changes nothing without --allow-changes:',
    'whoever has a URL acts with the permissions of this command’s etcd user. docs/ui.md describes what protects the page.',
  ],
  options: {
    prefix: { value: 'PREFIX', help: 'show only services below a prefix such as team-a/' },
    port: { value: 'N', help: 'port of the page (default 23790, or any free one)' },
    open: {
      help: 'open the page in the browser; until it has opened, other users of this machine can read the URL in the process list',
    },
    'read-only': { help: 'refuse all changes (default for --listen beyond loopback, and for --allow-host)' },
    'allow-changes': { help: 'permit changes although other machines reach the page' },
    listen: { value: 'ADDR', help: 'address or host name to listen at (default 127.0.0.1)' },
    'listen-cert': { value: 'FILE', help: 'PEM file of the page’s certificate, with its chain' },
    'listen-key': { value: 'FILE', help: 'PEM file of the page’s private key' },
    'allow-host': {
      value: 'NAME',
      multiple: true,
      help: 'another host name by which browsers reach the page, such as that of a proxy with TLS; may be repeated',
    },
    ...codecOptions,
  },
  examples: [
    'etcd-naming ui --open',
    'etcd-naming ui --prefix team-a/ --read-only',
    'etcd-naming ui --codec kratos',
    'etcd-naming ui --listen 10.0.0.5 --listen-cert ui.pem --listen-key ui-key.pem',
  ],
  positionalCount: [0, 0],
  async run(invocation) {
    // Other commands start faster without it.
    const { runUi } = await import('../ui/index.js');
    return runUi(invocation, { root: packageRoot(), version: packageVersion() });
  },
};
