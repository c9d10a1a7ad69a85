import { allOptions, type CompletedOption, type CompletionModel } from './model.js';

/** The script for fish 3.1 and later. */
export function fishCompletion(model: CompletionModel): string {
  const takingValue = allOptions(model).filter(({ value }) => value.kind !== 'none');
  const program = model.commands.filter(({ runsProgram }) => runsProgram).map(({ name }) => name);
  return `# fish completion of etcd-naming
# Prints the command on the line, and then -- if the arguments of a program follow.
function __etcd_naming_line
    set -l words (commandline -opc)[2..-1]
    set -l command
    while set -q words[1]
        switch $words[1]
            case --
                printf '%s\\n' "$command" --
                return
            case ${takingValue.flatMap(({ flags }) => flags).join(' ')}
                set -e words[1]
            case '-*'
            case '*'
                set -q command[1]; or set command $words[1]
        end
        set -e words[1]
    end
    printf '%s\\n' "$command"
end
function __etcd_naming_command_is
    set -l line (__etcd_naming_line)
    test (count $line) -eq 1; and test "$line[1]" = "$argv[1]"
end
function __etcd_naming_runs_program
    set -l line (__etcd_naming_line)
    test (count $line) -eq 2; and contains -- "$line[1]" ${program.join(' ')}
end
function __etcd_naming_program
    set -l words (commandline -opc) (commandline -ct)
    while test "$words[1]" != --
        set -e words[1]
    end
    complete -C "$(string escape -- $words[2..-2] | string join ' ') $words[-1]"
end
complete -c etcd-naming -f
complete -c etcd-naming -n __etcd_naming_runs_program -a '(__etcd_naming_program)'
${model.commands.map(({ name, summary }) => `complete -c etcd-naming -n '__etcd_naming_command_is ""' -a ${name} -d ${quote(summary)}`).join('\n')}
${model.globalOptions.map((option) => optionLine(option)).join('\n')}
${model.commands
  .flatMap(({ name, options, choices }) => [
    ...options.map((option) => optionLine(option, name)),
    ...(choices.length > 0 ? [`${when(name)} -a ${quote(choices.join(' '))}`] : []),
  ])
  .join('\n')}
`;
}

function optionLine({ flags, help, value }: CompletedOption, command?: string): string {
  const written = flags.map((flag) => flag.replace(/^--/, '-l ').replace(/^-(\w)$/, '-s $1'));
  return `${when(command)} ${written.join(' ')}${valueArguments(value)} -d ${quote(help)}`;
}

function valueArguments(value: CompletedOption['value']): string {
  switch (value.kind) {
    case 'none':
      return '';
    case 'text':
      return ' -x';
    case 'file':
      return ' -r -F';
    case 'choice':
      return ` -x -a ${quote(value.choices.join(' '))}`;
  }
}

function when(command: string | undefined): string {
  const condition =
    command === undefined ? 'not __etcd_naming_runs_program' : `__etcd_naming_command_is ${command}`;
  return `complete -c etcd-naming -n ${quote(condition)}`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
