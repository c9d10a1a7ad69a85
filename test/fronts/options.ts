import { parseArgs } from 'node:util';
import { integerOption } from '../sim/integer-option.js';
import { RECORD_HELP } from '../support/proof.js';

export const help = `npm run campaign:fronts [-- options]

  --only <text>   the cells whose name contains it, such as 'haproxy grpc' or 'idle timeout'; default: all
  --at-once <n>   cells at a time: default 6
  --etcd <v>      the release of etcd and etcdctl; default: the first that is found
  --list          print the names of the cells, and run nothing
  ${RECORD_HELP}

Runs clients through nginx and HAProxy, with the configurations of examples/front-ends. A cell is a front end, as a proxy
of TCP or of HTTP/2, where TLS is used, and what happens: idle timeouts, reloads, restarts, kills, limits, pages with an
HTTP status instead of gRPC. Most cells run puts, transactions and reads, two watches, a lease, a lock, a registration
and a client that is quiet, and compare them with the history that etcdctl reads from etcd itself. In the others a call
cannot succeed, and its error must say why. Prints a table: verdict, time until calls and watches work again, writes, and
those whose outcome the client could not know. All cells take about five minutes on two cores. A front end that is not
installed is skipped.

Exit code 0: every cell is right. 1: a cell is wrong, or a promise was rejected and nothing handled it. 2: no result,
because a cell is void (its event had no effect, twice), no cell was selected or could run, or an argument is wrong.
3: the run itself failed. 130: interrupted.`;

export interface Options {
  readonly only: string;
  readonly atOnce: number;
  readonly version: string | undefined;
  readonly list: boolean;
  readonly record: boolean;
  readonly help: boolean;
}

/** @throws TypeError for an unknown or wrong option. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      'at-once': { type: 'string', default: '6' },
      etcd: { type: 'string' },
      list: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { only, list, record, etcd: version, help: isHelp } = values;
  const atOnce = integerOption('--at-once', values['at-once'], 1);
  return { only, atOnce, version, list, record, help: isHelp };
}
