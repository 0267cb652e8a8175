// The parameters with several words, or with a syntax of their own.

import { parseMemory } from './value.ts'
import { Refused, words } from './row.ts'

/** Make a checkpoint after `seconds` when at least `changes` keys changed. */
export type SaveRule = { seconds: number, changes: number }

const saveDefault: readonly SaveRule[] = [
  { seconds: 3600, changes: 1 }, { seconds: 300, changes: 100 }, { seconds: 60, changes: 10_000 },
]

const save = words('save', saveDefault, {
  parse: (list) => {
    const sent = list.length === 1 && list[0] === '' ? [] : list
    if (sent.length % 2 !== 0) throw new Refused('Invalid save parameters')
    const rules: SaveRule[] = []
    for (let i = 0; i < sent.length; i += 2) {
      const [seconds, changes] = [count(sent[i]!), count(sent[i + 1]!)]
      if (seconds === undefined || changes === undefined || seconds < 1) throw new Refused('Invalid save parameters')
      rules.push({ seconds, changes })
    }
    return rules
  },
  accumulate: (before, line) => (line.length === 0 ? [] : [...before, ...line]),
  format: (rules) => rules.map((rule) => `${rule.seconds} ${rule.changes}`).join(' '),
  lines: (rules) => (rules.length === 0 ? ['""'] : rules.map((rule) => `${rule.seconds} ${rule.changes}`)),
})

/** Beyond `hard` bytes of waiting output, or `soft` bytes for `softSeconds`, a client is dropped; 0: no bound. */
export type OutputLimit = { hard: number, soft: number, softSeconds: number }
export type OutputLimits = { normal: OutputLimit, slave: OutputLimit, pubsub: OutputLimit }

const outputDefault: OutputLimits = {
  normal: { hard: 0, soft: 0, softSeconds: 0 },
  slave: { hard: 256 << 20, soft: 64 << 20, softSeconds: 60 },
  pubsub: { hard: 32 << 20, soft: 8 << 20, softSeconds: 60 },
}

const outputLimits = words('client-output-buffer-limit', outputDefault, {
  parse: (list, current) => {
    if (list.length === 0 || list.length % 4 !== 0) {
      throw new Refused('Wrong number of arguments in buffer limit configuration.')
    }
    const limits = { ...current }
    for (let i = 0; i < list.length; i += 4) {
      const name = list[i]!.toLowerCase() === 'replica' ? 'slave' : list[i]!.toLowerCase()
      if (name !== 'normal' && name !== 'slave' && name !== 'pubsub') {
        throw new Refused('Invalid client class specified in buffer limit configuration.')
      }
      const [hard, soft, softSeconds] = [parseMemory(list[i + 1]!), parseMemory(list[i + 2]!), count(list[i + 3]!)]
      if (hard === undefined || soft === undefined || softSeconds === undefined) {
        throw new Refused('Error in hard, soft or soft_seconds setting in buffer limit configuration.')
      }
      limits[name] = { hard, soft, softSeconds }
    }
    return limits
  },
  accumulate: (_, line) => line,
  format: (limits) => outputLines(limits).join(' '),
  lines: (limits) => outputLines(limits).map((line) => line.replace('slave', 'replica')),
})

function outputLines(limits: OutputLimits): string[] {
  return (['normal', 'slave', 'pubsub'] as const).map((name) => {
    const limit = limits[name]
    return `${name} ${limit.hard} ${limit.soft} ${limit.softSeconds}`
  })
}

const bindDefault: readonly string[] = ['*', '-::*']

/** Addresses to listen on; a leading `-` means that it may be missing on this machine, `*` stands for all. */
const bind = words('bind', bindDefault, {
  parse: (list) => {
    if (list.length > 16) throw new Refused('Too many bind addresses specified.')
    return list
  },
  format: (list) => list.join(' '),
})

const eventClasses: readonly (readonly [string, string])[] = [
  ['A', 'g$lshzxetd'], ['g', 'g'], ['$', '$'], ['l', 'l'], ['s', 's'], ['h', 'h'], ['z', 'z'], ['x', 'x'], ['e', 'e'],
  ['K', 'K'], ['E', 'E'], ['t', 't'], ['m', 'm'], ['d', 'd'], ['n', 'n'],
]

/** The classes of keyspace notifications; kept in the order in which Redis prints them, A spelled out. */
const events = words('notify-keyspace-events', '', {
  parse: (list) => {
    const sent = list.join(' ')
    const classes = new Set<string>()
    for (const letter of sent) {
      const meaning = eventClasses.find(([name]) => name === letter)
      if (meaning === undefined) {
        throw new Refused(`Invalid event class character. Use 'Ag$lshzxeKEtmdn'.`)
      }
      for (const c of meaning[1]) classes.add(c)
    }
    return [...'g$lshzxetdKEmn'].filter((c) => classes.has(c)).join('')
  },
  format: (classes) => classes.replace('g$lshzxetd', 'A'),
  lines: (classes) => [`"${classes.replace('g$lshzxetd', 'A')}"`],
})

const percentilesDefault: readonly number[] = [50, 99, 99.9]

const percentiles = words('latency-tracking-info-percentiles', percentilesDefault, {
  parse: (list) => list.filter((word) => word !== '').map((word) => {
    const value = /^[0-9]+(?:\.[0-9]+)?$/.test(word) ? Number(word) : NaN
    if (Number.isNaN(value)) throw new Refused('Invalid latency-tracking-info-percentiles parameters')
    if (value > 100) {
      throw new Refused('latency-tracking-info-percentiles parameters should sit between [0.0,100.0]')
    }
    return value
  }),
  format: (list) => list.join(' '),
  lines: (list) => [list.length === 0 ? '""' : list.join(' ')],
})

const scoresDefault: readonly number[] = [0, 200, 800]

const oomScores = words('oom-score-adj-values', scoresDefault, {
  inert: true,
  parse: (list) => {
    if (list.length !== 3) throw new Refused('wrong number of arguments')
    return list.map((word) => {
      const value = /^-?[0-9]+$/.test(word) ? Number(word) : NaN
      if (!(value >= -2000 && value <= 2000)) {
        throw new Refused('Invalid oom-score-adj-values, elements must be between -2000 and 2000.')
      }
      return value
    })
  },
  format: (list) => list.join(' '),
})

const replicaOf = words('replicaof', '', {
  alias: 'slaveof',
  immutable: true,
  parse: (list) => {
    if (list.length !== 2) throw new Refused('wrong number of arguments')
    if (list[0]!.toLowerCase() === 'no' && list[1]!.toLowerCase() === 'one') return ''
    const port = count(list[1]!)
    if (port === undefined || port > 65535) throw new Refused('Invalid master port')
    return `${list[0]} ${port}`
  },
  format: (text) => text,
})

function count(word: string): number | undefined {
  return /^[0-9]{1,15}$/.test(word) ? Number(word) : undefined
}

export const wordRows = [save, outputLimits, bind, events, percentiles, oomScores, replicaOf] as const
