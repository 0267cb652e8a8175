// What reads and scripts hand out: entries that are pending for this consumer.

/** Strings, or bytes when the codec is binary. */
export type Text = string | Buffer

export type Delivery = {
  id: string
  fields: Text[]
  /** How often the group has handed it out, this time included. */
  deliveries: number
  /** It was read, and never waited for its key. */
  isNew: boolean
}

type Entries = readonly (readonly [Text, Text[] | null])[]

/** Deliveries of a reply to XREADGROUP of one stream; entries that were deleted meanwhile are left out. */
export function readDeliveries(reply: unknown): Delivery[] {
  if (reply === null) return []
  const [, entries] = (reply as [Text, Entries][])[0]!
  const deliveries: Delivery[] = []
  for (const [id, fields] of entries) {
    if (fields !== null) deliveries.push({ id: String(id), fields, deliveries: 1, isNew: true })
  }
  return deliveries
}

/** Deliveries as our scripts answer them. */
export function scriptDeliveries(reply: unknown): Delivery[] {
  const rows = reply as readonly (readonly [Text, Text[], number])[]
  return rows.map(([id, fields, deliveries]) => (
    { id: String(id), fields, deliveries: Number(deliveries), isNew: false }
  ))
}
