// When a schedule runs next: the five fields of cron, `@daily` and its like, `@every 1h30m`.
//
//   minute 0–59 │ hour 0–23 │ day of the month 1–31 │ month 1–12 or jan–dec │ day of the week 0–7 or sun–sat
//
// A field is `*`, a number, a range `a-b`, either with `/step`, or several of them with commas. Where both days are
// restricted, either will do, as in cron. Times are those of a time zone, UTC unless said otherwise: a time that its
// clock leaves out comes as much later, an hour that it repeats counts once.

const minuteMs = 60_000
const dayMs = 86_400_000
/** Leap days on one day of the week come again within 40 years. */
const daysAheadMax = 366 * 41
const names = {
  month: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  weekday: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
} as const
const aliases: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
}
const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: minuteMs, h: 60 * minuteMs, d: dayMs }
const everyMsMin = 100

export type Schedule = {
  /** The first run after `afterMs`; `lastMs`: when it was to run last. Unix ms. */
  next(afterMs: number, lastMs: number): number
}

/** Throws an Error that says what is wrong. */
export function parseSchedule(text: string, zone: string): Schedule {
  const words = text.trim().toLowerCase().split(/\s+/)
  if (words[0] === '@every' && words.length === 2) return every(words[1]!)
  const fields = (words.length === 1 ? aliases[words[0]!] ?? '' : words.join(' ')).split(' ')
  if (fields.length !== 5) throw new Error('a schedule has five fields, or is @hourly, @daily, … or @every <time>')
  const minutes = parseField(fields[0]!, 0, 59)
  const hours = parseField(fields[1]!, 0, 23)
  const days = parseField(fields[2]!, 1, 31)
  const months = parseField(fields[3]!, 1, 12, names.month, 1)
  const weekdays = parseField(fields[4]!, 0, 7, names.weekday, 0)
  if (weekdays.has(7)) weekdays.add(0)
  const clock = zoneClock(zone)
  const either = !fields[2]!.startsWith('*') && !fields[4]!.startsWith('*')
  const fits = (date: Date): boolean => {
    if (!months.has(date.getUTCMonth() + 1)) return false
    const day = days.has(date.getUTCDate())
    const weekday = weekdays.has(date.getUTCDay())
    return either ? day || weekday : day && weekday
  }
  const times = [...hours].toSorted((a, b) => a - b)
    .flatMap((hour) => [...minutes].toSorted((a, b) => a - b).map((minute) => (hour * 60 + minute) * minuteMs))
  const schedule: Schedule = {
    next(afterMs) {
      const local = afterMs + clock.offsetMs(afterMs)
      let midnight = Math.floor(local / dayMs) * dayMs
      for (let left = daysAheadMax; left > 0; left--, midnight += dayMs) {
        if (!fits(new Date(midnight))) continue
        for (const time of times) {
          if (midnight + time <= local) continue
          const ms = clock.toUtc(midnight + time)
          if (ms > afterMs) return ms
        }
      }
      return Infinity
    },
  }
  if (schedule.next(0, 0) === Infinity) throw new Error('a schedule that never comes')
  return schedule
}

function every(text: string): Schedule {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) throw new Error('@every takes times as 90s, 1h30m or 500ms')
  let periodMs = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) periodMs += Number(count) * units[unit!]!
  if (!(periodMs >= everyMsMin && periodMs <= 366 * dayMs)) throw new Error('@every takes from 100 ms up to a year')
  return { next: (afterMs, lastMs) => lastMs + Math.max(1, Math.ceil((afterMs + 1 - lastMs) / periodMs)) * periodMs }
}

function parseField(text: string, least: number, most: number, words: readonly string[] = [], first = 0): Set<number> {
  const values = new Set<number>()
  const number = (word: string): number => {
    const named = words.indexOf(word)
    const value = named !== -1 ? named + first : /^\d{1,2}$/.test(word) ? Number(word) : NaN
    if (!(value >= least && value <= most)) throw new Error(`'${word}' is not from ${least} to ${most}`)
    return value
  }
  for (const part of text.split(',')) {
    const [range = '', step, more] = part.split('/')
    const by = step === undefined ? 1 : Number(step)
    const isStep = more === undefined && Number.isInteger(by) && by >= 1 && by <= most
    if (!isStep) throw new Error(`'${part}' has no step`)
    const [from = '', to, rest] = range.split('-')
    if (rest !== undefined) throw new Error(`'${part}' is no range`)
    const low = range === '*' ? least : number(from)
    const high = range === '*' ? most : to !== undefined ? number(to) : step === undefined ? low : most
    if (low > high) throw new Error(`'${part}' ends before it begins`)
    for (let value = low; value <= high; value += by) values.add(value)
  }
  return values
}

type ZoneClock = { offsetMs: (utcMs: number) => number, toUtc: (localMs: number) => number }

/** A zone's clock: what it shows is counted as if it were UTC. Throws where there is no such zone. */
function zoneClock(zone: string): ZoneClock {
  if (zone === 'UTC') return { offsetMs: () => 0, toUtc: (localMs) => localMs }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
      minute: 'numeric', second: 'numeric',
    })
  } catch {
    throw new Error(`there is no time zone ${zone}`)
  }
  const offsetMs = (utcMs: number): number => {
    const parts = Object.fromEntries(format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]))
    const { year, month, day, hour, minute, second } = parts as Record<string, number>
    return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - Math.floor(utcMs / 1000) * 1000
  }
  const toUtc = (localMs: number): number => {
    // Of the offsets before and after, the one that fits; the earlier one where the clock leaves the time out.
    const before = offsetMs(localMs - dayMs)
    const early = localMs - before
    if (offsetMs(early) === before) return early
    const late = localMs - offsetMs(localMs + dayMs)
    return late + offsetMs(late) === localMs ? late : early
  }
  return { offsetMs, toUtc }
}
