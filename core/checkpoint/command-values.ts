// Values as the commands that make them, as Redis's own rewrite writes them: in items of 64, deadlines last.

import { chunkOf } from '../arena/arena.ts'
import type { Engine } from '../engine.ts'
import { deadlineOf, exactDeadlineOf, formOf, keyOf, rootOf, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { CommandOutput } from './command-output.ts'
import { writeStreamCommands } from './command-stream.ts'

/** Writes the commands that make a key, its value and its deadline. */
export function writeKeyCommands(engine: Engine, entry: number, out: CommandOutput): void {
  const { arena } = engine
  const key = keyOf(arena, entry)
  switch (typeOf(arena, entry)) {
    case types.string: {
      const from = valueStart(arena, entry)
      out.begin('SET', key)
      out.word(arena.u8[chunkOf(entry)]!, from, from + rootOf(arena, entry))
      break
    }
    case types.list: {
      writeList(engine, entry, key, out)
      break
    }
    case types.set: {
      writeSet(engine, entry, key, out)
      break
    }
    case types.zset: {
      writeZset(engine, entry, key, out)
      break
    }
    case types.hash: {
      writeHash(engine, entry, key, out)
      break
    }
    case types.stream: writeStreamCommands(engine, rootOf(arena, entry), key, out)
  }
  out.end()
  if (deadlineOf(arena, entry) < 0) return
  out.begin('PEXPIREAT', key)
  out.text(String(exactDeadlineOf(arena, entry)))
  out.end()
}

function writeList(engine: Engine, entry: number, key: Buffer, out: CommandOutput): void {
  const { arena, list } = engine
  list.open(rootOf(arena, entry), formOf(arena, entry)).each((buf, from, to) => {
    out.item('RPUSH', key)
    out.word(buf, from, to)
  })
}

function writeSet(engine: Engine, entry: number, key: Buffer, out: CommandOutput): void {
  const { arena } = engine
  const set = engine.sets.one.open(rootOf(arena, entry), formOf(arena, entry))
  for (let more = set.first(); more; more = set.next()) {
    out.item('SADD', key)
    out.word(set.buf, set.from, set.to)
  }
}

function writeZset(engine: Engine, entry: number, key: Buffer, out: CommandOutput): void {
  const { arena } = engine
  const zset = engine.zset.open(rootOf(arena, entry), formOf(arena, entry))
  for (let more = zset.first(); more; more = zset.next()) {
    zset.read()
    out.item('ZADD', key)
    out.double(zset.score)
    out.word(zset.buf, zset.from, zset.to)
  }
}

/** Hidden fields, too: they are there until the log says that they went. */
function writeHash(engine: Engine, entry: number, key: Buffer, out: CommandOutput): void {
  const { arena } = engine
  const hash = engine.hash.open(rootOf(arena, entry), formOf(arena, entry), -1)
  hash.each((field, from, to, value, start, end) => {
    out.item('HSET', key)
    out.word(field, from, to)
    out.word(value, start, end)
  }, true)
  out.end()
  if (hash.earliest() < 0) return
  hash.each((field, from, to, _value, _start, _end, ms) => {
    if (ms < 0) return
    out.begin('HPEXPIREAT', key)
    out.text(String(ms))
    out.text('FIELDS')
    out.text('1')
    out.word(field, from, to)
    out.end()
  }, true)
}
