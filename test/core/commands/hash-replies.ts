// Reads the replies of the hash commands.

/** The bulk strings (null: nil) and integers of a flat array reply. */
export function items(reply: string): (string | null)[] {
  const found: (string | null)[] = []
  for (let at = reply.indexOf('\r\n') + 2; at < reply.length;) {
    const line = reply.indexOf('\r\n', at)
    const head = reply.slice(at + 1, line)
    if (reply[at] === ':' || head === '-1') {
      found.push(reply[at] === ':' ? head : null)
      at = line + 2
      continue
    }
    const size = Number(head)
    found.push(reply.slice(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  return found
}

/** As `items`, of a reply that has no nils. */
export function texts(reply: string): string[] {
  return items(reply).map(String)
}

export function pairs(reply: string): [string, string][] {
  const flat = texts(reply)
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[i * 2]!, flat[i * 2 + 1]!])
}

/** The items of HSCAN's second part. */
export function scanned(reply: string): string[] {
  return texts(reply.slice(reply.indexOf('*', 1)))
}
