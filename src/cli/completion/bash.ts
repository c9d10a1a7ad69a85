import { allOptions, type CompletedOption, type CompletionModel } from './model.js';

/**
 * The script for bash 3.2 and later. It splits the line at white space: bash's own words are also split at `:` and `=`,
 * which endpoints contain.
 */
export function bashCompletion(model: CompletionModel): string {
  const options = allOptions(model);
  const ofKind = (kind: CompletedOption['value']['kind']) =>
    options.filter(({ value }) => value.kind === kind);
  const takingValue = options.filter(({ value }) => value.kind !== 'none');
  return `# bash completion of etcd-naming
_etcd_naming() {
  local line=\${COMP_LINE:0:COMP_POINT} command='' i=1 words
  local IFS=$' \\t\\n'
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local last=$((\${#words[@]} - 1))
  local cur=\${words[last]} prev=\${words[last - 1]}
  COMPREPLY=()
  IFS=$'\\n'
  while ((i < last)); do
    case \${words[i]} in
      --)
        case $command in
          ${names(model.commands.filter(({ runsProgram }) => runsProgram).map(({ name }) => name))})
            compopt -o filenames 2>/dev/null
            if ((i + 1 == last)); then COMPREPLY=($(compgen -c -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
            ;;
        esac
        return
        ;;
      ${names(flagsOf(takingValue))}) ((i += 2)) ;;
      -*) ((i += 1)) ;;
      *)
        [[ -z $command ]] && command=\${words[i]}
        ((i += 1))
        ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    cur=\${cur#*=}
  fi
  case $prev in
    ${names(flagsOf(ofKind('file')))})
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      return
      ;;
${ofKind('choice').map(valueCase).join('\n')}
    ${names(flagsOf(ofKind('text')))}) return ;;
  esac
  local options=${list(flagsOf(model.globalOptions))} choices=''
  case $command in
    '') choices=${list(model.commands.map(({ name }) => name))} ;;
${model.commands.map(commandCase).join('\n')}
  esac
  if [[ $cur == -* ]]; then choices=$options; fi
  COMPREPLY=($(compgen -W "$choices" -- "$cur"))
}
complete -F _etcd_naming etcd-naming
`;
}

function valueCase(option: CompletedOption): string {
  const { value } = option;
  const choices = value.kind === 'choice' ? value.choices : [];
  return `    ${names(option.flags)})
      COMPREPLY=($(compgen -W ${list(choices)} -- "$cur"))
      return
      ;;`;
}

function commandCase({ name, options, choices }: CompletionModel['commands'][number]): string {
  const added = flagsOf(options);
  return `    ${name})${added.length > 0 ? ` options+=$'\\n'${list(added)}` : ''}${
    choices.length > 0 ? `${added.length > 0 ? ';' : ''} choices=${list(choices)}` : ''
  } ;;`;
}

function flagsOf(options: readonly CompletedOption[]): string[] {
  return options.flatMap(({ flags }) => flags);
}

function names(all: readonly string[]): string {
  return all.join(' | ');
}

/** A string with one word per line, as `compgen -W` splits it with this script's IFS. */
function list(all: readonly string[]): string {
  return `$'${all.join('\\n')}'`;
}
