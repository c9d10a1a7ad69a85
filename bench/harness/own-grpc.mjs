// The grpc-js of this package: the resolver and the balancer register themselves in it. The copy in bench/node_modules
// belongs to the peers.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../package.json', import.meta.url));

export const grpcPath = require.resolve('@grpc/grpc-js');
export default require('@grpc/grpc-js');
