import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandProcess, main, skipWithout, skipWithoutScript } from './support.js';

/** What is typed after the name of the command, and the arguments that the command then gets: in zsh `ofZsh`, if given. */
const lines: readonly (readonly [typed: string, args: string, ofZsh?: string])[] = [
  ['doc\tx', '<doctor><x>'],
  ['--endpoints 127.0.0.1:2379 wat\tx', '<--endpoints><127.0.0.1:2379><watch><x>'],
  ['--endpoints=127.0.0.1:2379 wat\tx', '<--endpoints=127.0.0.1:2379><watch><x>'],
  ['ls --pref\tx', '<ls><--prefix><x>', '<ls><--prefix=x>'],
  ['ls svc -o wi\tx', '<ls><svc><-o><wide><x>'],
  ['get svc --codec kr\tx', '<get><svc><--codec><kratos><x>'],
  ['ls --output=js\tx', '<ls><--output=json><x>'],
  ['ls --cacert ca-f\tx', '<ls><--cacert><ca-file.pem><x>'],
  ['rm svc --rev\tx', '<rm><svc><--revoke><x>'],
  ['register svc --on-conflict ta\tx', '<register><svc><--on-conflict><takeover><x>'],
  ['register svc --no-re\tx', '<register><svc><--no-ready-check><x>'],
  [
    'register svc --addr a:1 -- program-of-the-t\tx',
    '<register><svc><--addr><a:1><--><program-of-the-test><x>',
  ],
  ['register svc -- cat ca-f\tx', '<register><svc><--><cat><ca-file.pem><x>'],
  ['completion fi\tx', '<completion><fish><x>'],
  ['help dra\tx', '<help><drain><x>'],
];

describe('etcd-naming completion', () => {
  let folder: string;
  const sessions: CommandProcess[] = [];

  before('writes the scripts, a file and a program to complete', async () => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-completion-'));
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout, stderr } = await new CommandProcess(
        process.execPath,
        [main, 'completion', shell],
        {},
      ).ended;
      assert.deepEqual([code, stderr], [0, ''], shell);
      writeFileSync(join(folder, `completion.${shell}`), stdout);
    }
    writeFileSync(join(folder, 'ca-file.pem'), '');
    writeFileSync(join(folder, 'program-of-the-test'), '#!/bin/sh\n');
    chmodSync(join(folder, 'program-of-the-test'), 0o755);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  afterEach('ends the shells', async () => {
    for (const session of sessions.splice(0)) await session.stop();
  });

  const environment = () => ({
    PATH: `${process.env['PATH']}:${folder}`,
    HOME: folder,
    PS1: '% ',
    TERM: 'dumb',
    SHELL: '/bin/sh',
  });

  /** Starts an interactive shell in which `etcd-naming` is a function that prints its arguments. */
  const startShell = async (command: string, preparation: readonly string[]) => {
    const line = `cd ${folder}; exec ${command}`;
    const args = ['--quiet', '--return', '--command', line, '/dev/null'];
    const session = new CommandProcess('script', args, environment());
    sessions.push(session);
    const setup = ['etcd-naming() { printf \'<%s>\' "$@"; echo; }', ...preparation, 'echo "rea""dy"'];
    session.type(setup.map((text) => `${text}\r`).join(''));
    await session.prints('ready');
    return session;
  };

  for (const [shell, command, preparation] of [
    ['bash', 'bash --norc --noprofile -i', ['source completion.bash']],
    [
      'zsh',
      'zsh -f -i',
      ['autoload -U compinit', 'compinit -u -D', 'zstyle ":completion:*" menu no', 'source completion.zsh'],
    ],
  ] as const)
    describe(`in ${shell}`, () => {
      before(async function () {
        await skipWithout(this, shell);
        await skipWithoutScript(this);
      });

      it('completes commands, options, values, files and programs', async () => {
        const session = await startShell(command, preparation);
        for (const [typed, args, ofZsh] of lines) {
          session.type(`etcd-naming ${typed}\r`);
          await session.prints(`${shell === 'zsh' && ofZsh ? ofZsh : args}\r\n`);
        }
      });

      it('lists the commands', async () => {
        const session = await startShell(command, preparation);
        session.type('etcd-naming \t\t');
        for (const name of ['ls', 'watch', 'register', 'completion'])
          await session.prints(new RegExp(`\\b${name}\\b`));
      });
    });

  describe('in fish', () => {
    before(async function () {
      await skipWithout(this, 'fish');
    });

    /** What fish offers for a line, without descriptions. */
    const offered = async (line: string): Promise<string[]> => {
      const program = `cd ${folder}; source completion.fish; complete -C '${line}'`;
      const fish = new CommandProcess('fish', ['--no-config', '-c', program], environment());
      const { stdout, stderr } = await fish.ended;
      assert.equal(stderr, '');
      return stdout.split('\n').flatMap((candidate) => candidate.split('\t').slice(0, 1).filter(Boolean));
    };

    it('completes commands, options, values, files and programs', async () => {
      for (const [typed, args] of lines) {
        const [word = ''] = typed.split('\t');
        const arg = [...args.matchAll(/<([^>]*)>/g)].map(([, text]) => text).at(-2);
        assert.deepEqual(await offered(`etcd-naming ${word}`), [arg], word);
      }
    });

    it('offers the commands, and nothing for a target', async () => {
      const commands = await offered('etcd-naming ');
      assert.deepEqual(
        ['ls', 'watch', 'register', 'completion'].filter((name) => !commands.includes(name)),
        [],
      );
      assert.deepEqual(await offered('etcd-naming ls '), []);
    });
  });
});
