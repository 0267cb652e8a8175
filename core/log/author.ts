// Who wrote an entry: the `#by …` line in force (frame.ts), read.

export type Author = {
  /** '' and 0 where nobody did (expiry, eviction) or the log doesn't say. */
  user: string
  client: number
  addr: string
  /** W3C traceparent of the writer, '' for none. */
  trace: string
}

const nobody: Author = { user: '', client: 0, addr: '', trace: '' }
let lastLine = ''
let lastAuthor = nobody

/** Reads a `#by …` line; that of the entry before as a rule, so it is remembered. */
export function authorOf(line: string): Author {
  if (line === '') return nobody
  if (line === lastLine) return lastAuthor
  lastAuthor = {
    user: decoded(field(line, 'user')), client: Number(field(line, 'client')) || 0, addr: field(line, 'addr'),
    trace: field(line, 'trace'),
  }
  lastLine = line
  return lastAuthor
}

function field(line: string, name: string): string {
  const from = line.indexOf(` ${name}=`)
  if (from < 0) return ''
  const value = from + name.length + 2
  const to = line.indexOf(' ', value)
  return to < 0 ? line.slice(value) : line.slice(value, to)
}

/** Names of users are escaped in the log; one that isn't is taken as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
