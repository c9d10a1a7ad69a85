// Compiled to CommonJS, and run: its imports become calls of `require`.
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as naming from '@org/etcd-naming';
import * as proto from '@org/etcd-naming/proto';

const { oneCall } = require(join(process.cwd(), 'app/one-call.js'));
const [endpoint, name] = process.argv.slice(2);
oneCall({ grpc, naming, proto }, endpoint, name).then(console.log, (error: unknown) => {
  console.error(error);
  process.exit(1);
});
