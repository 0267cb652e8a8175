// `millrace check` on directories of a real broker and a real redis-server, whole and damaged in each way.

import { appendFileSync, cpSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import { millrace, sharedDirectory } from './program.ts'
import type { Written } from './program.ts'

const written = sharedDirectory()

/** A copy of the directory to be damaged. */
function copied(t: { teardown(end: () => unknown): void }): Written {
  const dir = temporaryDirectory(t)
  cpSync(written.dir, dir, { recursive: true })
  const folder = path.join(dir, 'appendonlydir')
  return { ...written, dir, folder, segment: path.join(folder, 'appendonly.aof.1.incr.aof') }
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file)
  bytes[offset]! ^= 1
  writeFileSync(file, bytes)
}

/** Byte offsets of the frames' headers. */
function frames(file: string): number[] {
  const text = readFileSync(file, 'latin1')
  return [...text.matchAll(/^#frame /gm)].map((match) => match.index)
}

test('a whole directory: exit code 0, and what each file holds', async (t) => {
  const { code, lines, stderr } = await millrace('check', written.dir, '--json')
  t.is(code, 0, stderr)
  const segment = lines.find((line) => line['type'] === 'segment')!
  t.like(segment, { from: 1, frames: frames(written.segment).length, plain: false, bytes: readFileSync(written.segment).length })
  t.like(lines.at(-1), { type: 'summary', whole: true, findings: 0, position: segment['until'] })
  const text = await millrace('check', written.folder)
  t.is(text.code, 0)
  t.regex(text.stdout, /positions 1 to \d+, .*Z to .*Z\nwhole: /)
  const quiet = await millrace('check', '--quiet', written.segment)
  t.is(quiet.code, 0)
  t.is(quiet.stdout, '')
})

test('a torn tail names its offset and position; the part before it is whole', async (t) => {
  const { dir, segment } = copied(t)
  const last = frames(segment).at(-1)!
  truncateSync(segment, readFileSync(segment).length - 3)
  const { code, lines } = await millrace('check', dir, '--json')
  t.is(code, 1)
  const summary = lines.at(-1)!
  t.like(lines.find((line) => line['type'] === 'finding'), {
    kind: 'torn', file: segment, offset: last, position: (summary['position'] as number) + 1,
  })
  t.like(summary, { whole: false, findings: 1 })
})

test('a flipped bit in a body is damage; what is whole behind it is verified, and named', async (t) => {
  const { dir, segment } = copied(t)
  const offsets = frames(segment)
  const bytes = readFileSync(segment)
  flip(segment, bytes.indexOf(10, offsets[2]!) + 10)
  const { code, lines } = await millrace('check', dir, '--json')
  t.is(code, 1)
  const findings = lines.filter((line) => line['type'] === 'finding')
  t.is(findings.length, 1)
  t.like(findings[0], { kind: 'damage', offset: offsets[2], position: 3 })
  t.like(findings[0]!['resumes'], { offset: offsets[3], position: 4 })
  t.like(lines.find((line) => line['type'] === 'segment'), { frames: offsets.length - 1 })
  const text = await millrace('check', dir)
  t.regex(text.stdout, /byte \d+, position 3: damage: crc of the frame is wrong; whole frames go on at byte \d+ with position 4/)
  t.regex(text.stdout, /\nNOT whole: /)
})

test('a flipped bit in a header is damage, and so are two of them: each is a finding of its own', async (t) => {
  const { dir, segment } = copied(t)
  const offsets = frames(segment)
  flip(segment, offsets[1]! + 11)
  flip(segment, offsets[5]! + 11)
  const { code, lines } = await millrace('check', dir, '--json')
  t.is(code, 1)
  const findings = lines.filter((line) => line['type'] === 'finding')
  t.deepEqual(findings.map(({ kind, offset }) => [kind, offset]), [['damage', offsets[1]], ['damage', offsets[5]]])
})

test('a segment whose beginning is gone leaves a gap', async (t) => {
  const { dir, segment } = copied(t)
  const offsets = frames(segment)
  writeFileSync(segment, readFileSync(segment).subarray(offsets[4]))
  const { code, lines } = await millrace('check', dir, '--json')
  t.is(code, 1)
  t.like(lines.find((line) => line['type'] === 'finding'), { kind: 'gap', position: 1, offset: 0 })
})

test('a missing segment, a missing manifest, a manifest whose checksum is wrong', async (t) => {
  const gone = copied(t)
  rmSync(gone.segment)
  const missing = await millrace('check', gone.dir, '--json')
  t.is(missing.code, 1)
  t.like(missing.lines[0], { kind: 'missing', file: gone.segment })

  const bare = copied(t)
  const manifest = path.join(bare.folder, 'appendonly.aof.manifest')
  rmSync(manifest)
  const without = await millrace('check', bare.dir, '--json')
  t.is(without.code, 1)
  t.like(without.lines[0], { kind: 'missing', file: manifest })
  t.true(without.lines.some((line) => line['type'] === 'segment' && line['until'] !== 0))

  const edited = copied(t)
  const named = path.join(edited.folder, 'appendonly.aof.manifest')
  writeFileSync(named, readFileSync(named, 'latin1').replace('type i', 'type h'))
  const wrong = await millrace('check', edited.dir, '--json')
  t.is(wrong.code, 1)
  t.like(wrong.lines[0], { kind: 'damage', file: named })
})

test('superfluous files are told, and are findings only under --strict', async (t) => {
  const { dir, folder } = copied(t)
  for (const name of ['appendonly.aof.1.incr.aof.torn-77', 'temp-appendonly.aof.manifest', 'appendonly.aof.9.incr.aof']) {
    writeFileSync(path.join(folder, name), '')
  }
  const { code, lines } = await millrace('check', dir, '--json')
  t.is(code, 0)
  t.is(lines.filter((line) => line['kind'] === 'superfluous').length, 3)
  t.like(lines.at(-1), { whole: true, findings: 0, superfluous: 3 })
  t.is((await millrace('check', dir, '--strict')).code, 1)
})

test('what can not be read, or is no data at all, is exit code 2, and so is wrong usage', async (t) => {
  const dir = temporaryDirectory(t)
  for (const args of [['check', path.join(dir, 'none')], ['check', dir], ['check'], ['check', dir, '--bogus']]) {
    const { code, stderr } = await millrace(...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, /^millrace check: /)
  }
})

test('a directory can be checked while its broker writes', async (t) => {
  const server = await startMillrace(t)
  const client = await server.connect()
  const state = { writing: true }
  const value = 'x'.repeat(300_000)
  const writer = (async () => {
    for (let i = 0; state.writing; i++) await client.call('SET', `k${i % 20}`, value)
  })()
  for (let round = 0; round < 4; round++) {
    const { code, stdout, stderr } = await millrace('check', server.dir)
    t.is(code, 0, stdout + stderr)
  }
  state.writing = false
  await writer
  client.destroy()
})

test("redis-server's own files: whole, cut, and with bytes that are no commands", async (t) => {
  if (!requireRedis(t)) return
  const server = await startRedis(t)
  const client = await server.connect()
  for (let i = 0; i < 100; i++) await client.call('SET', `k${i}`, `v${i}`)
  await client.call('SAVE')
  client.destroy()
  await server.terminate()
  const whole = await millrace('check', server.dir, '--json')
  t.is(whole.code, 0, whole.stdout)
  const dump = path.join(server.dir, 'dump.rdb')
  t.deepEqual(whole.lines.filter((line) => line['type'] === 'checkpoint').length, 2)
  t.is((await millrace('check', dump)).code, 0)

  const folder = path.join(server.dir, 'appendonlydir')
  const aof = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof'))!)
  const bytes = readFileSync(aof)
  t.is((await millrace('check', aof)).code, 0)
  truncateSync(aof, bytes.length - 1)
  t.like((await millrace('check', server.dir, '--json')).lines.find((line) => line['type'] === 'finding'), { kind: 'torn' })
  writeFileSync(aof, bytes)
  appendFileSync(aof, 'nonsense')
  t.like((await millrace('check', aof, '--json')).lines[0], { kind: 'damage', offset: bytes.length })

  const rdb = readFileSync(dump)
  flip(dump, Math.floor(rdb.length / 2))
  const flipped = await millrace('check', server.dir, '--json')
  t.like(flipped.lines.find((line) => line['type'] === 'finding' && line['file'] === dump), { kind: 'damage' })
  writeFileSync(dump, rdb.subarray(0, rdb.length - 20))
  t.like((await millrace('check', dump, '--json')).lines[0], { kind: 'damage', file: dump })
  renameSync(dump, path.join(server.dir, 'other.rdb'))
})
