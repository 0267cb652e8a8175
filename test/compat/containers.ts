// The commands of the families that have subcommands.

export const containers: ReadonlySet<string> = new Set([
  'XINFO', 'XGROUP', 'OBJECT', 'CLIENT', 'CONFIG', 'COMMAND', 'MEMORY', 'SLOWLOG', 'LATENCY',
  'DEBUG', 'SCRIPT', 'FUNCTION', 'PUBSUB', 'ACL',
])

/** The name a command goes by in rules and reports: with its subcommand where it is a container. */
export function nameOf(command: readonly string[]): string {
  const name = (command[0] ?? '').toUpperCase()
  if (!containers.has(name) || command.length < 2) return name
  return `${name} ${command[1]!.toUpperCase()}`
}
