// The manifest of a Redis 7 multi-part AOF: which files make up the log, in order.
// Grammar (https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/): a line a file,
//
//   file <name> seq <number> type <b|i|h>
//
// b: the base (an RDB or AOF), i: incremental, h: history that a rewrite left to be deleted. `#` begins a comment.
// One flipped bit makes an `i` an `h`, and a segment's data would silently be gone: ours end with a comment,
//
//   #crc=<crc32 of all lines before, 8 hex>
//
// which Redis skips, and drops when it rewrites the file (tried with 7.0.15).

import path from 'node:path'
import { crc32 } from 'node:zlib'
import { readFile, replaceFile } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'

export type ManifestFile = { name: string; seq: number; type: 'b' | 'i' | 'h' }

export type Manifest = { files: ManifestFile[] }

/** Where a log lives and what its files are called: `dir`/`appenddirname`, `appendfilename`. */
export type LogPlace = { folder: string; baseName: string }

export function manifestPath(place: LogPlace): string {
  return path.join(place.folder, `${place.baseName}.manifest`)
}

export function segmentName(place: LogPlace, seq: number): string {
  return `${place.baseName}.${seq}.incr.aof`
}

/** The manifest on disk, or undefined when there is none. Throws LOG_MANIFEST with the line that can't be read. */
export function readManifest(disk: Disk, place: LogPlace): Manifest | undefined {
  const file = manifestPath(place)
  if (disk.size(file) < 0) return undefined
  return parseManifest(readFile(disk, file).toString('latin1'), file)
}

export function writeManifest(disk: Disk, place: LogPlace, manifest: Manifest): void {
  replaceFile(disk, manifestPath(place), Buffer.from(renderManifest(manifest), 'latin1'))
}

export function renderManifest(manifest: Manifest): string {
  const lines = manifest.files.map((f) => `file ${quoted(f.name)} seq ${f.seq} type ${f.type}\n`).join('')
  return `${lines}${crcLine(lines)}\n`
}

/** `lines`: one byte a character. */
function crcLine(lines: string): string {
  return `#crc=${crc32(Buffer.from(lines, 'latin1')).toString(16).padStart(8, '0')}`
}

export function parseManifest(text: string, file: string): Manifest {
  const files: ManifestFile[] = []
  const lines = text.split('\n')
  let offset = 0
  lines.forEach((line, index) => {
    const before = text.slice(0, offset)
    offset += line.length + 1
    if (line.startsWith('#crc=') && line !== crcLine(before)) {
      const where = `${file}: the checksum in line ${index + 1}`
      throw new MillraceError('LOG_MANIFEST', `${where} is not that of the lines before (remove it after an edit)`)
    }
    if (line.trim() === '' || line.startsWith('#')) return
    const match = /^file (?:"((?:[^"\\]|\\.)*)"|(\S+)) seq (\d+) type ([bih])\s*$/.exec(line)
    if (match === null || /[/\\]/.test(unquoted(match[1]) ?? match[2] ?? '/')) {
      throw new MillraceError('LOG_MANIFEST', `${file}: line ${index + 1} is no manifest line: ${line.slice(0, 80)}`)
    }
    files.push({ name: unquoted(match[1]) ?? match[2]!, seq: Number(match[3]), type: match[4] as 'b' | 'i' | 'h' })
  })
  const bases = files.filter((f) => f.type === 'b')
  if (bases.length > 1) throw new MillraceError('LOG_MANIFEST', `${file}: more than one base file`)
  const seqs = files.filter((f) => f.type === 'i').map((f) => f.seq)
  if (seqs.some((seq, i) => i > 0 && seq <= seqs[i - 1]!)) {
    throw new MillraceError('LOG_MANIFEST', `${file}: incremental files are not in the order of their numbers`)
  }
  return { files }
}

function quoted(name: string): string {
  if (!/[\s"'\\\u0080-\u00ff]/.test(name)) return name
  const escaped = name.replaceAll(/["\\]/g, (c) => `\\${c}`)
  return `"${escaped}"`
}

function unquoted(name: string | undefined): string | undefined {
  return name?.replaceAll(/\\(.)/g, '$1')
}
