import type { CompletedCommand, CompletedOption, CompletionModel, OptionValue } from './model.js';

/** The script for zsh. It may be a file of `fpath` or be sourced after `compinit`. */
export function zshCompletion(model: CompletionModel): string {
  return `#compdef etcd-naming
_etcd-naming() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a global_options command_names
  global_options=(
${model.globalOptions.map((option) => `    ${optionSpec(option)}`).join('\n')}
  )
  _arguments -C $global_options '1:command:->command' '*::argument:->argument' && return
  case $state in
    command)
      command_names=(
${model.commands.map(({ name, summary }) => `        ${quote(`${name}:${escapeText(summary)}`)}`).join('\n')}
      )
      _describe -t commands command command_names
      ;;
    argument)
      case $words[1] in
${model.commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] = _etcd-naming ]]; then _etcd-naming "$@"; else compdef _etcd-naming etcd-naming; fi
`;
}

function commandCase({ name, options, choices, runsProgram }: CompletedCommand): string {
  const positional = choices.length > 0 ? `1:argument:(${choices.join(' ')})` : '*:argument:{ false }';
  const specs = [...options.map(optionSpec), quote(positional)].join(' \\\n            ');
  return `        ${name})
${runsProgram ? programBranch : ''}          _arguments -S $global_options \\
            ${specs}
          ;;`;
}

/** After `--` the line is that of the program. */
const programBranch = `          local -i separator=\${words[(i)--]}
          if ((separator < CURRENT)); then
            words=("\${(@)words[separator + 1,-1]}")
            ((CURRENT -= separator))
            _normal
            return
          fi
`;

/** The specification of an option for `_arguments`. With `=` its value may follow in the next word too. */
function optionSpec({ flags, help, value }: CompletedOption): string {
  const action = `[${escapeText(help)}]${actionOf(value)}`;
  const written = flags.map((flag) => (value.kind === 'none' || !flag.startsWith('--') ? flag : `${flag}=`));
  if (written.length === 1) return quote(`${written[0]}${action}`);
  return `${quote(`(${flags.join(' ')})`)}{${written.join(',')}}${quote(action)}`;
}

function actionOf(value: OptionValue): string {
  switch (value.kind) {
    case 'none':
      return '';
    case 'text':
      return `:${escapeText(value.label)}:`;
    case 'file':
      return `:${escapeText(value.label)}:_files`;
    case 'choice':
      return `:value:(${value.choices.join(' ')})`;
  }
}

function escapeText(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
