import type { Command } from '../command.js';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { type CompletionModel, completionModel } from '../completion/model.js';
import { zshCompletion } from '../completion/zsh.js';
import { usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { print } from '../output/io.js';

const scripts: Readonly<Record<string, (model: CompletionModel) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

const shells = Object.keys(scripts);

/** @param commands returns all commands, this one included. */
export function createCompletion(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    usage: shells.join('|'),
    summary: 'print a script that completes commands and options in a shell',
    details: [
      'The script completes commands, options, and the values of options that are known. It starts no program and does not',
      'connect to etcd. It applies to the name etcd-naming, so the command must be in the PATH. Examples for ~/.bashrc,',
      '~/.zshrc (after compinit) and fish:',
    ],
    options: {},
    examples: [
      'source <(etcd-naming completion bash)',
      'source <(etcd-naming completion zsh)',
      'etcd-naming completion fish > ~/.config/fish/completions/etcd-naming.fish',
    ],
    positionalCount: [1, 1],
    choices: shells,
    async run({ positionals: [shell = ''], io }) {
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
      if (!script) throw usageError(`unknown shell '${shell}'; it must be one of ${shells.join(', ')}`);
      print(io.stdout, script(completionModel(commands())).trimEnd().split('\n'));
      return exitCodes.ok;
    },
  };
}
