// Turns reply bytes into a small tree and into readable text. Text is kept as latin1 strings, one
// character per byte, so that no reply is changed by looking at it.

/** One RESP value: `type` is its first byte; a null bulk or null array has the value null. */
export type RespValue = { type: string, value: string | RespValue[] | null }

const aggregates = new Set(['*', '%', '~', '>', '|'])
const lengthPrefixed = new Set(['$', '=', '!'])

/** Decodes one whole reply. Throws when the bytes aren't exactly one reply. */
export function decode(reply: Buffer): RespValue {
  const [value, end] = decodeAt(reply, 0)
  if (end !== reply.length) throw new Error(`${reply.length - end} bytes left after the reply`)
  return value
}

function decodeAt(bytes: Buffer, at: number): [RespValue, number] {
  const type = String.fromCharCode(bytes[at] ?? 0)
  const lineEnd = bytes.indexOf('\r\n', at, 'latin1')
  if (lineEnd === -1) throw new Error('the reply has no line end')
  const line = bytes.toString('latin1', at + 1, lineEnd)
  const body = lineEnd + 2

  if (lengthPrefixed.has(type)) {
    const length = Number(line)
    if (length === -1) return [{ type, value: null }, body]
    return [{ type, value: bytes.toString('latin1', body, body + length) }, body + length + 2]
  }
  if (!aggregates.has(type)) return [{ type, value: line }, body]

  const count = Number(line) * (type === '%' || type === '|' ? 2 : 1)
  if (count < 0) return [{ type, value: null }, body]
  const items: RespValue[] = []
  let next = body
  for (let i = 0; i < count; i++) {
    const [item, end] = decodeAt(bytes, next)
    items.push(item)
    next = end
  }
  return [{ type, value: items }, next]
}

/** Shows a reply on one line, much as redis-cli would, with the type byte before each value. */
export function show(value: RespValue): string {
  if (value.value === null) return `${value.type}nil`
  if (typeof value.value === 'string') {
    const quoted = lengthPrefixed.has(value.type) ? quote(value.value) : value.value
    return value.type + quoted
  }
  return `${value.type}[${value.value.map(show).join(', ')}]`
}

/** Quotes a binary string so that it can be pasted into redis-cli; plain words stay plain. */
export function quoteWord(text: string): string {
  return /^[\w.:<>()*+$~=-]+$/.test(text) ? text : quote(text)
}

function quote(text: string): string {
  const escaped = text.replaceAll(/[^ -~]|["\\]/g, (c) => {
    if (c === '"' || c === '\\') return `\\${c}`
    if (c === '\r') return '\\r'
    if (c === '\n') return '\\n'
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${escaped}"`
}
