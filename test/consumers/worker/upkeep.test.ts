// A worker that stood still while its leases ran out renews them before it looks for what others left.
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Group } from '../../../consumers/worker/group.ts'
import { Upkeep } from '../../../consumers/worker/upkeep.ts'
import { until } from '../../until.ts'

test('nothing is reclaimed while a renewal is under way', async (t) => {
  const calls: string[] = []
  let renewal = Promise.withResolvers<string[]>()
  const group = {
    renew: () => {
      calls.push('renew')
      renewal = Promise.withResolvers()
      return renewal.promise
    },
    reclaim: () => {
      calls.push('reclaim')
      return Promise.resolve({ cursor: '0-0', deliveries: [] })
    },
    due: () => Promise.resolve({ waitMs: -1, deliveries: [] }),
    sweep: () => Promise.resolve(),
  } as unknown as Group
  const refused: unknown[] = []
  const upkeep = new Upkeep(group, 30, {
    room: () => 1, heldIds: () => ['1-1'], lost: () => {}, accept: () => Promise.resolve(), ticked: () => {},
    refused: (error) => void refused.push(error),
  })
  upkeep.start()
  t.teardown(() => upkeep.stop())
  for (let round = 0; round < 3; round++) {
    await until('a renewal is under way', () => calls.includes('renew'))
    const before = calls.length
    await sleep(60)
    t.deepEqual(calls.slice(before), [])
    renewal.resolve([])
    await until('what others left is looked for', () => calls.includes('reclaim'))
    calls.length = 0
  }
  t.deepEqual(refused, [])
})
