// A moment of the log. The public id of the entry at position n is `<ms>-<n>`, ms the time of its frame: ids never go
// back, and compare as those of streams do, first by time.

/** A position, a time (unix ms), or both: an id. */
export type Moment = { position: number } | { ms: number } | { ms: number; position: number }

export function idText(ms: number, position: number): string {
  return `${ms}-${position}`
}

/** The position that the moment names; undefined for a time alone. */
export function positionOf(moment: Moment | undefined): number | undefined {
  return moment !== undefined && 'position' in moment ? moment.position : undefined
}

/** True when the entry at `position`, of time `ms`, comes after the moment. */
export function isBehind(moment: Moment, position: number, ms: number): boolean {
  if (!('ms' in moment)) return position > moment.position
  if (ms !== moment.ms) return ms > moment.ms
  return 'position' in moment && position > moment.position
}

/** True when the entry comes before the moment, which begins with the first of its time's entries. */
export function isBefore(moment: Moment, position: number, ms: number): boolean {
  if (!('ms' in moment)) return position < moment.position
  if (ms !== moment.ms) return ms < moment.ms
  return 'position' in moment && position < moment.position
}

/**
 * `<ms>-<n>` (0-<n> where the log has no times: what Redis wrote), or a date and time in ISO 8601 (UTC unless it says
 * otherwise); undefined for anything else.
 */
export function parseMoment(text: string): Moment | undefined {
  const id = /^(\d{1,15})-(\d{1,15})$/.exec(text)
  if (id !== null) {
    const position = Number(id[2])
    return Number(id[1]) === 0 ? { position } : { ms: Number(id[1]), position }
  }
  const date = /^\d{4}-\d\d-\d\d(?:(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (date === null) return undefined
  const ms = Date.parse(date[1] !== undefined && date[2] === undefined ? `${text}Z` : text)
  return Number.isNaN(ms) ? undefined : { ms }
}
