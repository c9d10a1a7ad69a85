import * as grpc from '@grpc/grpc-js';
import * as naming from '@org/etcd-naming';
import * as proto from '@org/etcd-naming/proto';
import { main } from './one-call.cjs';

if (!proto.KVService || !proto.protoFolder) throw new Error('./proto is incomplete');
await main(grpc, naming, ...process.argv.slice(2));
