// Names of channels and keys as subjects of NATS, and back. No byte of a name can end a subject, split it, or act as a
// wildcard: the client library would send a blank or a line end in a subject as it is.
//
//   name       any bytes; `.` separates its tokens
//   subject    its tokens, with these bytes of the name as %XX: control characters, blank, `*`, `>`, `%`, DEL, in names
//              that aren't UTF-8 all from 0x80 on, and the first byte of a name that begins with `$` or `_INBOX`
//   an empty token is a lone %
//
// So `orders.eu:1` stays what it is, and `a b..c` is `a%20b.%.c`. A subject that somebody else made without these rules
// stands for itself: `%` with anything but two digits behind it is a plain character.

import { isUtf8 } from 'node:buffer'
import { subjectBytesMax } from './limits.ts'

// oxlint-disable-next-line no-control-regex -- they are what must not get into a subject
const unsafe = /[\0- *>%\x7f]/g
// oxlint-disable-next-line no-control-regex
const unsafeBytes = /[\0- *>%\x7f-\xff]/g
/** Subjects that NATS itself uses. */
const reserved = /^(?:\$|_INBOX(?:\.|$))/

/** The subject of a name. */
export function toSubject(name: Uint8Array): string {
  const bytes = Buffer.from(name.buffer, name.byteOffset, name.length)
  const utf8 = isUtf8(bytes)
  const text = utf8 ? bytes.toString('utf8') : bytes.toString('latin1')
  const escaped = text.replaceAll(utf8 ? unsafe : unsafeBytes, escapeOf)
  const subject = /^$|^\.|\.\.|\.$/.test(escaped) ? escaped.split('.').map((token) => token || '%').join('.') : escaped
  return reserved.test(subject) ? escapeOf(subject[0]!) + subject.slice(1) : subject
}

/** The name that a subject stands for: `fromSubject(toSubject(name))` is `name`. */
export function fromSubject(subject: string): Buffer {
  if (!subject.includes('%')) return Buffer.from(subject)
  return percentDecoded(subject.split('.').map((token) => (token === '%' ? '' : token)).join('.'))
}

/** True when the subject can be used: it isn't too long for a line of the protocol. */
export function subjectFits(subject: string): boolean {
  return Buffer.byteLength(subject) <= subjectBytesMax
}

/** True when the text, an operator's, is a subject: tokens without blanks or line ends; `wild` allows wildcards. */
export function isSubject(text: string, wild: boolean): boolean {
  if (!subjectFits(text)) return false
  const tokens = text.split('.')
  return tokens.every((token, i) => {
    if (wild && (token === '*' || (token === '>' && i === tokens.length - 1))) return true
    // oxlint-disable-next-line no-control-regex
    return token !== '' && !/[\0- *>\x7f]/.test(token)
  })
}

/** `%XX` of the one byte that a character stands for. */
export function escapeOf(c: string): string {
  return `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** The bytes of a text in which `%XX` are bytes and all else is UTF-8. */
export function percentDecoded(text: string): Buffer {
  const parts = text.split(/%([0-9A-Fa-f]{2})/)
  return Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 === 1 ? 'hex' : 'utf8')))
}

/**
 * The narrowest filter of subjects that has all names which a glob pattern (Redis's) can match: what stands before the
 * pattern's first special character, by whole tokens, and `>` for the rest.
 */
export function filterOfGlob(pattern: Uint8Array): string {
  const bytes = Buffer.from(pattern)
  const special = bytes.findIndex((c) => c === 42 || c === 63 || c === 91 || c === 92)
  if (special === -1) return toSubject(bytes)
  const dot = bytes.subarray(0, special).lastIndexOf(46)
  // Whether the name is UTF-8, and so how it is written, may depend on what follows the literal part.
  const literal = dot === -1 ? Buffer.alloc(0) : bytes.subarray(0, dot)
  return literal.length === 0 || literal.some((c) => c >= 0x80) ? '>' : `${toSubject(literal)}.>`
}
