import { resolve } from 'node:path';

const esm = { experiments: { outputModule: true }, output: { module: true, chunkFormat: 'module' } };
const external = ['@grpc/grpc-js', '@grpc/proto-loader'];
const { pathname: moved } = new URL('../moved/', import.meta.url);

export default [
  config('esm', 'mjs', { ...esm, externals: external, externalsType: 'module' }),
  config('cjs', 'cjs', { externals: external, externalsType: 'commonjs' }),
  config('esm-all', 'mjs', esm, moved),
  config('cjs-all', 'cjs', {}, moved),
];

function config(name, extension, { output, ...options }, path = resolve('out')) {
  return {
    name,
    mode: 'production',
    target: 'node20',
    entry: './main.js',
    output: {
      ...output,
      path,
      filename: `webpack-${name}.${extension}`,
      chunkFilename: `webpack-${name}-[name].${extension}`,
    },
    ...options,
  };
}
