import * as grpc from '@grpc/grpc-js';
import * as naming from '@org/etcd-naming';
import * as proto from '@org/etcd-naming/proto';
import { main } from './one-call.cjs';

await main({ grpc, naming, proto }, ...process.argv.slice(2));
