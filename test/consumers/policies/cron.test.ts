// Schedules: the next run against a walk over all minutes, and the clocks of time zones.
import fc from 'fast-check'
import test from 'ava'
import { parseSchedule } from '../../../consumers/policies/cron.ts'

const utc = (text: string): number => Date.parse(`${text}Z`)
const next = (when: string, after: string, zone = 'UTC'): string =>
  new Date(parseSchedule(when, zone).next(utc(after), utc(after))).toISOString().slice(0, 16)

/** Values of a field by trying each: `*`, `a`, `a-b`, with steps, in lists. */
function fits(field: string, value: number, least: number): boolean {
  return field.split(',').some((part) => {
    const [range, step = '1'] = part.split('/')
    const [low, high] = range === '*' ? [least, 99] : range!.split('-').map(Number)
    const top = high ?? (part.includes('/') ? 99 : low!)
    return value >= low! && value <= top && (value - low!) % Number(step) === 0
  })
}

const field = (least: number, most: number): fc.Arbitrary<string> => fc.oneof(
  { weight: 3, arbitrary: fc.constant('*') },
  fc.integer({ min: least, max: most }).map(String),
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }), fc.integer({ min: 1, max: 5 }))
    .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}${step === 1 ? '' : `/${step}`}`),
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })).map(([a, b]) => `${a},${b}`),
  fc.integer({ min: 2, max: 6 }).map((step) => `*/${step}`),
)

test('the next run is the first minute that fits', (t) => {
  const start = utc('2023-12-30T22:13:30')
  fc.assert(fc.property(
    field(0, 59), field(0, 23), field(1, 28), fc.constantFrom('*', '1', '1-2', '12', '*/2'), field(0, 6), fc.nat(100_000),
    (minute, hour, day, month, weekday, offsetMinutes) => {
      const after = start + offsetMinutes * 60_000
      const found = parseSchedule([minute, hour, day, month, weekday].join(' '), 'UTC').next(after, after)
      const either = !day.startsWith('*') && !weekday.startsWith('*')
      for (let ms = Math.floor(after / 60_000) * 60_000 + 60_000; ms < after + 20 * 86_400_000; ms += 60_000) {
        const date = new Date(ms)
        const byDay = fits(day, date.getUTCDate(), 1)
        const byWeekday = fits(weekday, date.getUTCDay(), 0)
        if (!fits(minute, date.getUTCMinutes(), 0) || !fits(hour, date.getUTCHours(), 0)) continue
        if (!fits(month, date.getUTCMonth() + 1, 1) || !(either ? byDay || byWeekday : byDay && byWeekday)) continue
        return found === ms
      }
      return found >= after + 20 * 86_400_000
    },
  ), { numRuns: 150 })
  t.pass()
})

test('names, sevens, aliases, leap days, and @every', (t) => {
  t.is(next('0 9 * jan,Jun mon-fri', '2024-01-05T09:00:00'), '2024-01-08T09:00')
  t.is(next('30 8 * * 7', '2024-01-01T00:00:00'), '2024-01-07T08:30')
  t.is(next('0 0 29 2 *', '2024-03-01T00:00:00'), '2028-02-29T00:00')
  t.is(next('@weekly', '2024-01-01T00:00:00'), '2024-01-07T00:00')
  t.is(next('@yearly', '2024-01-01T00:00:00'), '2025-01-01T00:00')
  t.is(next('@every 1h30m', '2024-01-01T00:00:00'), '2024-01-01T01:30')
  // It keeps its phase over what was missed.
  const hourly = parseSchedule('@every 1h', 'UTC')
  t.is(hourly.next(utc('2024-01-01T05:20:00'), utc('2024-01-01T01:00:00')), utc('2024-01-01T06:00:00'))
  t.is(hourly.next(utc('2024-01-01T06:00:00'), utc('2024-01-01T06:00:00')), utc('2024-01-01T07:00:00'))
})

test('time zones: what the clock leaves out comes as much later, what it repeats counts once', (t) => {
  const zone = 'Europe/Berlin'
  t.is(next('30 2 * * *', '2024-01-10T12:00:00', zone), '2024-01-11T01:30')
  t.is(next('30 2 * * *', '2024-03-30T12:00:00', zone), '2024-03-31T01:30')
  t.is(next('30 2 * * *', '2024-03-31T01:30:00', zone), '2024-04-01T00:30')
  t.is(next('30 2 * * *', '2024-10-26T12:00:00', zone), '2024-10-27T00:30')
  t.is(next('30 2 * * *', '2024-10-27T00:30:00', zone), '2024-10-28T01:30')
  t.is(next('0 12 * * *', '2024-07-01T00:00:00', 'America/New_York'), '2024-07-01T16:00')
  t.is(next('0 0 * * *', '2024-07-01T00:00:00', 'Asia/Kolkata'), '2024-07-01T18:30')
})

test('what is no schedule is refused with its reason', (t) => {
  const refusals: [string, string, RegExp][] = [
    ['* * * *', 'UTC', /five fields/], ['', 'UTC', /five fields/], ['@often', 'UTC', /five fields/],
    ['60 * * * *', 'UTC', /'60' is not from 0 to 59/], ['* * 0 * *', 'UTC', /'0' is not from 1 to 31/],
    ['* * * foo *', 'UTC', /'foo' is not from/], ['5-1 * * * *', 'UTC', /ends before it begins/],
    ['*/0 * * * *', 'UTC', /has no step/], ['1/2/3 * * * *', 'UTC', /has no step/], ['1-2-3 * * * *', 'UTC', /is no range/],
    ['0 0 31 2 *', 'UTC', /never comes/], ['* * * * *', 'Mars/Olympus', /no time zone/],
    ['@every 10', 'UTC', /@every takes times/], ['@every 99ms', 'UTC', /from 100 ms/], ['@every 400d', 'UTC', /up to a year/],
  ]
  for (const [when, zone, reason] of refusals) t.throws(() => parseSchedule(when, zone), { message: reason }, when)
})
